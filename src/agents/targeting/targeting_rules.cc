// targeting_rules: the walk over the blocks, and the rows that follow time and money.
#include "agents/targeting/targeting_rules.h"

#include <algorithm>
#include <cstring>

namespace bandstand::agents::targeting {

using base::Arena;
using domain::Refusal;

namespace {

/// Who passes a filter that is more than a row, within one block.
void compose(const PositionSets& sets, const Filter& filter, FilterScratch& scratch, std::uint32_t block,
             std::uint32_t lanes, Lane* out) noexcept {
  if (filter.base == nullptr) {
    for (std::uint32_t i = 0; i < lanes; ++i) out[i] = ~Lane{};
  } else {
    const Lane* base = filter.base->block(block);
    for (std::uint32_t i = 0; i < lanes; ++i) out[i] = base[i];
  }
  for (std::uint32_t k = filter.also.begin; k < filter.also.end; ++k) {
    const Lane* bits = scratch.also[k]->block(block);
    for (std::uint32_t i = 0; i < lanes; ++i) out[i] |= bits[i];
  }
  for (std::uint32_t k = filter.lets_in.begin; k < filter.lets_in.end; ++k)
    sets.add_to(scratch.lets_in[k], block, out);
  for (std::uint32_t k = filter.guarded.begin; k < filter.guarded.end; ++k) {
    Guarded& guarded = scratch.guarded[k];
    Lane items[kBlockLanes] = {};
    Lane allowed[kBlockLanes] = {};
    sets.add_to(guarded.items, block, items);
    for (std::uint32_t d = guarded.domains.begin; d < guarded.domains.end; ++d)
      sets.add_to(scratch.guards[d], block, allowed);
    for (std::uint32_t i = 0; i < lanes; ++i) out[i] |= items[i] & allowed[i];
  }
  for (std::uint32_t k = filter.keeps_out.begin; k < filter.keeps_out.end; ++k) {
    sets.remove_from(scratch.keeps_out[k], block, out);
  }
}

}  // namespace

TargetingRules::TargetingRules(std::shared_ptr<const TargetingIndex> index)
    : index_(std::move(index)),
      counters_(index_->count, kReasonCount),
      open_(index_->count),
      open_seen_((index_->count + 63) / 64, 0),
      flying_(index_->count),
      awake_(index_->count),
      scratch_(*index_) {}

/// Only words that changed are carried over, one differing bit at a time; most requests see none.
void TargetingRules::follow_open(std::span<const std::uint64_t> open) {
  const std::size_t words = open_seen_.size();
  const std::size_t given = std::min(words, open.size());
  constexpr std::size_t kStep = 64;
  for (std::size_t from = 0; from < words; from += kStep) {
    const std::size_t until = std::min(words, from + kStep);
    if (until <= given &&
        std::memcmp(&open_seen_[from], &open[from], (until - from) * sizeof(std::uint64_t)) == 0)
      continue;
    for (std::size_t w = from; w < until; ++w) {
      const std::uint64_t now = w < given ? open[w] : 0;
      for (std::uint64_t changed = now ^ open_seen_[w]; changed != 0; changed &= changed - 1) {
        const auto item =
            static_cast<std::uint32_t>(w * 64) + static_cast<std::uint32_t>(__builtin_ctzll(changed));
        if (item < index_->count) open_.flip(index_->position[item]);
      }
      open_seen_[w] = now;
    }
  }
}

void TargetingRules::follow_flight(base::WallTime now) {
  const auto& changes = index_->flight_changes;
  if (flight_done_ > 0 && changes[flight_done_ - 1].at_ns > now.ns) {  // time went back
    flying_ = index_->nobody;
    flight_done_ = 0;
  }
  while (flight_done_ < changes.size() && changes[flight_done_].at_ns <= now.ns) {
    const auto& change = changes[flight_done_++];
    if (change.begins) {
      flying_.set(change.position);
    } else {
      flying_.clear(change.position);
    }
  }
}

void TargetingRules::follow_hours(base::WallTime now) {
  const std::int64_t now_s = now.seconds();
  if (index_->any_hour.all || (now_s >= awake_from_s_ && now_s < awake_until_s_)) return;
  awake_from_s_ = INT64_MIN;
  awake_until_s_ = INT64_MAX;
  awake_ = index_->any_hour.row;
  for (const TargetingIndex::Schedule& schedule : index_->schedules) {
    const domain::Zone::Span& span = index_->tables.zones[schedule.zone].at(now_s);
    const std::int64_t local_s = now_s + span.offset_s;
    const std::int64_t into_hour_s = ((local_s % 3600) + 3600) % 3600;
    awake_from_s_ = std::max({awake_from_s_, span.from_s, now_s - into_hour_s});
    awake_until_s_ = std::min({awake_until_s_, span.until_s, now_s - into_hour_s + 3600});
    if (!schedule.hours[static_cast<std::size_t>(domain::Zone::hour_of_week_local(local_s))]) continue;
    index_->sets.each(schedule.items, [&](std::uint32_t p) { awake_.set(p); });
  }
}

/// Leaves in `alive` who passes all filters, and counts the others by reason; false if nobody is left.
/// Filters of one reason stand together and are counted as one.
bool TargetingRules::pass_filters(std::uint32_t block, std::uint32_t lanes, Lane* alive) {
  Lane before[kBlockLanes];
  std::memcpy(before, alive, lanes * sizeof(Lane));
  for (std::size_t f = 0; f < scratch_.filters.size(); ++f) {
    const Filter& filter = scratch_.filters[f];
    Lane composed[kBlockLanes];
    const Lane* passes = composed;
    if (filter.is_plain()) {
      passes = filter.base->block(block);
    } else {
      compose(index_->sets, filter, scratch_, block, lanes, composed);
    }
#pragma GCC unroll 4
    for (std::uint32_t i = 0; i < lanes; ++i) alive[i] &= passes[i];
    if (f + 1 < scratch_.filters.size() && scratch_.filters[f + 1].reason == filter.reason) continue;
    Lane refused[kBlockLanes];
    Lane some_refused{};
    Lane some_left{};
    for (std::uint32_t i = 0; i < lanes; ++i) {
      refused[i] = before[i] & ~alive[i];
      before[i] = alive[i];
      some_refused |= refused[i];
      some_left |= alive[i];
    }
    if (!is_zero(some_refused)) counters_.add(filter.reason, block, refused, lanes);
    if (is_zero(some_left)) return false;
  }
  return true;
}

TargetingAnswer TargetingRules::walk(const TargetingInput& input, Arena& arena) {
  const TargetingIndex& index = *index_;
  TargetingAnswer answer;
  const auto candidates = arena.array<Candidate>(input.candidates_max);
  const auto deals = usable_deals(input.impression);
  std::size_t taken = 0;
  std::uint32_t seen = 0;
  std::uint32_t passed = 0;
  for (std::uint32_t block = 0; block < index.blocks(); ++block) {
    const std::uint32_t lanes = std::min(kBlockLanes, index.everyone.lanes() - block * kBlockLanes);
    seen += std::min(kBlockBits, index.count - block * kBlockBits);
    Lane alive[kBlockLanes];
    std::memcpy(alive, index.everyone.block(block), lanes * sizeof(Lane));
    if (!pass_filters(block, lanes, alive)) continue;
    auto* words = reinterpret_cast<std::uint64_t*>(alive);
    bool some_outranked = false;
    for (std::uint32_t w = 0; w < lanes * 4; ++w) {
      for (std::uint64_t bits = words[w]; bits != 0; bits &= bits - 1) {
        if (taken ==
            candidates.size()) {  // what is left in the word, and in the words behind it, is outranked
          answer.outranked += static_cast<std::uint32_t>(__builtin_popcountll(bits));
          passed += static_cast<std::uint32_t>(__builtin_popcountll(bits));
          words[w] = bits;
          some_outranked = true;
          break;
        }
        ++passed;
        const std::uint32_t p =
            block * kBlockBits + w * 64 + static_cast<std::uint32_t>(__builtin_ctzll(bits));
        const std::uint32_t line_item = index.tables.order[p];
        if (index.open_auction.all || index.open_auction.row.test(p)) {
          candidates[taken++] = {line_item, kOpenAuction};
          continue;
        }
        for (std::size_t d = 0; d < deals.size() && taken < candidates.size(); ++d) {
          if (may_use_deal(index.tables, input.auction, deals[d], line_item)) {
            candidates[taken++] = {line_item, static_cast<std::uint8_t>(d)};
          }
        }
      }
      if (!some_outranked) words[w] = 0;
    }
    if (some_outranked) counters_.add(number_of(Refusal::outranked), block, alive, lanes);
    if (taken == candidates.size()) break;
  }
  answer.candidates = candidates.first(taken);
  answer.refused = seen - passed;
  return answer;
}

base::Result<domain::Decided<TargetingAnswer>> TargetingRules::decide(const TargetingInput& input,
                                                                      AgentContext& context) {
  counters_.begin();
  follow_open(input.open);
  follow_flight(context.now);
  follow_hours(context.now);
  make_filters(*index_, {flying_, awake_, open_}, input, context.now, scratch_, context.arena);
  const TargetingAnswer answer = walk(input, context.arena);
  return domain::Decided<TargetingAnswer>{answer, index_->tables.options.policy,
                                          static_cast<std::uint32_t>(index_->tables.catalogue->version)};
}

Refusal TargetingRules::why_not(const TargetingInput& input, std::uint32_t line_item,
                                base::WallTime now) const {
  return refusal_of(index_->tables, input, line_item, now);
}

void TargetingRules::collect_refusals(std::span<std::uint64_t> counts) {
  counters_.collect([&](std::uint32_t position, std::uint32_t reason, std::uint32_t count) {
    const std::size_t at = std::size_t{index_->tables.order[position]} * domain::kRefusals +
                           static_cast<std::size_t>(kReasons[reason]);
    if (at < counts.size()) counts[at] += count;
  });
}

std::size_t TargetingRules::bytes() const {
  return counters_.bytes() + open_.bytes() + flying_.bytes() + awake_.bytes() +
         open_seen_.size() * sizeof(std::uint64_t) + scratch_.bytes();
}

}  // namespace bandstand::agents::targeting
