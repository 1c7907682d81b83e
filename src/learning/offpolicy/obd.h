// obd: the Open Bandit Dataset (Saito, Aihara, Matsutani, Narita, 2021), and the policy that played
// half of it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "learning/offpolicy/csv_rows.h"
#include "learning/offpolicy/rounds.h"

namespace bandstand::learning {

inline constexpr std::size_t kObdPositions = 3;

struct ObdLog {
  Rounds rounds =
      {};  ///< action: item; reward: click; features: position and the four user features, one-hot
  std::vector<std::uint8_t> position = {};  ///< 0..2
};

/// Files of one campaign, read as one log. `actions` is the largest item + 1.
Loaded<ObdLog> load_obd(std::span<const std::string> paths);

struct BetaPrior {
  std::vector<double> alpha = {};
  std::vector<double> beta = {};
};

/// One campaign ("men") of prior_bts.yaml.
Loaded<BetaPrior> load_obd_prior(const std::string& path, const std::string& campaign);

/// Bernoulli Thompson sampling: theta_i ~ Beta(alpha_i, beta_i), the three largest are shown, the largest
/// first. Returns pi(item, position) by `draws` simulations, kObdPositions x items. 100,000 draws of 34 items
/// take 0.4 s.
std::vector<double> thompson_positions(const BetaPrior& prior, int draws, std::uint64_t seed);

/// A policy that depends on the position alone, in the rounds of a log. `table` is kObdPositions x items.
PolicyColumns in_rounds(const ObdLog& log, std::span<const double> table);

}  // namespace bandstand::learning
