// bid_rules: worth, shaded where the winner pays his bid, inside floor and cap.
#include "agents/bid/bid_rules.h"

#include <algorithm>
#include <cmath>

namespace bandstand::agents::bid {

std::span<const std::string_view> bid_policies() noexcept {
  static constexpr std::string_view kNames[] = {"shaded", "truthful", "linear", "tabular_q"};
  return kNames;
}

std::optional<BidPolicy> bid_policy_named(std::string_view name) noexcept {
  if (name == "default") return BidPolicy{};
  const auto names = bid_policies();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<BidPolicy>(found - names.begin());
}

BidRules::Choice BidRules::shaded(const BidInput& input, double worth, const Landscape* law, base::Rng& rng) const {
  if (input.at == 2) return {worth, 1};
  if (law == nullptr) return {worth * options_.cold_share, 1};
  const ShadedBid best = law->best_first_price_bid(worth, input.floor.value);
  if (best.bid <= 0) return {worth * options_.cold_share, 1};  // nothing can be won, says the law: ask the market
  if (options_.explore <= 0) return {static_cast<double>(best.bid), 1};
  // Trials are grid edges above the best bid and below worth, each as likely.
  const PriceGrid& grid = law->grid();
  const int first = grid.beaten_by(best.bid) + 1;
  const int trials = grid.beaten_by(static_cast<std::int64_t>(worth)) - first + 1;
  if (trials <= 0) return {static_cast<double>(best.bid), 1};
  if (!rng.chance(options_.explore)) return {static_cast<double>(best.bid), static_cast<float>(1 - options_.explore)};
  const int trial = first + static_cast<int>(rng.below(static_cast<std::uint64_t>(trials)));
  return {static_cast<double>(grid.upper(trial)), static_cast<float>(options_.explore / trials)};
}

BidRules::Choice BidRules::by_table(const BidInput& input, double worth, base::Rng& rng) const {
  constexpr int kActions = QTable::kActions;
  int best = 7;  // 80 % of worth, before anything is known
  if (market_ != nullptr) {
    const int state = QTable::state_of(input.market.exchange, worth);
    for (int action = 0; action < kActions; ++action) {
      if (market_->q_table().at(state, action) > market_->q_table().at(state, best)) best = action;
    }
  }
  const int action = rng.chance(options_.q_epsilon) ? static_cast<int>(rng.below(kActions)) : best;
  const double tried = options_.q_epsilon / kActions;
  const double propensity = action == best ? 1 - options_.q_epsilon + tried : tried;
  return {worth * (action + 1) / kActions, static_cast<float>(propensity)};
}

base::Result<domain::Decided<BidAnswer>> BidRules::decide(const BidInput& input, AgentContext& context) {
  domain::Decided<BidAnswer> decided{
      .value = Pass::no_value, .policy = id_, .version = market_ == nullptr ? 0 : market_->version()};
  if (!(input.value > 0) || !(input.mu > 0) || !std::isfinite(input.value)) return decided;
  const double worth = std::min(input.value / static_cast<double>(input.mu), 1e15);
  const std::int64_t least = std::max<std::int64_t>(input.floor.value, 1);
  if (worth < static_cast<double>(least)) {
    decided.value = Pass::below_floor;
    return decided;
  }
  if (input.cap.value < least) {
    decided.value = Pass::cap_below_floor;
    return decided;
  }
  const MarketSnapshot::Law law = market_ == nullptr ? MarketSnapshot::Law{} : market_->law_of(input.market);
  Choice choice;
  if (input.at == 3) {
    choice.price = static_cast<double>(least);
  } else {
    switch (options_.policy) {
      case BidPolicy::shaded:
        choice = shaded(input, worth, law.weight < options_.cold_weight ? nullptr : law.landscape, context.rng);
        break;
      case BidPolicy::truthful:
        choice.price = worth;
        break;
      case BidPolicy::linear:
        choice.price = worth * options_.linear_share;
        break;
      case BidPolicy::tabular_q:
        choice = by_table(input, worth, context.rng);
        break;
    }
  }
  const auto price = std::clamp(static_cast<std::int64_t>(std::floor(choice.price)), least, input.cap.value);
  decided.propensity = choice.propensity;
  decided.value = Price{base::Nanos{price},
                        law.landscape == nullptr ? 0.0f : static_cast<float>(law.landscape->win_probability(price))};
  return decided;
}

}  // namespace bandstand::agents::bid
