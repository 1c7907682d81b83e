// published_creative: the creative model that operators rolled out, as this server goes on teaching it.
//
// 1. It starts from the file's weights; what outcomes teach it after that is kept in the file `learned`, so that a restart goes
//    on and does not begin at the file again.
// 2. What was kept belongs to one model, named by its id: another model starts from its own file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "agents/creative/creative_tracker.h"
#include "agents/creative/response_model.h"
#include "base/result.h"
#include "domain/catalogue.h"
#include "serving/model_shelf.h"

namespace bandstand::serving {

/// Control thread.
class PublishedCreative {
 public:
  /// Versions of this life's boards are above this one.
  void start_at(std::uint32_t version) { version_ = version; }
  /// What encode() gave in the life before, for the first model that answers.
  void keep_for_first(std::string bytes) { kept_ = std::move(bytes); }

  /// What became of the tracker.
  enum class Adopted : std::uint8_t {
    unchanged,  ///< the same model as before
    none,       ///< no model answers any more
    from_file,
    from_kept,
  };
  /// `model`, published as `id`, answers from now on. `kept` fails with `corrupt` if what was kept for it is damaged: it starts
  /// from its file then.
  struct Change {
    Adopted adopted = Adopted::unchanged;
    base::Result<std::monostate> kept;  ///< what was kept for it could be read, or there was nothing
  };
  Change adopt(const ServedModel& model, std::string_view id, domain::CatalogueSnapshot catalogue);

  /// nullptr while no model answers.
  [[nodiscard]] agents::creative::CreativeTracker* tracker() { return tracker_.get(); }
  /// The tracker's next model, and laid out for the catalogue of `like`.
  agents::creative::ResponseBoardPtr publish(const agents::creative::ResponseBoard& like);
  /// As of the last publish(); nullptr while no model answers.
  [[nodiscard]] const agents::creative::ResponseBoardPtr& board() const { return board_; }

  /// The model's id, what it has become, and the figures behind it; empty while no model answers.
  [[nodiscard]] std::string encode() const;

 private:
  base::Result<std::monostate> take_kept(std::string_view id);

  std::unique_ptr<agents::creative::CreativeTracker> tracker_;
  agents::creative::ResponseBoardPtr board_;
  std::string id_, kept_;
  std::uint32_t served_ = 0;   ///< number of the model on the shelf
  std::uint32_t version_ = 0;  ///< of the last board, or above what the log knows
};

}  // namespace bandstand::serving
