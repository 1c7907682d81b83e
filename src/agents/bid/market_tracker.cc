// market_tracker: censored evidence in, laws out.
#include "agents/bid/market_tracker.h"

#include <algorithm>
#include <cmath>

namespace bandstand::agents::bid {

using domain::BidFacts;
using domain::Outcome;

namespace {

constexpr std::uint8_t kFixedPrice = 3;

/// What the impression was worth in money when the bid was made.
double worth_of(const BidFacts& facts) { return facts.mu > 0 ? facts.value / static_cast<double>(facts.mu) : 0; }

}  // namespace

MarketKey market_of(const BidFacts& facts) noexcept {
  return {facts.exchange, facts.media, facts.device, static_cast<std::uint32_t>(facts.size.w) << 16 | facts.size.h};
}

MarketTracker::Reading MarketTracker::read_win(const Outcome& outcome) const {
  const std::int64_t bid = outcome.facts.price.value;
  const std::int64_t floor = outcome.facts.floor.value;
  if (outcome.min_to_win.value >= 0) {
    const std::int64_t least = outcome.min_to_win.value;
    if (least > 0 && least > floor && least <= bid) return {Evidence::exact, least};
    return {Evidence::at_most, std::clamp(std::max(least, floor), std::int64_t{1}, bid)};
  }
  if (outcome.facts.at == 2 && outcome.clearing_price.value > 0 && outcome.clearing_price.value <= bid) {
    const std::int64_t paid = outcome.clearing_price.value;
    return paid > floor ? Reading{Evidence::exact, paid} : Reading{Evidence::at_most, std::max<std::int64_t>(floor, 1)};
  }
  return {Evidence::at_most, bid};
}

MarketTracker::Reading MarketTracker::read_loss(const Outcome& outcome) {
  const std::int64_t bid = outcome.facts.price.value;
  ++losses_told_[outcome.facts.exchange];
  ++counts_.by_loss_code[std::min<std::size_t>(outcome.loss_reason, counts_.by_loss_code.size() - 1)];
  switch (outcome.loss_reason) {
    case 0:
    case 102:
    case 103:
      ++counts_.losses;
      if (outcome.min_to_win.value > bid) return {Evidence::exact, outcome.min_to_win.value};
      return {Evidence::above, bid};
    case 100:
    case 101:
      ++counts_.floors;
      return {Evidence::above, bid};
    default:
      ++counts_.defects;
      return {};
  }
}

MarketTracker::Reading MarketTracker::read(const Outcome& outcome) {
  const BidFacts& facts = outcome.facts;
  if (outcome.suspicious || facts.suspicious || facts.test || facts.at == kFixedPrice || facts.price.value <= 0) {
    ++counts_.ignored;
    return {};
  }
  if (outcome.won) {
    ++counts_.wins;
    return read_win(outcome);
  }
  if (outcome.lost) return read_loss(outcome);
  ++counts_.silent;
  if (losses_told_.contains(facts.exchange)) return {};  // it tells losses: this notice went missing
  return {Evidence::above, facts.price.value};
}

MarketTracker::Market* MarketTracker::market_at(const MarketKey& key, MarketLevel level) {
  const std::uint64_t code = market_code(key, level);
  const auto found = markets_.find(code);
  if (found != markets_.end()) return &found->second;
  if (level != MarketLevel::all && markets_.size() >= options_.markets_max) {
    ++counts_.crowded_out;
    return nullptr;
  }
  const double weight = level == MarketLevel::all ? options_.root_weight : options_.prior_weight;
  const std::uint64_t parent =
      level == MarketLevel::all ? 0 : market_code(key, static_cast<MarketLevel>(static_cast<int>(level) - 1));
  Market made{LandscapeEstimator(market_grid(), {}, {.decay = options_.decay, .prior_weight = weight}), parent, 0, true, {}};
  return &markets_.emplace(code, std::move(made)).first->second;
}

void MarketTracker::observe(const Outcome& outcome) {
  if (outcome.kind != Outcome::Kind::price) return;
  const Reading reading = read(outcome);
  if (reading.evidence == Evidence::nothing) return;
  news_ = true;
  learn_q(outcome);
  for (int level = 0; level < kMarketLevels; ++level) {
    Market* market = market_at(market_of(outcome.facts), static_cast<MarketLevel>(level));
    if (market == nullptr) return;
    if (reading.evidence == Evidence::exact) market->estimator.observe_price(reading.amount);
    if (reading.evidence == Evidence::above) market->estimator.observe_loss(reading.amount);
    if (reading.evidence == Evidence::at_most) market->estimator.observe_win(reading.amount);
    market->news += 1;
    market->changed = true;
  }
}

/// One-step Q learning over price buckets, as the textbook has it: each auction is an episode.
void MarketTracker::learn_q(const Outcome& outcome) {
  const double worth = worth_of(outcome.facts);
  if (!(worth > 0)) return;
  const auto bid = static_cast<double>(outcome.facts.price.value);
  const auto paid = outcome.clearing_price.value > 0 ? static_cast<double>(outcome.clearing_price.value) : bid;
  const double reward = outcome.won ? (worth - paid) / worth : 0;
  const int action = std::clamp(static_cast<int>(std::lround(bid / worth * QTable::kActions)) - 1, 0, QTable::kActions - 1);
  float& q = q_table_.at(QTable::state_of(outcome.facts.exchange, worth), action);
  q += options_.q_rate * (static_cast<float>(reward) - q);
}

void MarketTracker::advance(base::WallTime now) {
  if (window_end_.ns == 0) window_end_ = now + options_.window;
  if (now < window_end_) return;
  window_end_ = now + options_.window;
  for (auto& [code, market] : markets_) {
    if (market.news < options_.window_weight_min) continue;  // its window goes on
    market.estimator.decay();
    market.news = 0;
  }
}

MarketSnapshotPtr MarketTracker::publish() {
  std::vector<MarketSnapshot::Market> out;
  out.reserve(markets_.size());
  // Codes end in the level; parents first, so that a child leans on its parent's newest law.
  for (int level = 0; level < kMarketLevels; ++level) {
    for (auto& [code, market] : markets_) {
      if (static_cast<int>(code & 0xff) != level + 1) continue;
      if (market.changed) {
        if (market.parent != 0) {
          const std::vector<float>& above = markets_.at(market.parent).masses;
          market.estimator.set_prior(std::vector<double>(above.begin(), above.end()));
        }
        const Landscape law = market.estimator.estimate();
        market.masses.assign(law.masses().begin(), law.masses().end());
        market.changed = false;
      }
      out.push_back({code, static_cast<float>(market.estimator.weight()), market.masses});
    }
  }
  news_ = false;
  return std::make_shared<const MarketSnapshot>(++version_, std::move(out), q_table_);
}

MarketTracker::Market* MarketTracker::market_of_code(std::uint64_t code) {
  const MarketKey key{.exchange = static_cast<std::uint16_t>(code >> 48),
                      .media = static_cast<std::uint8_t>(code >> 40),
                      .size = static_cast<std::uint32_t>(code >> 8)};
  return market_at(key, static_cast<MarketLevel>((code & 0xff) - 1));
}

void MarketTracker::restore(const MarketSnapshot& snapshot) {
  markets_.clear();
  version_ = snapshot.version();
  q_table_ = snapshot.q_table();
  const PriceGrid grid = market_grid();
  for (const auto& from : snapshot.markets()) {
    Market* market = market_of_code(from.code);
    if (market == nullptr) continue;
    for (std::size_t bin = 0; bin < from.masses.size(); ++bin) {
      market->estimator.observe_price(grid.upper(static_cast<int>(bin)), static_cast<double>(from.masses[bin]) * from.weight);
    }
  }
}

}  // namespace bandstand::agents::bid
