// recent_decisions: the latest decision records by id, encoded, so that an operator who asks why need not
// search the log.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/ids.h"
#include "protocol/event/event_codec.h"

namespace bandstand::serving {

/// Bounded by count and by bytes; the oldest goes first. One thread.
class RecentDecisions {
 public:
  explicit RecentDecisions(std::size_t records_max, std::size_t bytes_max = 64u << 20)
      : records_max_(records_max), bytes_max_(bytes_max) {}

  /// Takes a copy of a record of the topic "decisions". Whatever is no decision, or too large, is passed
  /// over.
  void keep(std::string_view record) {
    base::DecisionId id;
    if (records_max_ == 0 || record.size() > bytes_max_ / 16 ||
        !protocol::event::peek_decision_id(record, id))
      return;
    while (!entries_.empty() && (entries_.size() >= records_max_ || bytes_ + record.size() > bytes_max_))
      drop_oldest();
    const std::uint64_t place = first_ + entries_.size();
    entries_.push_back({id, std::string(record)});
    bytes_ += record.size();
    places_[id] = place;
  }

  /// The record of the decision, or of the decision that a bid belongs to; empty if it is not kept. Valid
  /// until keep().
  [[nodiscard]] std::string_view find(base::DecisionId id) const {
    const auto at = places_.find(id.decision());
    return at == places_.end() ? std::string_view() : std::string_view(entries_[at->second - first_].record);
  }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t records_max() const { return records_max_; }
  /// Ids, newest first, at most `most`; calls `take(id, record)`.
  template <class Take>
  void newest(std::size_t most, Take&& take) const {
    for (auto entry = entries_.rbegin(); entry != entries_.rend() && most > 0; ++entry, --most)
      take(entry->id, entry->record);
  }

 private:
  struct Entry {
    base::DecisionId id;
    std::string record;
  };

  void drop_oldest() {
    const auto at = places_.find(entries_.front().id);
    if (at != places_.end() && at->second == first_)
      places_.erase(at);  // else a later record has the same id
    bytes_ -= entries_.front().record.size();
    entries_.pop_front();
    ++first_;
  }

  std::size_t records_max_, bytes_max_;
  std::size_t bytes_ = 0;
  std::uint64_t first_ = 0;  ///< number of the oldest entry since the start
  std::deque<Entry> entries_;
  std::unordered_map<base::DecisionId, std::uint64_t> places_;
};

}  // namespace bandstand::serving
