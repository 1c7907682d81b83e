// joint_game: traffic first, then window by window: three answers a campaign, one auction an offer.
#include "experiments/joint_game.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/rng.h"

namespace bandstand::experiments {
namespace {

constexpr double kOffersAWindow = 40;
constexpr double kPriceDeviation = 0.5;      // of ln price, within a segment and day
constexpr double kDayDeviation = 0.2;        // of ln price, between days
constexpr double kTasteDeviation = 0.4;      // of ln value, between people
constexpr double kNaiveShare = 0.75;
constexpr double kMuMin = 0.2, kMuMax = 50;
constexpr double kTypicalPrice = 0.5;
constexpr double kPriorWeight = 30, kForget = 0.85;
constexpr std::size_t kValuesKept = 80;
constexpr int kStepsAUnit = 6;               // of ln worth, in shading
constexpr double kLogLowest = -4;
constexpr int kParts = 16;                   // of worth that shading tries: from a quarter up to all of it

constexpr double part_of(int p) { return 0.25 + 0.75 * p / (kParts - 1); }

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

double log_ratio(double a, double b) { return a > 0 && b > 0 ? std::log(a / b) : 0; }

}  // namespace

double game_traffic(int k) {
  return (1 + 0.6 * std::sin(2 * std::numbers::pi * (k - 6) / kGameWindows)) / kGameWindows;
}

void GameFigures::add(const GameFigures& other) {
  for (std::size_t i = 0; i < value.size(); ++i) {
    value[i] += other.value[i];
    cost[i] += other.cost[i];
  }
  clearing += other.clearing;
  auctions += other.auctions;
}

double GameFigures::worth(const GameWorld& world) const {
  double sum = 0;
  for (std::size_t i = 0; i < value.size(); ++i) sum += worth(world, i);
  return sum;
}

namespace {

/// What a campaign's day is worth under the dual start if its budget were `factor` times as much.
double dual_value(GameWorld world, std::size_t campaign, double factor, std::uint64_t first_day) {
  constexpr std::uint64_t kDays = 16;
  world.campaigns[campaign].budget *= factor;
  JointGame game(world, GameStart::dual);
  const std::array<float, kGameAgents> none{};
  double value = 0;
  for (std::uint64_t day = 0; day < kDays; ++day) {
    game.reset(first_day + day);
    while (!game.over()) value += game.step(none).value[campaign] / kDays;
  }
  return value;
}

}  // namespace

GameWorld GameWorld::draw(std::uint64_t seed) {
  base::Rng rng(seed);
  GameWorld world;
  for (double& price : world.price_log) price = std::log(kTypicalPrice) + 0.3 * rng.normal();
  for (Campaign& campaign : world.campaigns) {
    const double level = 0.3 * rng.normal();
    campaign.fee = 0.05 + 0.2 * rng.uniform();
    for (int g = 0; g < kGameSegments; ++g) {
      campaign.value[static_cast<std::size_t>(g)] = std::exp(level + 0.4 * rng.normal());
      campaign.rich[static_cast<std::size_t>(g)] = 1 + 0.6 * rng.uniform();
    }
    double alone = 0;  // second price, plain: by sampling
    for (int n = 0; n < 2000; ++n) {
      const auto g = static_cast<std::size_t>(rng.below(kGameSegments));
      const double price = std::exp(world.price_log[g] + kPriceDeviation * rng.normal());
      alone += campaign.value[g] * std::exp(kTasteDeviation * rng.normal()) > price ? price / 2000 : 0;
    }
    campaign.budget = (0.25 + 0.25 * rng.uniform()) * alone * kOffersAWindow * kGameWindows;
  }
  const std::uint64_t days = base::mix64(seed);
  std::array<double, kGameCampaigns> money{};
  for (std::size_t i = 0; i < money.size(); ++i) {
    constexpr double kPart = 0.1;
    money[i] = (dual_value(world, i, 1 + kPart, days) - dual_value(world, i, 1 - kPart, days)) /
               (2 * kPart * world.campaigns[i].budget);
  }
  for (std::size_t i = 0; i < money.size(); ++i) world.campaigns[i].money = std::max(0.0, money[i]);
  return world;
}

std::size_t JointGame::Shading::at(double worth) {
  const double step = (std::log(std::max(worth, 1e-9)) - kLogLowest) * kStepsAUnit;
  return static_cast<std::size_t>(std::clamp(step, 0.0, kSteps - 1.0));
}

void JointGame::Shading::solve(double mean, double deviation) {
  static const auto kLogParts = [] {
    std::array<double, kParts> logs{};
    for (int p = 0; p < kParts; ++p) logs[static_cast<std::size_t>(p)] = std::log(part_of(p));
    return logs;
  }();
  for (int k = 0; k < kSteps; ++k) {
    const double log_worth = (k + 0.5) / kStepsAUnit + kLogLowest;
    double best = -1;
    for (int p = 0; p < kParts; ++p) {
      const double chance = normal_cdf((log_worth + kLogParts[static_cast<std::size_t>(p)] - mean) / deviation);
      if ((1 - part_of(p)) * chance < best) continue;
      best = (1 - part_of(p)) * chance;
      share[static_cast<std::size_t>(k)] = part_of(p);
      win[static_cast<std::size_t>(k)] = chance;
    }
  }
}

void JointGame::reset(std::uint64_t seed) {
  base::Rng rng(seed);
  const double day = kDayDeviation * rng.normal();
  for (int k = 0; k < kGameWindows; ++k) {
    const double mean = kOffersAWindow * kGameWindows * game_traffic(k) * std::exp(0.1 * rng.normal());
    auto& offers = traffic_[static_cast<std::size_t>(k)];
    offers.resize(static_cast<std::size_t>(std::max(1.0, mean)));
    for (Offer& offer : offers) {
      offer.segment = static_cast<int>(rng.below(kGameSegments));
      offer.price =
          std::exp(world_.price_log[static_cast<std::size_t>(offer.segment)] + day + kPriceDeviation * rng.normal());
      for (double& taste : offer.taste) taste = std::exp(kTasteDeviation * rng.normal());
    }
  }
  window_ = 0;
  loops_.clear();
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const double budget = world_.campaigns[i].budget;
    states_[i] = {};
    states_[i].money_left = budget;
    states_[i].log_sum = kPriorWeight * std::log(kTypicalPrice);
    states_[i].log_squares = kPriorWeight * (std::log(kTypicalPrice) * std::log(kTypicalPrice) + 0.36);
    states_[i].weight = kPriorWeight;
    agents::budget::LogPi::Options gains;
    gains.kp = 0.10;  // the defaults are for 96 windows a day: with 24 they swing
    gains.ki = 0.15;
    gains.mu_min = kMuMin;
    gains.mu_max = kMuMax;
    loops_.emplace_back(1.5, agents::budget::LogPi::epsilon(budget, kGameWindows), gains);
    states_[i].mu = states_[i].naive_mu = 1.5;
  }
}

