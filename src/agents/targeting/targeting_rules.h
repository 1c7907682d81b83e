// targeting_rules: rule targeting over the index: filters of bits, and-ed block by block until enough line
// items are found.
//
// 1. Says exactly what targeting_scan says: the same candidates in the same order, the same reason for every
// refusal.
// 2. Stops after the block in which candidates_max is reached: line items behind it are not looked at and not
// counted.
// 3. No allocation after warm-up: what a request needs lies in its arena, what time changes in rows of the
// shard.
#pragma once

#include <memory>
#include <vector>

#include "agents/targeting/refusal_counters.h"
#include "agents/targeting/targeting_agent.h"
#include "agents/targeting/targeting_filters.h"
#include "agents/targeting/targeting_index.h"

namespace bandstand::agents::targeting {

/// Policy "rules". One per shard and snapshot.
class TargetingRules final : public TargetingAgent {
 public:
  explicit TargetingRules(std::shared_ptr<const TargetingIndex> index);

  [[nodiscard]] base::Result<domain::Decided<TargetingAnswer>> decide(const TargetingInput& input,
                                                                      AgentContext& context) override;
  [[nodiscard]] domain::Refusal why_not(const TargetingInput& input, std::uint32_t line_item,
                                        base::WallTime now) const override;
  /// One other thread (or the shard's own) may call this. What was counted is handed out by the second call
  /// after it, provided that a request came by in between: the shard and its reader exchange two banks
  /// without waiting for each other.
  void collect_refusals(std::span<std::uint64_t> counts) override;

  /// Masks that came after a counter was full (limit 3 of refusal_counters.h); 0 where refusals are
  /// collected.
  [[nodiscard]] std::uint64_t refusals_uncounted() const { return counters_.uncounted(); }
  /// Memory of this shard's part, without the index.
  [[nodiscard]] std::size_t bytes() const;

 private:
  void follow_open(std::span<const std::uint64_t> open);
  void follow_flight(base::WallTime now);
  void follow_hours(base::WallTime now);
  bool pass_filters(std::uint32_t block, std::uint32_t lanes, Lane* alive);
  TargetingAnswer walk(const TargetingInput& input, base::Arena& arena);

  std::shared_ptr<const TargetingIndex> index_;
  RefusalCounters counters_;

  BitRow open_;                           ///< TargetingInput::open in the index's order
  std::vector<std::uint64_t> open_seen_;  ///< as it came last
  BitRow flying_;
  std::size_t flight_done_ = 0;  ///< changes applied
  BitRow awake_;                 ///< by hour of the week
  std::int64_t awake_from_s_ = 0, awake_until_s_ = 0;

  FilterScratch scratch_;
};

}  // namespace bandstand::agents::targeting
