// pacing_day: the stream as one day of windows, even or with a daily curve, with or without a price shock at
// noon.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "agents/budget/pacing.h"
#include "base/rng.h"
#include "experiments/bidding_data.h"
#include "experiments/bidding_replay.h"
#include "experiments/pacers.h"

namespace bandstand::experiments {

inline constexpr int kDayWindows = 96;

/// How the day differs from an even one.
struct DayCondition {
  std::string name;
  bool diurnal = false;    ///< traffic 1 + 0.85 sin(2 pi (k - 36) / 96): 12 to 1 between peak and night
  double price_shock = 1;  ///< factor on prices from the middle of the stream on
  std::vector<double> deviations;  ///< lambda0 = (1 + deviation) * hindsight lambda
  /// Above 0: rivals react. All prices are multiplied by a factor that starts at 1 and after each window
  /// grows by exp(reaction * (share of its auctions that was won - share that the optimum wins in a day)),
  /// within a half and 2: who loses more than he would against the optimum bids more.
  double reaction = 0;
};

/// The day as its pacers meet it.
struct Day {
  std::vector<RecordedAuction> auctions;
  std::vector<std::size_t> window_ends;
  agents::budget::SpendPlan traffic = agents::budget::SpendPlan::even(1);
  double budget = 0;
  double reaction = 0;   ///< see DayCondition; the optimum is that of rivals who do not react
  double win_share = 0;  ///< of the optimum
  double lambda = 0;     ///< of the optimum in hindsight
  double optimum = 0;    ///< R*
};

/// `windows`: slices of the day, of equal length in time.
Day make_day(std::span<const RecordedAuction> auctions, const DayCondition& condition, double budget_amount,
             int windows = kDayWindows);

/// What a pacer made of a day.
struct DayOutcome {
  EpisodeResult result = {};
  agents::budget::PacingFigures pacing = {};
};
/// Second price; bids of at most kDayBidMax. `rng` decides who throttles.
DayOutcome run_day(const Day& day, Pacer& pacer, Ties ties, base::Rng& rng);

}  // namespace bandstand::experiments
