// protocol_shading: one value, many bids.
#include "experiments/protocol_shading.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>

#include "agents/bid/context_landscape.h"
#include "agents/bid/landscape.h"
#include "agents/bid/landscape_estimator.h"
#include "agents/bid/win_model.h"
#include "base/rng.h"

namespace bandstand::experiments {
namespace {

namespace bid = agents::bid;

constexpr int kReestimateEvery = 500;
constexpr std::size_t kBlock = 1000;

/// An impression is worth `unit` times its predicted rate.
struct Market {
  std::span<const RecordedAuction> auctions;
  double unit;
  double clairvoyant;
};

using BidOf = std::function<std::int64_t(double value)>;
using Learn = std::function<void(std::int64_t bid, std::int64_t price)>;

/// Features of an auction that are known before the bid: how its predicted rate compares with the mean of the training days (17 steps
/// of a quarter in ln), and the mean price of the last notices (8 steps of a third in ln).
class ShadingContext {
 public:
  static constexpr std::uint32_t kRates = 17, kPrices = 8;
  ShadingContext(double theta_mean, double cost_mean) : theta_mean_(theta_mean), cost_mean_(cost_mean), recent_(cost_mean) {}
  struct Features {
    std::uint32_t rate = 0;
    std::array<std::uint32_t, 1> price{};
  };
  [[nodiscard]] Features features(double theta) const {
    const auto step = [](double ratio, double width, std::uint32_t count) {
      const double middle = count / 2;
      const double at = ratio > 0 ? std::floor(std::log(ratio) / width + 0.5) + middle : 0;
      return static_cast<std::uint32_t>(std::clamp(at, 0.0, static_cast<double>(count - 1)));
    };
    return {step(theta / theta_mean_, 0.25, kRates), {step(recent_ / cost_mean_, 1.0 / 3, kPrices)}};
  }
  void notice(std::int64_t price) { recent_ += 0.05 * (static_cast<double>(price) - recent_); }

