// won_calibration: two passes over outcomes: curves, then sums.
#include "app/won_calibration.h"

#include <algorithm>
#include <numeric>

#include "domain/vocabulary.h"
#include "learning/response/calibration.h"

namespace bandstand::app {
namespace {

bool counts(const domain::Outcome& outcome) {
  const domain::BidFacts& facts = outcome.facts;
  const bool clean = !outcome.suspicious && !facts.suspicious && !facts.test;
  return outcome.kind == domain::Outcome::Kind::response && outcome.won && clean;
}

std::vector<std::string> parts_of(const domain::BidFacts& facts, double low, double high) {
  const auto rate = static_cast<double>(facts.click_rate);
  return {"all", std::string("device ") + domain::name_of(static_cast<domain::DeviceType>(facts.device)),
          "exchange " + std::to_string(facts.exchange),
          "size " + std::to_string(facts.size.w) + "x" + std::to_string(facts.size.h),
          rate < low    ? "rate low"
          : rate < high ? "rate middle"
                        : "rate high"};
}

}  // namespace

WonCalibration won_calibration(std::span<const domain::Outcome> outcomes, base::WallTime from, base::WallTime judge_from,
                               base::WallTime to) {
  std::vector<double> fit_p, judged_p;
  std::vector<std::uint8_t> fit_y;
  for (const domain::Outcome& outcome : outcomes) {
    const base::WallTime at = outcome.facts.at_time;
    if (!counts(outcome) || at < from || at >= to) continue;
    const auto p = static_cast<double>(outcome.facts.click_rate);
    if (at >= judge_from) {
      judged_p.push_back(p);
    } else {
      fit_p.push_back(p);
      fit_y.push_back(outcome.clicked);
    }
  }
  const learning::Platt platt = learning::fit_platt(fit_p, fit_y);
  const learning::Isotonic isotonic = learning::fit_isotonic(fit_p, fit_y);
  const double low = experiments::quantile(judged_p, 1.0 / 3), high = experiments::quantile(judged_p, 2.0 / 3);
  WonCalibration out;
  for (const domain::Outcome& outcome : outcomes) {
    const base::WallTime at = outcome.facts.at_time;
    if (!counts(outcome) || at < judge_from || at >= to) continue;
    const auto p = static_cast<double>(outcome.facts.click_rate);
    for (const std::string& part : parts_of(outcome.facts, low, high)) {
      Promised& sums = out[part];
      ++sums.impressions;
      sums.clicks += outcome.clicked;
      sums.served += p;
      sums.platt += platt(p);
      sums.isotonic += isotonic(p);
    }
  }
  return out;
}

experiments::Interval ratio_of_sums(std::span<const double> promised, std::span<const double> seen) {
  const double clicks = std::accumulate(seen.begin(), seen.end(), 0.0);
  if (!(clicks > 0)) return {1, 1, 1};
  const double ratio = std::accumulate(promised.begin(), promised.end(), 0.0) / clicks;
  std::vector<double> rests;  // each world's share of the error: their mean is 0, the interval's half width is that of the ratio
  const auto worlds = static_cast<double>(seen.size());
  for (std::size_t i = 0; i < seen.size(); ++i) rests.push_back(worlds * (promised[i] - ratio * seen[i]) / clicks);
  const experiments::Interval rest = experiments::mean_interval(rests);
  return {ratio, ratio + rest.low - rest.value, ratio + rest.high - rest.value};
}

}  // namespace bandstand::app
