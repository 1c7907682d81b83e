// price_law: drawing from a law, and fitting one.
#include "simulation/price_law.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <numeric>

#include "base/check.h"

namespace bandstand::simulation {
namespace {

constexpr std::size_t kPrices = kLawPriceMax + 1;
constexpr std::size_t kGuide = 1024;
constexpr int kNeighbours = 4;       ///< on each side
constexpr double kSpikeTimes = 1.6;  ///< of the neighbours' median
constexpr double kSpikeShareMin = 0.004;
constexpr int kIterations = 400;

double normal_cumulative(double t) { return 0.5 * std::erfc(-t / std::numbers::sqrt2); }

/// P(rounded price <= z): the edge between z and z + 1 is z + 1/2.
double component_cumulative(const PriceComponent& component, int z) {
  if (z >= kLawPriceMax) return 1;
  return normal_cumulative((std::log(z + 0.5) - component.log_mean) / component.log_deviation);
}

/// Middle of a price's neighbours, itself left out.
double neighbours_median(std::span<const double> counts, int z) {
  std::vector<double> around;
  for (int other = std::max(0, z - kNeighbours); other <= std::min(kLawPriceMax, z + kNeighbours); ++other) {
    if (other != z) around.push_back(counts[static_cast<std::size_t>(other)]);
  }
  std::nth_element(around.begin(), around.begin() + static_cast<std::ptrdiff_t>(around.size() / 2),
                   around.end());
  return around[around.size() / 2];
}

/// Expectation maximisation on the logarithms of the prices (0 counts as 1/2).
std::vector<PriceComponent> fit_mixture(std::span<const double> counts, int size) {
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
  std::vector<double> logs(counts.size());
  for (std::size_t z = 0; z < logs.size(); ++z) logs[z] = std::log(std::max(0.5, static_cast<double>(z)));
  std::vector<PriceComponent> mixture(static_cast<std::size_t>(size));
  for (std::size_t c = 0; c < mixture.size(); ++c) {  // start at the quantiles
    const double rank = total * (static_cast<double>(c) + 0.5) / size;
    double below = 0;
    std::size_t z = 0;
    while (z + 1 < counts.size() && (below += counts[z]) < rank) ++z;
    mixture[c] = {1.0 / size, logs[z], 0.4};
  }
  std::vector<double> share(mixture.size());
  for (int iteration = 0; iteration < kIterations; ++iteration) {
    std::vector<double> weight(mixture.size());
    std::vector<double> sum(mixture.size());
    std::vector<double> squares(mixture.size());
    for (std::size_t z = 0; z < counts.size(); ++z) {
      if (counts[z] <= 0) continue;
      double whole = 1e-300;
      for (std::size_t c = 0; c < mixture.size(); ++c) {
        const double t = (logs[z] - mixture[c].log_mean) / mixture[c].log_deviation;
        whole += share[c] = mixture[c].share * std::exp(-0.5 * t * t) / mixture[c].log_deviation;
      }
      for (std::size_t c = 0; c < mixture.size(); ++c) {
        const double part = counts[z] * share[c] / whole;
        weight[c] += part;
        sum[c] += part * logs[z];
        squares[c] += part * logs[z] * logs[z];
      }
    }
    for (std::size_t c = 0; c < mixture.size(); ++c) {
      if (weight[c] <= 0) continue;
      const double mean = sum[c] / weight[c];
      const double variance = std::max(0.0025, squares[c] / weight[c] - mean * mean);
      mixture[c] = {weight[c] / total, mean, std::sqrt(variance)};
    }
  }
  return mixture;
}

}  // namespace

PriceLaw::PriceLaw(std::string name, std::vector<PriceSpike> spikes, std::vector<PriceComponent> components)
    : name_(std::move(name)),
      spikes_(std::move(spikes)),
      components_(std::move(components)),
      cumulative_(kPrices) {
  double sum = 0;
  for (const PriceSpike& spike : spikes_) {
    BANDSTAND_CHECK(spike.price >= 0 && spike.price <= kLawPriceMax && spike.share >= 0);
    sum += spike.share;
  }
  for (const PriceComponent& component : components_) {
    BANDSTAND_CHECK(component.share >= 0 && component.log_deviation > 0);
    sum += component.share;
  }
  BANDSTAND_CHECK(sum > 0);
  for (PriceSpike& spike : spikes_) spike.share /= sum;
  for (PriceComponent& component : components_) component.share /= sum;
  for (int z = 0; z <= kLawPriceMax; ++z) {
    double& here = cumulative_[static_cast<std::size_t>(z)];
    for (const PriceSpike& spike : spikes_) here += spike.price <= z ? spike.share : 0;
    for (const PriceComponent& component : components_)
      here += component.share * component_cumulative(component, z);
    mean_ += z < kLawPriceMax ? 1 - here : 0;
  }
  cumulative_.back() = 1;
  std::uint16_t z = 0;
  for (std::size_t i = 0; i < kGuide; ++i) {
    while (cumulative_[z] <= static_cast<double>(i) / kGuide) ++z;
    guide_.push_back(z);
  }
}

int PriceLaw::draw(base::Rng& rng) const {
  const double u = rng.uniform();
  std::size_t z = guide_[static_cast<std::size_t>(u * kGuide)];
  while (cumulative_[z] <= u) ++z;
  return static_cast<int>(z);
}

double PriceLaw::distance_to(std::span<const std::int64_t> counts) const {
  BANDSTAND_CHECK(counts.size() == kPrices);
  const auto total = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
  double below = 0;
  double distance = 0;
  for (std::size_t z = 0; z < counts.size(); ++z) {
    below += static_cast<double>(counts[z]);
    distance = std::max(distance, std::abs(below / total - cumulative_[z]));
  }
  return distance;
}

PriceLaw fit_price_law(const std::string& name, std::span<const std::int64_t> counts, int spikes,
                       int components) {
  BANDSTAND_CHECK(counts.size() == kPrices && spikes >= 0 && components >= 1);
  std::vector<double> rest(counts.begin(), counts.end());
  const double total = std::accumulate(rest.begin(), rest.end(), 0.0);
  BANDSTAND_CHECK(total > 0);
  std::vector<PriceSpike> found;
  for (int z = 0; z <= kLawPriceMax; ++z) {
    const double usual = neighbours_median(rest, z);
    const double excess = rest[static_cast<std::size_t>(z)] - usual;
    if (excess > (kSpikeTimes - 1) * usual && excess > kSpikeShareMin * total)
      found.push_back({z, excess / total});
  }
  std::sort(found.begin(), found.end(),
            [](const PriceSpike& a, const PriceSpike& b) { return a.share > b.share; });
  if (found.size() > static_cast<std::size_t>(spikes)) found.resize(static_cast<std::size_t>(spikes));
  double smooth = 1;
  for (const PriceSpike& spike : found) {
    rest[static_cast<std::size_t>(spike.price)] -= spike.share * total;
    smooth -= spike.share;
  }
  std::vector<PriceComponent> mixture = fit_mixture(rest, components);
  for (PriceComponent& component : mixture) component.share *= smooth;
  return {name, std::move(found), std::move(mixture)};
}

std::string source_of(const PriceLaw& law) {
  std::string text = "{\"" + law.name() + "\", {";
  char part[96];
  for (const PriceSpike& spike : law.spikes()) {
    std::snprintf(part, sizeof part, "{%d, %.4f}, ", spike.price, spike.share);
    text += part;
  }
  text += "}, {";
  for (const PriceComponent& component : law.components()) {
    std::snprintf(part, sizeof part, "{%.4f, %.3f, %.3f}, ", component.share, component.log_mean,
                  component.log_deviation);
    text += part;
  }
  return text + "}},";
}

}  // namespace bandstand::simulation
