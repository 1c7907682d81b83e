// protocol_aes: batches of impressions, one policy.
#include "experiments/protocol_aes.h"

#include <algorithm>

namespace bandstand::experiments {

std::vector<double> run_aes(const CreativeTable& table, CreativeBandit& bandit, std::uint64_t seed,
                            const AesProtocol& protocol) {
  struct Shown {
    std::uint32_t arm;
    bool clicked;
  };
  base::Rng traffic(base::mix64(seed));
  base::Rng chance(base::mix64(seed ^ 0xC0FFEE));
  const double best = *std::max_element(table.rates.begin(), table.rates.end());
  std::vector<Shown> batch;
  batch.reserve(static_cast<std::size_t>(protocol.batch));
  std::vector<double> regrets;
  double lost = 0;
  std::int64_t n = 0;
  for (const std::int64_t horizon : protocol.horizons) {
    for (; n < horizon; ++n) {
      if (n % protocol.batch == 0) {
        for (const Shown& shown : batch) bandit.learn(0, shown.arm, shown.clicked);
        batch.clear();
        bandit.refresh();
      }
      const std::uint32_t arm = bandit.choose(0, chance).arm;
      lost += best - table.rates[arm];
      batch.push_back({arm, traffic.uniform() < table.rates[arm]});
    }
    regrets.push_back(lost / (best * static_cast<double>(horizon)));
  }
  return regrets;
}

}  // namespace bandstand::experiments
