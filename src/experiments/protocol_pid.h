// protocol_pid: eCPC held to a reference by a PID over rounds, as in Zhang et al., "Feedback Control of
// Real-Time Display Advertising", WSDM 2016; and the figures by which a controller is judged there.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "experiments/bidding_data.h"
#include "experiments/bidding_replay.h"

namespace bandstand::experiments {

struct PidProtocol {
  double reference = 40'000;  ///< eCPC
  int rounds = 40;
  double base_bid = 69;
  double least_bid = 5;
  double first_bid = 1000;  ///< of every auction of round 0
  double p = 5e-4;
  double i = 1e-6;
  double d = 1e-4;
  double phi_min = -2;
  double phi_max = 5;
  Ties ties = Ties::lose;
};

struct PidRound {
  double ecpc = 0;  ///< cost so far / (clicks so far + 1)
  double phi = 0;   ///< that was in force in this round
  std::int64_t clicks = 0;
  double click_ratio = 0;  ///< clicks so far / all clicks of the file
  double win_ratio = 0;    ///< wins so far / all auctions of the file
  std::int64_t cost = 0;
};

/// bid = max(5, int(theta * 69 / mean theta) * exp(phi)). The auctions are cut into equal rounds.
std::vector<PidRound> run_pid_protocol(std::span<const RecordedAuction> auctions,
                                       const PidProtocol& protocol);

/// Rise time: first round (after round 0, which is not controlled) within 10 % of the reference; settling
/// time: first round from which on the error stays within 10 %; -1: never. The rest relative to the
/// reference: overshoot is the largest excess after the rise, RMSE and SD are over the settled part.
struct ControlFigures {
  int rise_round = -1;
  int settling_round = -1;
  double overshoot = 0;
  double rmse_settled = 0;
  double sd_settled = 0;
};
ControlFigures measure_control(std::span<const PidRound> rounds, double reference);

}  // namespace bandstand::experiments