double JointGame::offers_left(int window) const {
  double share = 0;
  for (int k = window; k < kGameWindows; ++k) share += game_traffic(k);
  return share * kOffersAWindow * kGameWindows;
}

std::vector<float> JointGame::views() const {
  std::vector<float> out;
  const double left = offers_left(std::min(window_, kGameWindows));
  for (std::size_t i = 0; i < states_.size(); ++i) {
    agents::bid::ControlState state = states_[i].state;
    state.traffic_left = left / offers_left(0);
    state.budget_left = states_[i].money_left / world_.campaigns[i].budget;
    state.budget_log = log_ratio(states_[i].money_left / std::max(1.0, left), kTypicalPrice);
    for (const float feature : agents::bid::control_features(state)) out.push_back(feature);
  }
  return out;
}

/// mu at which the offers seen lately would spend `target` an offer.
double JointGame::solve_mu(const Campaign& state, double fee, double target) const {
  double low = kMuMin, high = kMuMax;
  for (int i = 0; i < 15; ++i) {
    const double mu = std::sqrt(low * high);
    double cost = 0;
    for (const auto& [plain, rich] : state.values) {
      const bool is_rich = rich / mu - fee > plain / mu;
      const double worth = is_rich ? rich / mu - fee : plain / mu;
      const std::size_t k = Shading::at(worth);
      cost += state.shading.win[k] * (worth * state.shading.share[k] + (is_rich ? fee : 0));
    }
    (cost > target * static_cast<double>(state.values.size()) ? low : high) = mu;
  }
  return std::sqrt(low * high);
}

void JointGame::open_window(std::size_t i, std::span<const float> actions) {
  Campaign& state = states_[i];
  const double left = offers_left(window_);
  state.planned = state.money_left * game_traffic(window_) * kOffersAWindow * kGameWindows / left;
  double mu = state.naive_mu;
  if (start_ == GameStart::dual) {
    const double mean = state.log_sum / state.weight;
    const double variance = state.log_squares / state.weight - mean * mean;
    state.shading.solve(mean, std::sqrt(std::max(0.04, variance)));
    if (state.values.size() >= 10) mu = solve_mu(state, world_.campaigns[i].fee, state.money_left / left);
  }
  state.mu = std::clamp(mu * std::exp(static_cast<double>(actions[i * kGameRoles])), kMuMin, kMuMax);
  state.state.mu_log = std::log(state.mu);
}

