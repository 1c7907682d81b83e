// protocol_shading: one value, many bids.
#include "experiments/protocol_shading.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>
#include <unordered_map>

#include "agents/bid/context_landscape.h"
#include "agents/bid/landscape.h"
#include "agents/bid/landscape_estimator.h"
#include "agents/bid/win_model.h"
#include "base/input.h"
#include "base/rng.h"
#include "base/words.h"

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

/// Features of an auction that are known before the bid: how its predicted rate compares with the mean of the
/// training days (17 steps of a quarter in ln), and the mean price of the last notices (8 steps of a third in
/// ln).
class ShadingContext {
 public:
  static constexpr std::uint32_t kRates = 17, kPrices = 8;
  ShadingContext(double theta_mean, double cost_mean)
      : theta_mean_(theta_mean), cost_mean_(cost_mean), recent_(cost_mean) {}
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

/// The best constant share of the value in hindsight, in steps of a twentieth.
ShadingRow best_factor(const Market& market) {
  ShadingRow best;
  for (int per_cent = 5; per_cent < 100; per_cent += 5) {
    const ShadingRow row = replay("best_factor", market, [per_cent](double value) {
      return static_cast<std::int64_t>(value * per_cent / 100);
    });
    if (best.policy.empty() || row.surplus_share > best.surplus_share) best = row;
  }
  return best;
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
ShadingRow replay_context(const std::string& policy, const Market& market, const CampaignInfo& info,
                          bool notices) {
  bid::ContextLandscapeLearner learner(bid::PriceGrid::linear(1, kPriceMax + 1), ShadingContext::kRates,
                                       ShadingContext::kPrices, {.cell = {.decay = 0.98}});
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
    here.push_back(best_factor(market));
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

Loaded<FeaturedAuctions> load_featured_auctions(const std::string& path) {
  auto reader = base::LineReader::open(path);
  if (!reader) return problem(path + ": " + reader.error().what);
  FeaturedAuctions data;
  std::unordered_map<std::uint32_t, std::uint32_t> number_of;
  std::string_view line;
  for (;;) {
    const auto more = reader->next(line);
    const auto at = [&] { return path + ":" + std::to_string(reader->number()) + ": "; };
    if (!more) return problem(at() + more.error().what);
    if (!*more) break;
    std::string_view rest = line;
    FeaturedAuction auction;
    base::next_word(rest);
    if (!base::read_number(base::next_word(rest), auction.price) || auction.price < 0 ||
        auction.price > kPriceMax)
      return problem(at() + "field 2 (price): not an integer from 0 to " + std::to_string(kPriceMax));
    for (std::string_view word = base::next_word(rest); !word.empty(); word = base::next_word(rest)) {
      std::uint32_t id = 0;
      if (!base::read_number(word.substr(0, word.find(':')), id))
        return problem(at() + "features: expected id:1");
      auction.features.push_back(
          number_of.emplace(id, static_cast<std::uint32_t>(number_of.size())).first->second);
    }
    data.auctions.push_back(std::move(auction));
  }
  if (data.auctions.empty()) return problem(path + ": no auctions in it");
  data.features = number_of.size();
  return data;
}

namespace {

/// Shades by a law for each step of what a shift by features predicts.
class FeatureShader {
 public:
  FeatureShader(std::size_t features, int every)
      : shift_(grid(), 1, features, {.cell = {.decay = 1}}),
        cells_(grid(), kCells, 1, {.cell = {.decay = 1}}),
        shift_law_(shift_.publish()),
        cell_law_(cells_.publish()),
        every_(every) {}
  std::int64_t bid(bid::ActiveFeatures x, double value) {
    cell_ = static_cast<std::uint32_t>(
        std::clamp(std::floor(shift_law_.shift(x) / kStep) + kCells / 2, 0.0, kCells - 1.0));
    return cell_law_.best_first_price_bid({cell_, {}}, value).bid;
  }
  void notice(bid::ActiveFeatures x, std::int64_t price) {
    shift_.observe_price({0, x}, price);
    cells_.observe_price({cell_, {}}, price);
    if (++seen_ % every_ != 0) return;
    shift_law_ = shift_.publish();
    cell_law_ = cells_.publish();
  }

 private:
  static constexpr std::uint32_t kCells = 16;
  static constexpr double kStep = 0.5;
  static bid::PriceGrid grid() { return bid::PriceGrid::linear(1, kPriceMax + 1); }
  bid::ContextLandscapeLearner shift_;
  bid::ContextLandscapeLearner cells_;
  bid::ContextLandscape shift_law_;
  bid::ContextLandscape cell_law_;
  std::uint32_t cell_ = 0;
  int every_;
  int seen_ = 0;
};

}  // namespace

std::vector<ShadingRow> run_shading_features(const FeaturedAuctions& data, std::uint64_t seed, int seeds) {
  double mean_price = 0;
  for (const FeaturedAuction& auction : data.auctions)
    mean_price += static_cast<double>(auction.price) / static_cast<double>(data.auctions.size());
  std::vector<ShadingRow> rows;
  for (const double factor : {0.5, 1.0, 2.0, 4.0}) {
    std::vector<ShadingRow> here;
    for (int i = 0; i < seeds; ++i) {
      base::Rng rng(seed + static_cast<std::uint64_t>(i));
      std::vector<RecordedAuction> auctions;  // theta is the value, the unit 1
      Market market{{}, 1, 0};
      for (const FeaturedAuction& auction : data.auctions) {
        const double value = factor * mean_price * std::exp(0.5 * rng.normal() - 0.125);
        auctions.push_back({value, auction.price, false});
        market.clairvoyant += std::max(0.0, value - auction.price);
      }
      market.auctions = auctions;
      std::vector<ShadingRow> now;
      now.push_back(
          replay("truthful", market, [](double value) { return static_cast<std::int64_t>(value); }));
      now.push_back(best_factor(market));
      now.push_back(replay_online("online_notices", market, true));
      FeatureShader shader(data.features, kReestimateEvery);
      std::size_t at = 0;
      now.push_back(replay(
          "context_notices", market,
          [&](double value) { return shader.bid(data.auctions[at].features, value); },
          [&](std::int64_t, std::int64_t price) { shader.notice(data.auctions[at++].features, price); }));
      here.resize(now.size());
      for (std::size_t k = 0; k < now.size(); ++k) {
        const double share = 1.0 / seeds;
        here[k].policy = now[k].policy;
        here[k].value_factor = factor;
        here[k].surplus_share += share * now[k].surplus_share;
        here[k].mean_paid += share * now[k].mean_paid;
        here[k].win_rate += share * now[k].win_rate;
        here[k].blocks.push_back(now[k].surplus_share);
      }
    }
    rows.insert(rows.end(), here.begin(), here.end());
  }
  return rows;
}

}  // namespace bandstand::experiments
