// pacing_day: a day's market.
#include "experiments/pacing_day.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace bandstand::experiments {
namespace {

namespace budget = agents::budget;

constexpr int kMinutesPerWindow = 15;

}  // namespace

Day make_day(std::span<const RecordedAuction> auctions, const DayCondition& condition, double budget_amount,
             int windows) {
  Day day;
  day.auctions.assign(auctions.begin(), auctions.end());
  day.budget = budget_amount;
  day.reaction = condition.reaction;
  for (std::size_t i = day.auctions.size() / 2; i < day.auctions.size(); ++i) {
    day.auctions[i].price =
        static_cast<std::int32_t>(std::lround(day.auctions[i].price * condition.price_shock));
  }
  std::vector<double> shares(static_cast<std::size_t>(windows), 1.0);
  for (int k = 0; k < windows && condition.diurnal; ++k) {
    shares[static_cast<std::size_t>(k)] =
        1 + 0.85 * std::sin(2 * std::numbers::pi * (k - 0.375 * windows) / windows);
  }
  day.traffic = budget::SpendPlan(shares);
  const auto size = static_cast<double>(day.auctions.size());
  for (int k = 0; k < windows; ++k) {
    const double done = 1 - day.traffic.share_from(k + 1);
    day.window_ends.push_back(static_cast<std::size_t>(std::llround(done * size)));
  }
  const EpisodeResult best = knapsack(day.auctions, static_cast<std::int64_t>(budget_amount), &day.lambda);
  day.optimum = best.expected_clicks;
  day.win_share = static_cast<double>(best.impressions) / size;
  return day;
}

DayOutcome run_day(const Day& day, Pacer& pacer, Ties ties, base::Rng& rng) {
  DayOutcome run;
  const int windows = day.traffic.windows();
  std::vector<double> spend(day.window_ends.size());
  std::int64_t left = static_cast<std::int64_t>(day.budget);
  std::size_t at = 0;
  double rivals = 1;
  for (int k = 0; k < windows; ++k) {
    const std::size_t begin = at;
    const std::size_t end = day.window_ends[static_cast<std::size_t>(k)];
    const double mu =
        pacer.start_window(k, static_cast<double>(left), static_cast<double>(day.auctions.size() - at));
    double wins = 0;
    for (int minute = 0; minute < kMinutesPerWindow; ++minute) {
      const std::size_t minute_end =
          begin + (end - begin) * static_cast<std::size_t>(minute + 1) / kMinutesPerWindow;
      const double spent = day.budget - static_cast<double>(left);
      const double share = static_cast<double>(at) / static_cast<double>(day.auctions.size());
      const double pass = pacer.pass_through(spent, share);
      for (; at < minute_end; ++at) {
        RecordedAuction auction = day.auctions[at];
        if (day.reaction > 0) auction.price = static_cast<std::int32_t>(std::lround(auction.price * rivals));
        if (pass < 1 && !rng.chance(pass)) continue;
        const auto wanted = static_cast<std::int64_t>(std::min<double>(kDayBidMax, auction.theta / mu));
        const std::int64_t bid = std::min(wanted, left);
        const bool won = ties == Ties::win ? bid >= auction.price : bid > auction.price;
        if (won) {
          ++wins;
          left -= auction.price;
          spend[static_cast<std::size_t>(k)] += auction.price;
          ++run.result.impressions;
          run.result.clicks += auction.click ? 1 : 0;
          run.result.cost += auction.price;
          run.result.expected_clicks += auction.theta;
        }
        pacer.observe(auction.theta, bid, won, auction.price);
      }
    }
    const auto auctions = static_cast<double>(end - begin);
    if (auctions > 0)
      rivals = std::clamp(rivals * std::exp(day.reaction * (wins / auctions - day.win_share)), 0.5, 2.0);
    pacer.end_window(k, spend[static_cast<std::size_t>(k)], wins, auctions);
  }
  run.result.auctions = static_cast<std::int64_t>(day.auctions.size());
  run.pacing = budget::measure_pacing(spend, day.traffic, day.budget);
  return run;
}

}  // namespace bandstand::experiments
