// protocol_sam: eight rows.
#include "experiments/protocol_sam.h"

#include <cmath>
#include <functional>

namespace bandstand::experiments {
namespace {

struct SamPolicy {
  const char* name;
  double up;
  std::function<double(double)> bid;  ///< of the predicted rate
};

SamRow replay(const SamPolicy& policy, std::span<const RecordedAuction> test, double budget, double payoff,
              Ties ties) {
  SamRow row{.policy = policy.name, .budget = budget, .up = policy.up};
  for (const RecordedAuction& auction : test) {
    ++row.bids;
    const double price = auction.price + policy.up;
    const double bid = std::trunc(policy.bid(auction.theta));
    if (ties == Ties::lose ? bid > price : bid >= price) {
      ++row.impressions;
      row.clicks += auction.click ? 1 : 0;
      row.cost += price;
    }
    if (row.cost >= budget) break;
  }
  row.profit = static_cast<double>(row.clicks) * payoff - row.cost / 1000;
  return row;
}

}  // namespace

Loaded<std::vector<SamRow>> run_sam_protocol(std::span<const RecordedAuction> train,
                                             std::span<const RecordedAuction> test, Ties ties) {
  double thetas = 0;
  double prices = 0;
  double clicks = 0;
  for (const RecordedAuction& auction : train) {
    thetas += auction.theta;
    prices += auction.price;
    clicks += auction.click ? 1 : 0;
  }
  if (clicks == 0 || thetas == 0) return problem("--train: no click in it, so a click has no pay-off");
  const double base = thetas / static_cast<double>(train.size());
  const double payoff = 0.2 * (prices / clicks / 1000);
  double budget = 0;
  for (const RecordedAuction& auction : test) budget += auction.price;
  budget /= 16;

  // The parameters of the published run: 5, 75, 290, 25 and 7.1; l of w(b) = b / (b + l); the two mark-ups.
  const double l = 32;
  const auto ortb = [l](double value) { return std::sqrt(value * l + l * l) - l; };
  const auto sam1 = [base](double theta) { return theta * 25 / base; };
  const auto sam2 = [=](double theta) { return ortb(payoff * 1000 * theta * 7.1); };
  const SamPolicy policies[] = {
      {"const", 0, [](double) { return 5.0; }},
      {"truth", 0, [=](double theta) { return payoff * 1000 * theta; }},
      {"lin", 0, [=](double theta) { return theta * 75 / base; }},
      {"ortb", 0, [=](double theta) { return ortb(theta * 290 / base); }},
      {"sam1", 0, sam1},
      {"sam1c", 8.2433, sam1},
      {"sam2", 0, sam2},
      {"sam2c", 0.7942, sam2},
  };
  std::vector<SamRow> rows;
  for (const SamPolicy& policy : policies) rows.push_back(replay(policy, test, budget, payoff, ties));
  return rows;
}

}  // namespace bandstand::experiments
