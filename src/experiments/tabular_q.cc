// tabular_q: 20 x 20 x 6 states, 17 bids.
#include "experiments/tabular_q.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/check.h"
#include "base/rng.h"
#include "experiments/statistics.h"

namespace bandstand::experiments {
namespace {

constexpr int kBudgetBuckets = 20;
constexpr int kTimeBuckets = 20;
constexpr int kThetaBuckets = 6;
constexpr std::array<std::int64_t, 17> kBids = {0,  5,   10,  15,  20,  30,  40,  50, 60,
                                                80, 100, 120, 150, 180, 220, 260, 300};

class TabularQ final : public Bidder {
 public:
  TabularQ(const PolicySetup& setup, TabularQOptions options)
      : options_(options),
        rng_(setup.seed),
        q_(kBudgetBuckets * kTimeBuckets * kThetaBuckets * kBids.size()) {
    std::vector<double> thetas;
    for (const RecordedAuction& auction : setup.head_start) thetas.push_back(auction.theta);
    BANDSTAND_CHECK(!thetas.empty());
    for (std::size_t i = 0; i < cuts_.size(); ++i) {
      cuts_[i] = quantile(thetas, static_cast<double>(i + 1) / kThetaBuckets);
    }
    budget_ = setup.budget;
    auctions_ = setup.auctions;
    train(setup, thetas);
  }

  void start_episode(std::int64_t budget, std::int64_t auctions) override {
    budget_ = budget;
    auctions_ = auctions;
  }
  std::int64_t bid(const BidSituation& situation) override { return kBids[best(state_of(situation))]; }

 private:
  [[nodiscard]] std::size_t state_of(const BidSituation& s) const {
    const auto bucket = [](std::int64_t left, std::int64_t whole, int buckets) {
      return static_cast<std::size_t>(
          std::clamp<std::int64_t>(left * buckets / std::max<std::int64_t>(1, whole), 0, buckets - 1));
    };
    const auto theta =
        static_cast<std::size_t>(std::upper_bound(cuts_.begin(), cuts_.end(), s.theta) - cuts_.begin());
    return (bucket(s.budget_left, budget_, kBudgetBuckets) * kTimeBuckets +
            bucket(s.auctions_left, auctions_, kTimeBuckets)) *
               kThetaBuckets +
           theta;
  }
  [[nodiscard]] std::size_t best(std::size_t state) const {
    const double* row = q_.data() + state * kBids.size();
    return static_cast<std::size_t>(std::max_element(row, row + kBids.size()) - row);
  }

  void train(const PolicySetup& setup, const std::vector<double>& thetas) {
    // Prices by the alias of an inverse: one draw of a table of quantiles is enough for a simulated market.
    std::vector<std::int64_t> prices(4096);
    for (std::size_t i = 0; i < prices.size(); ++i) {
      const double u = (static_cast<double>(i) + 0.5) / static_cast<double>(prices.size());
      std::int64_t z = i == 0 ? 0 : prices[i - 1];
      while (z < kPriceMax && setup.law->win_probability(z) < u) ++z;
      prices[i] = z;
    }
    for (int episode = 0; episode < options_.training_episodes; ++episode) {
      BidSituation now{thetas[rng_.below(thetas.size())], budget_, auctions_};
      std::size_t state = state_of(now);
      while (now.auctions_left > 0) {
        const std::size_t action = rng_.chance(options_.exploration) ? rng_.below(kBids.size()) : best(state);
        const std::int64_t bid = std::min(kBids[action], now.budget_left);
        const std::int64_t price = prices[rng_.below(prices.size())];
        const bool won = bid >= price;
        const double reward = won ? now.theta : 0;
        now = {thetas[rng_.below(thetas.size())], now.budget_left - (won ? price : 0), now.auctions_left - 1};
        const std::size_t next = state_of(now);
        double& q = q_[state * kBids.size() + action];
        const double future = now.auctions_left > 0 ? q_[next * kBids.size() + best(next)] : 0;
        q += options_.learning_rate * (reward + options_.discount * future - q);
        state = next;
      }
    }
  }

  TabularQOptions options_;
  base::Rng rng_;
  std::vector<double> q_;
  std::array<double, kThetaBuckets - 1> cuts_{};
  std::int64_t budget_ = 0;
  std::int64_t auctions_ = 0;
};

}  // namespace

std::unique_ptr<Bidder> make_tabular_q(const PolicySetup& setup, TabularQOptions options) {
  return std::make_unique<TabularQ>(setup, options);
}

}  // namespace bandstand::experiments
