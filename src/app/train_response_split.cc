// train_response_split: two boundaries on one key.
#include "app/train_response_split.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/words.h"
#include "learning/dataset/table_reader.h"

namespace bandstand::app {
namespace {

using learning::Loaded;
using learning::problem;

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

}  // namespace

Loaded<ResponseSplit> ResponseSplit::parse(const std::string& text, double holdout) {
  ResponseSplit split;
  if (!(holdout >= 0 && holdout <= 1)) return problem("--holdout: expected a share of 0 to 1");
  split.holdout_ = holdout;
  if (text.empty()) return split;
  const auto wrong = [&] { return problem("--split '" + text + "': expected time:SHARE, time:YYYY-MM-DD or rows:SHARE"); };
  const auto colon = text.find(':');
  const std::string how = text.substr(0, colon);
  if (colon == std::string::npos || (how != "time" && how != "rows")) return wrong();
  split.by_time_ = how == "time";
  const std::string where = text.substr(colon + 1);
  if (base::read_number(where, split.share_) && split.share_ > 0 && split.share_ < 1) return split;
  split.share_ = 1;
  split.boundary_ = learning::parse_time(where);
  if (!split.by_time_ || !split.boundary_) return wrong();
  return split;
}

void ResponseSplit::survey(const learning::Row& row) {
  ++rows_;
  labels_.push_back(row.label);
  if (!by_time_) return;
  without_time_ += !row.time_s;
  times_.push_back(row.time_s.value_or(0));
}

Loaded<bool> ResponseSplit::settle() {
  if (without_time_ > 0) return problem("--split time: " + std::to_string(without_time_) + " rows have no time; use rows:SHARE");
  const auto share_of = [](double share, std::uint64_t rows) {
    return static_cast<std::int64_t>(std::llround(share * static_cast<double>(rows)));
  };
  if (by_time_) {
    auto sorted = times_;
    std::sort(sorted.begin(), sorted.end());
    const auto time_at = [&](std::int64_t place) {
      return place < static_cast<std::int64_t>(sorted.size()) ? sorted[static_cast<std::size_t>(place)] : kNever;
    };
    test_from_ = boundary_ ? *boundary_ : time_at(share_of(share_, rows_));
    const auto train = std::lower_bound(sorted.begin(), sorted.end(), test_from_) - sorted.begin();
    holdout_from_ = holdout_ == 0 ? test_from_ : time_at(share_of(1 - holdout_, static_cast<std::uint64_t>(train)));
  } else {
    test_from_ = share_of(share_, rows_);
    holdout_from_ = share_of(share_ * (1 - holdout_), rows_);
  }
  for (std::uint64_t i = 0; i < rows_; ++i) {
    Counts& counts = counts_[static_cast<std::size_t>(part_at(by_time_ ? times_[i] : static_cast<std::int64_t>(i)))];
    ++counts.rows;
    counts.positives += labels_[i];
  }
  times_ = {};
  labels_ = {};
  return true;
}

Part ResponseSplit::part_at(std::int64_t key) const {
  return key >= test_from_ ? Part::test : key >= holdout_from_ ? Part::holdout : Part::train;
}

Part ResponseSplit::part_of(std::uint64_t position, const learning::Row& row) const {
  return part_at(by_time_ ? row.time_s.value_or(0) : static_cast<std::int64_t>(position));
}

}  // namespace bandstand::app
