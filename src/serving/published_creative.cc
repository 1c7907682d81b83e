// published_creative: file, then outcomes; kept with the id of its file.
#include "serving/published_creative.h"

#include <algorithm>

#include "agents/creative/learned_response.h"
#include "base/bytes.h"
#include "base/checksum.h"

namespace bandstand::serving {
namespace {

using agents::creative::CreativeTracker;
using agents::creative::ResponseModel;

constexpr std::uint32_t kMagic = 0x42535031;  // "BSP1": bump with every change of encode()

/// The same beliefs under another number.
ResponseModel numbered(const ResponseModel& from, std::uint32_t version) {
  return {version, from.base_logit(), from.base_conversions(), from.weights(), from.line_items(), from.scales()};
}

}  // namespace

PublishedCreative::Change PublishedCreative::adopt(const ServedModel& model, std::string_view id,
                                                   domain::CatalogueSnapshot catalogue) {
  if (model.version == served_) return {Adopted::unchanged, std::monostate{}};
  served_ = model.version;
  tracker_.reset();
  board_.reset();
  const auto* learned = dynamic_cast<const agents::creative::LearnedResponse*>(model.model.get());
  if (learned == nullptr) return {Adopted::none, std::monostate{}};
  id_ = id;
  tracker_ = std::make_unique<CreativeTracker>(CreativeTracker::Options{});
  Change change{Adopted::from_file, take_kept(id)};
  if (change.kept) {
    change.adopted = Adopted::from_kept;
  } else {
    tracker_->restore(numbered(*learned->model, version_));
    if (change.kept.error().code == base::Code::not_found) change.kept = std::monostate{};
  }
  kept_.clear();
  tracker_->adopt(std::move(catalogue));
  return change;
}

/// Errors: `not_found` if nothing was kept for that model, `corrupt`; the tracker is as new then.
base::Result<std::monostate> PublishedCreative::take_kept(std::string_view id) {
  if (kept_.empty()) return base::fail(base::Code::not_found, "nothing was kept of a published creative model");
  const auto damaged = [] { return base::fail(base::Code::corrupt, "a published creative model is damaged or of another form"); };
  const auto content = base::without_checksum(kept_);
  base::ByteReader in(content.value_or(std::string_view{}));
  if (!content || in.get<std::uint32_t>() != kMagic) return damaged();
  const std::string_view of = in.get_text(), weights = in.get_text(), figures = in.get_text();
  if (!in.done()) return damaged();
  if (of != id) return base::fail(base::Code::not_found, "what was kept is of another model");
  const auto model = ResponseModel::decode(weights);
  if (!model) return model.error();
  tracker_->restore(numbered(**model, std::max(version_, (*model)->version() + 1)));
  const auto restored = tracker_->restore_figures(figures);
  if (!restored) {
    tracker_ = std::make_unique<CreativeTracker>(CreativeTracker::Options{});
    return restored.error();
  }
  return std::monostate{};
}

agents::creative::ResponseBoardPtr PublishedCreative::publish(const agents::creative::ResponseBoard& like) {
  board_ = std::make_shared<agents::creative::ResponseBoard>(like, tracker_->publish());
  version_ = board_->model().version();
  return board_;
}

std::string PublishedCreative::encode() const {
  if (board_ == nullptr) return {};
  std::string bytes;
  base::ByteWriter out(bytes);
  out.put(kMagic);
  out.put_text(id_);
  out.put_text(board_->model().encode());
  out.put_text(tracker_->encode());
  base::append_checksum(bytes);
  return bytes;
}

}  // namespace bandstand::serving
