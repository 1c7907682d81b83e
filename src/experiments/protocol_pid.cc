// protocol_pid: rounds.
#include "experiments/protocol_pid.h"

#include <algorithm>
#include <cmath>

#include "agents/budget/pacing.h"

namespace bandstand::experiments {

std::vector<PidRound> run_pid_protocol(std::span<const RecordedAuction> auctions,
                                       const PidProtocol& protocol) {
  double theta_sum = 0;
  double clicks_all = 0;
  for (const RecordedAuction& auction : auctions) {
    theta_sum += auction.theta;
    clicks_all += auction.click ? 1 : 0;
  }
  const auto size = static_cast<double>(auctions.size());
  const double theta_mean = theta_sum / size;
  agents::budget::ZhangPid pid(protocol.reference, {.p = protocol.p,
                                                    .i = protocol.i,
                                                    .d = protocol.d,
                                                    .phi_min = protocol.phi_min,
                                                    .phi_max = protocol.phi_max});
  std::vector<PidRound> rounds;
  PidRound now;
  double wins = 0;
  for (int r = 0; r < protocol.rounds; ++r) {
    const auto whole = static_cast<std::size_t>(protocol.rounds);
    const std::size_t begin = auctions.size() * static_cast<std::size_t>(r) / whole;
    const std::size_t end = auctions.size() * static_cast<std::size_t>(r + 1) / whole;
    for (const RecordedAuction& auction : auctions.subspan(begin, end - begin)) {
      const double scaled = std::trunc(auction.theta * protocol.base_bid / theta_mean) * std::exp(now.phi);
      const double bid = r == 0 ? protocol.first_bid : std::max(protocol.least_bid, scaled);
      if (protocol.ties == Ties::lose ? bid > auction.price : bid >= auction.price) {
        ++wins;
        now.clicks += auction.click ? 1 : 0;
        now.cost += auction.price;
      }
    }
    now.ecpc = static_cast<double>(now.cost) / static_cast<double>(now.clicks + 1);
    now.click_ratio = clicks_all > 0 ? static_cast<double>(now.clicks) / clicks_all : 0;
    now.win_ratio = wins / size;
    rounds.push_back(now);
    now.phi = pid.update(now.ecpc);
  }
  return rounds;
}

ControlFigures measure_control(std::span<const PidRound> rounds, double reference) {
  ControlFigures figures;
  if (rounds.empty()) return figures;
  double overshoot = 0;
  for (std::size_t k = 1; k < rounds.size(); ++k) {
    const double error = rounds[k].ecpc - reference;
    const bool near = std::abs(error) <= 0.1 * reference;
    if (near && figures.rise_round < 0) figures.rise_round = static_cast<int>(k);
    if (figures.rise_round >= 0) overshoot = std::max(overshoot, error);
    if (!near) figures.settling_round = -1;
    if (near && figures.settling_round < 0) figures.settling_round = static_cast<int>(k);
  }
  figures.overshoot = overshoot / reference;
  if (figures.settling_round < 0) return figures;
  const auto settled = rounds.subspan(static_cast<std::size_t>(figures.settling_round));
  double sum = 0;
  double squares = 0;
  for (const PidRound& round : settled) {
    const double error = (round.ecpc - reference) / reference;
    sum += error;
    squares += error * error;
  }
  const auto n = static_cast<double>(settled.size());
  figures.rmse_settled = std::sqrt(squares / n);
  figures.sd_settled = std::sqrt(std::max(0.0, squares / n - sum * sum / (n * n)));
  return figures;
}

}  // namespace bandstand::experiments
