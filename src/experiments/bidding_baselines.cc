// bidding_baselines: bidders whose formula does not look at its own spend, and RLB, which looks at nothing
// else.
#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/rng.h"
#include "experiments/bidding_policies.h"
#include "experiments/tabular_q.h"

namespace bandstand::experiments {
namespace {

class ConstantBidder final : public Bidder {
 public:
  explicit ConstantBidder(std::int64_t bid) : bid_(bid) {}
  std::int64_t bid(const BidSituation&) override { return bid_; }

 private:
  std::int64_t bid_;
};

/// Uniform on 0..highest.
class RandomBidder final : public Bidder {
 public:
  RandomBidder(std::int64_t highest, std::uint64_t seed) : highest_(highest), rng_(seed) {}
  std::int64_t bid(const BidSituation&) override {
    return static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(highest_) + 1));
  }

 private:
  std::int64_t highest_;
  base::Rng rng_;
};

/// int(theta * numerator / denominator): MCPC with cost and clicks of training, LIN with b0 and the mean
/// rate. One division, as in the published programs: another order of operations moves a few bids by one.
class LinearBidder final : public Bidder {
 public:
  LinearBidder(double numerator, double denominator) : numerator_(numerator), denominator_(denominator) {}
  std::int64_t bid(const BidSituation& situation) override {
    return static_cast<std::int64_t>(situation.theta * numerator_ / denominator_);
  }

 private:
  double numerator_;
  double denominator_;
};

class OrtbBidder final : public Bidder {
 public:
  using Formula = double (*)(double, double, double);
  OrtbBidder(Formula formula, double c, double lambda) : formula_(formula), c_(c), lambda_(lambda) {}
  std::int64_t bid(const BidSituation& situation) override {
    return static_cast<std::int64_t>(formula_(situation.theta, c_, lambda_));
  }

 private:
  Formula formula_;
  double c_;
  double lambda_;
};

class RlbBidder final : public Bidder {
 public:
  /// `fixed_value` >= 0: the same value for every impression (SS-MDP).
  RlbBidder(const RlbTable& table, double fixed_value) : table_(&table), fixed_value_(fixed_value) {}
  std::int64_t bid(const BidSituation& situation) override {
    const double value = fixed_value_ >= 0 ? fixed_value_ : situation.theta;
    return table_->bid(value, situation.budget_left, situation.auctions_left);
  }

 private:
  const RlbTable* table_;
  double fixed_value_;
};

/// lambda at which the formula's bid for the mean rate is `target`: the bid falls as lambda rises.
double solve_ortb_lambda(OrtbBidder::Formula formula, double theta, double c, double target) {
  double low = 1e-12;
  double high = 1e3;
  for (int i = 0; i < 100; ++i) {
    const double lambda = std::sqrt(low * high);
    (formula(theta, c, lambda) > target ? low : high) = lambda;
  }
  return std::sqrt(low * high);
}

std::unique_ptr<Bidder> make_ortb(OrtbBidder::Formula formula, int power, const PolicySetup& setup,
                                  std::int64_t typical_bid) {
  const double c = fit_ortb_c(*setup.law, power);
  const double lambda =
      solve_ortb_lambda(formula, setup.info->theta_mean(), c, static_cast<double>(typical_bid));
  return std::make_unique<OrtbBidder>(formula, c, lambda);
}

std::int64_t random_ceiling(const agents::bid::Landscape& law, double cost_per_auction) {
  double sum = 0;
  std::int64_t highest = 0;
  for (std::int64_t bid = 0; bid <= kPriceMax; ++bid) {
    sum += law.expected_cost(bid);
    if (sum / static_cast<double>(bid + 1) > cost_per_auction) break;
    highest = bid;
  }
  return std::max<std::int64_t>(1, highest);
}

}  // namespace

std::int64_t budget_bid(const agents::bid::Landscape& law, double cost_per_auction) {
  std::int64_t bid = 1;
  while (bid < kPriceMax && law.expected_cost(bid + 1) <= cost_per_auction) ++bid;
  return bid;
}

double fit_ortb_c(const agents::bid::Landscape& law, int power) {
  const auto loss = [&](double c) {
    double sum = 0;
    for (int b = 0; b <= kPriceMax; ++b) {
      const double up = std::pow(b, power);
      const double error = up / (std::pow(c, power) + up) - law.win_probability(b);
      sum += error * error;
    }
    return sum;
  };
  double low = 1;
  double high = 1000;
  const double golden = (std::sqrt(5.0) - 1) / 2;
  while (high - low > 1e-6) {
    const double left = high - golden * (high - low);
    const double right = low + golden * (high - low);
    (loss(left) < loss(right) ? high : low) = loss(left) < loss(right) ? right : left;
  }
  return (low + high) / 2;
}

double ortb1_bid(double theta, double c, double lambda) { return std::sqrt(c * theta / lambda + c * c) - c; }

double ortb2_bid(double theta, double c, double lambda) {
  const double a = theta + std::sqrt(c * c * lambda * lambda + theta * theta);
  return c * (std::cbrt(a / (c * lambda)) - std::cbrt(c * lambda / a));
}

const std::vector<std::string>& bidder_names() {
  static const std::vector<std::string> names = {
      "const",       "random", "mcpc",   "lin",       "ortb1",
      "ortb2",       "rlb",    "ss_mdp", "tabular_q", "tabular_q_undiscounted",
      "textbook_pi", "pid",    "log_pi", "dual",      "mpc"};
  return names;
}

std::unique_ptr<Bidder> make_bidder(std::string_view name, const PolicySetup& setup) {
  const double rate = static_cast<double>(setup.budget) / static_cast<double>(setup.auctions);
  const std::int64_t typical = budget_bid(*setup.law, rate);
  if (name == "const") return std::make_unique<ConstantBidder>(typical);
  if (name == "random") return std::make_unique<RandomBidder>(random_ceiling(*setup.law, rate), setup.seed);
  if (name == "mcpc") {
    return std::make_unique<LinearBidder>(
        static_cast<double>(setup.info->cost) / static_cast<double>(setup.info->clicks), 1);
  }
  if (name == "lin") return std::make_unique<LinearBidder>(setup.lin_b0, setup.info->theta_mean());
  if (name == "ortb1") return make_ortb(ortb1_bid, 1, setup, typical);
  if (name == "ortb2") return make_ortb(ortb2_bid, 2, setup, typical);
  if (name == "rlb" || name == "ss_mdp") {
    BANDSTAND_CHECK(setup.rlb != nullptr);
    return std::make_unique<RlbBidder>(*setup.rlb, name == "rlb" ? -1.0 : setup.info->theta_mean());
  }
  if (name == "tabular_q") return make_tabular_q(setup, {});
  if (name == "tabular_q_undiscounted") return make_tabular_q(setup, {.discount = 1});
  return make_paced_bidder(name, setup);
}

}  // namespace bandstand::experiments