 private:
  double theta_mean_, cost_mean_, recent_;
};

ShadingRow replay(const std::string& policy, const Market& market, const BidOf& bid_of,
                  const Learn& learn = {}) {
  ShadingRow row{.policy = policy};
  double paid = 0;
  double wins = 0;
  double surplus = 0;
  std::size_t seen = 0;
  for (const RecordedAuction& auction : market.auctions) {
    if (seen++ % kBlock == 0) row.blocks.push_back(0);
    const double value = market.unit * auction.theta;
    const std::int64_t amount = std::min<std::int64_t>(kPriceMax, bid_of(value));
    if (amount >= auction.price) {
      ++wins;
      paid += static_cast<double>(amount);
      surplus += value - static_cast<double>(amount);
      row.blocks.back() += (value - static_cast<double>(amount)) / market.clairvoyant;
    }
    if (learn) learn(amount, auction.price);
  }
  row.surplus_share = surplus / market.clairvoyant;
  row.mean_paid = wins > 0 ? paid / wins : 0;
  row.win_rate = wins / static_cast<double>(market.auctions.size());
  return row;
}

/// Moments of ln price in the training law, price 0 left out.
bid::Landscape log_normal_law(const bid::Landscape& law) {
  double weight = 0;
  double sum = 0;
  double squares = 0;
  for (int z = 1; z <= kPriceMax; ++z) {
    const double log_price = std::log(z);
    weight += law.mass(z);
    sum += law.mass(z) * log_price;
    squares += law.mass(z) * log_price * log_price;
  }
  const double mean = sum / weight;
  const double deviation = std::sqrt(squares / weight - mean * mean);
  std::vector<double> mass(kPriceMax + 1);
  double before = 0;
  for (int z = 1; z <= kPriceMax; ++z) {
    const double win = 0.5 * std::erfc(-(std::log(z) - mean) / deviation / std::numbers::sqrt2);
    mass[static_cast<std::size_t>(z)] = win - before;
    before = win;
  }
  mass[kPriceMax] += 1 - before;
  return {law.grid(), mass};
}

bid::WinModel fit_win_model(const CampaignInfo& info, const bid::Landscape& law, base::Rng& rng) {
  bid::WinModel model(1, info.cost_mean(), {});
  const std::array<double, 1> x{1};
  for (int i = 0; i < 50'000; ++i) {
    const auto amount = static_cast<std::int64_t>(1 + rng.below(kPriceMax));
    if (rng.chance(law.win_probability(amount))) {
      model.observe_win(x, static_cast<double>(amount));
    } else {
      model.observe_loss(x, static_cast<double>(amount));
    }
  }
  return model;
}

/// Starts with a flat law and bids what the present estimate says.
ShadingRow replay_online(const std::string& policy, const Market& market, bool notices) {
  bid::LandscapeEstimator estimator(bid::PriceGrid::linear(1, kPriceMax + 1), {},
                                    {.decay = 0.98, .prior_weight = 20});
  bid::Landscape law = estimator.estimate();
  int seen = 0;
  return replay(
      policy, market, [&law](double value) { return law.best_first_price_bid(value).bid; },
      [&](std::int64_t placed, std::int64_t price) {
        if (notices) {
          estimator.observe_price(price);
        } else if (placed >= price) {
          estimator.observe_win(placed);
        } else {
          estimator.observe_loss(placed);
        }
        if (++seen % kReestimateEvery != 0) return;
        law = estimator.estimate();
        estimator.decay();
      });
}

/// As replay_online, with a law for each step of the predicted rate and a shift by the prices of late.
ShadingRow replay_context(const std::string& policy, const Market& market, const CampaignInfo& info, bool notices) {
  bid::ContextLandscapeLearner learner(bid::PriceGrid::linear(1, kPriceMax + 1), ShadingContext::kRates, ShadingContext::kPrices,
                                       {.cell = {.decay = 0.98}});
  ShadingContext context(info.theta_mean(), info.cost_mean());
  bid::ContextLandscape law = learner.publish();
  ShadingContext::Features now;
  int seen = 0;
  return replay(
      policy, market,
      [&](double value) {
        now = context.features(value / market.unit);
        return law.best_first_price_bid({now.rate, now.price}, value).bid;
      },
      [&](std::int64_t placed, std::int64_t price) {
        const bid::PriceContext at{now.rate, now.price};
        if (notices) {
          learner.observe_price(at, price);
          context.notice(price);
        } else if (placed >= price) {
          learner.observe_win(at, placed);
        } else {
          learner.observe_loss(at, placed);
        }
        if (++seen % kReestimateEvery == 0) law = learner.publish();
      });
}

}  // namespace

std::vector<ShadingRow> run_shading_protocol(const CampaignInfo& info,
                                             std::span<const RecordedAuction> auctions, std::uint64_t seed) {
  const std::vector<double> mass = info.price_law();
  const bid::Landscape law(bid::PriceGrid::linear(1, kPriceMax + 1), mass);
  const bid::Landscape log_normal = log_normal_law(law);
  base::Rng rng(seed);
  const bid::WinModel model = fit_win_model(info, law, rng);

  double theta_mean = 0;
  for (const RecordedAuction& auction : auctions)
    theta_mean += auction.theta / static_cast<double>(auctions.size());

  std::vector<ShadingRow> rows;
  for (const double factor : {0.5, 1.0, 2.0, 4.0}) {
    Market market{auctions, factor * info.cost_mean() / theta_mean, 0};
    for (const RecordedAuction& auction : auctions) {
      market.clairvoyant += std::max(0.0, market.unit * auction.theta - auction.price);
    }
    std::vector<ShadingRow> here;
    here.push_back(replay("truthful", market, [](double value) { return static_cast<std::int64_t>(value); }));
    ShadingRow best;
    for (int per_cent = 5; per_cent < 100; per_cent += 5) {
      const auto scaled = [per_cent](double value) {
        return static_cast<std::int64_t>(value * per_cent / 100);
      };
      const ShadingRow row = replay("best_factor", market, scaled);
      if (row.surplus_share > best.surplus_share) best = row;
    }
    here.push_back(best);
    here.push_back(
        replay("empirical", market, [&](double value) { return law.best_first_price_bid(value).bid; }));
    here.push_back(replay("log_normal", market,
                          [&](double value) { return log_normal.best_first_price_bid(value).bid; }));
    here.push_back(replay("log_logistic", market, [&](double value) {
      const std::array<double, 1> x{1};
      return static_cast<std::int64_t>(std::llround(model.best_first_price_bid(x, value)));
    }));
    here.push_back(replay_online("online_notices", market, true));
    here.push_back(replay_online("online_blind", market, false));
    here.push_back(replay_context("context_notices", market, info, true));
    here.push_back(replay_context("context_blind", market, info, false));
    for (ShadingRow& row : here) row.value_factor = factor;
    rows.insert(rows.end(), here.begin(), here.end());
  }
  return rows;
}

}  // namespace bandstand::experiments
