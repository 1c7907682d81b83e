// learned_state: what the learners know, kept in a file beside the ledger, so that a restart is not a new beginning.
//
// 1. A file of sections, each with its kind, form and checksum; written a section at a time into a new file, which takes the
//    old one's name when it is whole. A crash in between leaves the old one.
// 2. Nothing here can hinder a start or stop the server: what is damaged, cut short or of another form is counted, named in a
//    line of the log and left out; the rest is taken.
// 3. A file and no topic: it is a state, not a history. Who is erased from it is gone with the next one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/disk.h"
#include "base/result.h"

namespace bandstand::serving {

/// What a section holds. Numbers are stored: never used again for anything else.
enum class LearnedPart : std::uint32_t {
  header = 1,    ///< when, kinds of auctions, and the exchanges' names in the order of their numbers
  market = 2,    ///< agents::bid::MarketSnapshot
  creative = 3,  ///< agents::creative::ResponseModel
  pacing = 4,    ///< agents::budget::Pacer
  users = 5,     ///< a part of agents::profile::UserTable; many of them
  open_bids = 6, ///< outcomes::Matcher; written by an orderly stop alone
  evidence = 8,  ///< agents::bid::MarketTracker: what is behind the laws
  figures = 9,   ///< agents::creative::CreativeTracker: what is behind the model, without its weights
  published = 10, ///< serving::PublishedCreative: what a published model has become
  end = 7,       ///< the number of sections before it
};
const char* name_of(LearnedPart part) noexcept;

/// First section of the file.
struct LearnedHeader {
  base::WallTime at;
  double first_price_share = 0.5;  ///< of auctions
  std::vector<std::string> exchanges;

  [[nodiscard]] std::string encode() const;
  static base::Result<LearnedHeader> decode(std::string_view bytes);
};

/// Writes one file after another. One thread. add() costs a write, and a sync for every kSyncBytes: a sync holds its thread up
/// for milliseconds, and one of everything at the end would do so for long.
class LearnedWriter {
 public:
  static constexpr std::uint64_t kSyncBytes = 2u << 20;

  explicit LearnedWriter(base::Disk& disk) : disk_(disk) {}

  /// Begins a new file; what an earlier one had not finished is dropped.
  base::Result<std::monostate> begin(const LearnedHeader& header);
  base::Result<std::monostate> add(LearnedPart part, std::string_view content);
  /// The new file is whole and takes the place of the old one.
  base::Result<std::monostate> finish();
  void abandon() { file_.reset(); }
  [[nodiscard]] bool writing() const { return file_ != nullptr; }
  [[nodiscard]] std::uint64_t bytes() const { return at_; }

 private:
  base::Disk& disk_;
  std::unique_ptr<base::File> file_;
  std::uint64_t at_ = 0, synced_ = 0, sections_ = 0;
  std::string buffer_;
};

/// Reads the file section by section.
class LearnedReader {
 public:
  /// `not_found`: there is none (a first start).
  static base::Result<LearnedReader> open(base::Disk& disk);

  struct Section {
    LearnedPart part = LearnedPart::end;
    std::string_view content;  ///< until the next call
  };
  /// The next section that is sound; none at the end. Errors: `corrupt` where a section is damaged (reading may go on), or the
  /// file ends too soon (then the next call says that there is no more).
  base::Result<std::optional<Section>> next();

 private:
  explicit LearnedReader(std::unique_ptr<base::File> file) : file_(std::move(file)) {}
  base::Result<std::optional<Section>> stop(base::Error error);

  std::unique_ptr<base::File> file_;
  std::uint64_t at_ = 0, sections_ = 0;
  bool done_ = false;
  std::string head_, content_;
};

}  // namespace bandstand::serving
