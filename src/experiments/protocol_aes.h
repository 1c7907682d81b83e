// protocol_aes: composited creatives with known rates: how many clicks each policy loses against who knows the best one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "experiments/creative_bandit.h"
#include "experiments/creative_tables.h"

namespace bandstand::experiments {

struct AesProtocol {
  std::int64_t batch = 1000;  ///< feedback and models come so many impressions apart
  std::vector<std::int64_t> horizons = {50'000, 1'000'000};  ///< rising
};

/// Regret up to each horizon: sum of (best rate - rate shown) / (best rate x impressions). All policies of a seed see the same
/// chances: impression i is clicked if its number is below the rate of what is shown.
std::vector<double> run_aes(const CreativeTable& table, CreativeBandit& bandit, std::uint64_t seed,
                            const AesProtocol& protocol);

}  // namespace bandstand::experiments