JointGame::Bid JointGame::bid_of(std::size_t i, const Offer& offer, std::span<const float> actions) const {
  const GameWorld::Campaign& campaign = world_.campaigns[i];
  const Campaign& state = states_[i];
  const auto segment = static_cast<std::size_t>(offer.segment);
  const auto by_creative = static_cast<double>(actions[i * kGameRoles + 2]);
  const double plain = campaign.value[segment] * offer.taste[i];
  const double rich = plain * campaign.rich[segment];
  const double price_of_fee =
      state.mu * (start_ == GameStart::dual ? std::exp(by_creative) : std::clamp(2 * by_creative, 0.0, 2.0));
  const bool is_rich = rich - price_of_fee * campaign.fee > plain;
  Bid bid;
  bid.value = is_rich ? rich : plain;
  bid.fee = is_rich ? campaign.fee : 0;
  const double worth = bid.value / state.mu - bid.fee;
  if (worth <= 0) return {};
  const double share = start_ == GameStart::dual ? state.shading.share[Shading::at(worth)] : kNaiveShare;
  bid.bid = worth * std::min(1.0, share * std::exp(static_cast<double>(actions[i * kGameRoles + 1])));
  if (bid.bid + bid.fee > state.money_left) return {};
  return bid;
}

GameFigures JointGame::step(std::span<const float> actions) {
  for (std::size_t i = 0; i < states_.size(); ++i) open_window(i, actions);
  GameFigures figures;
  std::array<Tally, kGameCampaigns> tallies{};
  const auto& offers = traffic_[static_cast<std::size_t>(window_)];
  for (const Offer& offer : offers) {
    std::array<Bid, kGameCampaigns> bids;
    for (std::size_t i = 0; i < states_.size(); ++i) bids[i] = bid_of(i, offer, actions);
    std::size_t winner = kGameCampaigns;
    double highest = offer.price;
    for (std::size_t i = 0; i < states_.size(); ++i) {
      if (bids[i].bid > highest) {
        highest = bids[i].bid;
        winner = i;
      }
    }
    figures.clearing += highest;
    ++figures.auctions;
    for (std::size_t i = 0; i < states_.size(); ++i) {
      Campaign& state = states_[i];
      double beat = offer.price;  // the exchange tells everyone what it would have taken
      for (std::size_t j = 0; j < states_.size(); ++j) beat = j == i ? beat : std::max(beat, bids[j].bid);
      state.log_sum += std::log(beat);
      state.log_squares += std::log(beat) * std::log(beat);
      ++state.weight;
      const auto segment = static_cast<std::size_t>(offer.segment);
      const double plain = world_.campaigns[i].value[segment] * offer.taste[i];
      tallies[i].values += plain;
      if (state.values.size() >= kValuesKept) state.values.erase(state.values.begin());
      state.values.push_back({plain, plain * world_.campaigns[i].rich[segment]});
      if (winner != i) continue;
      figures.value[i] += bids[i].value;
      figures.cost[i] += bids[i].bid + bids[i].fee;
      state.money_left -= bids[i].bid + bids[i].fee;
      ++tallies[i].wins;
    }
  }
  for (std::size_t i = 0; i < states_.size(); ++i) {
    close_window(i, figures, tallies[i], static_cast<double>(offers.size()));
  }
  ++window_;
  return figures;
}

void JointGame::close_window(std::size_t i, const GameFigures& figures, const Tally& tally, double offers) {
  Campaign& state = states_[i];
  const double grain = 0.05 * world_.campaigns[i].budget / kGameWindows;
  state.state.spent_log_before = state.state.spent_log;
  state.state.spent_log = std::log((figures.cost[i] + grain) / (state.planned + grain));
  state.state.win_rate = tally.wins / offers;
  state.day_values += tally.values;
  state.day_offers += offers;
  state.state.value_log = log_ratio(tally.values / offers, state.day_values / state.day_offers);
  state.state.price_log = tally.wins > 0 ? log_ratio(figures.cost[i] / tally.wins, kTypicalPrice) : 0;
  state.log_sum *= kForget;
  state.log_squares *= kForget;
  state.weight *= kForget;
  state.naive_mu = loops_[i].update({.spent = figures.cost[i],
                                     .planned = state.planned,
                                     .win_rate = state.state.win_rate});
}

}  // namespace bandstand::experiments
