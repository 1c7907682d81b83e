// obd: rows to rounds, hashes to one-hot features, priors to probabilities.
#include "learning/offpolicy/obd.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/check.h"
#include "base/input.h"
#include "base/rng.h"

namespace bandstand::learning {
namespace {

constexpr std::size_t kUserFeatures = 4;
constexpr double kItemsMax = 10'000;
constexpr std::size_t kLevelsMax = 64;  // of one user feature; the men's campaign has 4 to 10

/// Users' hashes as numbers, by first appearance.
struct Levels {
  std::map<std::string, std::size_t, std::less<>> of = {};
  std::vector<std::size_t> column = {};  ///< one entry a round
};

struct ObdPlaces {
  std::size_t item = 0, position = 0, click = 0, propensity = 0;
  std::array<std::size_t, kUserFeatures> user{};
};

Loaded<ObdPlaces> find_places(const CsvRows& rows) {
  ObdPlaces out;
  std::vector<std::pair<std::string, std::size_t*>> wanted{{"item_id", &out.item},
                                                           {"position", &out.position},
                                                           {"click", &out.click},
                                                           {"propensity_score", &out.propensity}};
  for (std::size_t f = 0; f < kUserFeatures; ++f)
    wanted.emplace_back("user_feature_" + std::to_string(f), &out.user[f]);
  for (const auto& [name, to] : wanted) {
    const auto column = rows.need(name);
    if (!column) return problem(column.error());
    *to = *column;
  }
  return out;
}

Loaded<bool> take(const CsvRows& rows, const ObdPlaces& places, ObdLog& log,
                  std::array<Levels, kUserFeatures>& levels) {
  const auto item = rows.number(places.item, 0, kItemsMax);
  if (!item) return problem(item.error());
  if (*item != std::floor(*item)) return problem(rows.fault(places.item, "an integer"));
  const auto position = rows.number(places.position, 1, kObdPositions);
  if (!position) return problem(position.error());
  if (*position != std::floor(*position)) return problem(rows.fault(places.position, "1, 2 or 3"));
  const auto click = rows.number(places.click, 0, 1);
  if (!click) return problem(click.error());
  if (*click != 0 && *click != 1) return problem(rows.fault(places.click, "0 or 1"));
  const auto propensity = rows.number(places.propensity, 1e-12, 1);
  if (!propensity) return problem(propensity.error());
  for (std::size_t f = 0; f < kUserFeatures; ++f) {
    Levels& of = levels[f];
    const auto found = of.of.emplace(rows.field(places.user[f]), of.of.size()).first;
    if (of.of.size() > kLevelsMax)
      return problem(rows.fault(places.user[f], "one of the first 64 values of this column"));
    of.column.push_back(found->second);
  }
  log.rounds.action.push_back(static_cast<std::uint32_t>(*item));
  log.position.push_back(static_cast<std::uint8_t>(*position - 1));
  log.rounds.reward.push_back(*click);
  log.rounds.propensity.push_back(*propensity);
  return true;
}

void set_context(const std::array<Levels, kUserFeatures>& levels, ObdLog& log) {
  std::size_t features = kObdPositions;
  for (const Levels& level : levels) features += level.of.size();
  log.rounds.features = features;
  log.rounds.context.assign(log.rounds.size() * features, 0);
  for (std::size_t i = 0; i < log.rounds.size(); ++i) {
    double* const row = log.rounds.context.data() + i * features;
    row[log.position[i]] = 1;
    std::size_t begin = kObdPositions;
    for (const Levels& level : levels) {
      row[begin + level.column[i]] = 1;
      begin += level.of.size();
    }
  }
}

Loaded<std::vector<double>> parameters(const YAML::Node& of_campaign, const std::string& name,
                                       const std::string& path) {
  const YAML::Node node = of_campaign[name];
  const auto at = [&](const YAML::Node& where) {
    return path + ":" + std::to_string(where.Mark().line + 1) + ": " + name + ": ";
  };
  if (!node || !node.IsSequence()) return problem(at(of_campaign) + "expected a list of numbers");
  std::vector<double> out;
  for (const YAML::Node& value : node) {
    const double number = value.as<double>(0);
    if (!(number > 0) || !std::isfinite(number)) return problem(at(value) + "expected a number above 0");
    out.push_back(number);
  }
  return out;
}

}  // namespace

Loaded<ObdLog> load_obd(std::span<const std::string> paths) {
  ObdLog out;
  std::array<Levels, kUserFeatures> levels;
  for (const std::string& path : paths) {
    auto rows = CsvRows::open(path);
    if (!rows) return problem(rows.error());
    const auto places = find_places(*rows);
    if (!places) return problem(places.error());
    for (;;) {
      const auto more = rows->next();
      if (!more) return problem(more.error());
      if (!*more) break;
      if (const auto taken = take(*rows, *places, out, levels); !taken) return problem(taken.error());
    }
  }
  if (out.rounds.size() == 0)
    return problem((paths.empty() ? std::string("no file") : paths.front()) + ": no rounds in it");
  out.rounds.actions = *std::max_element(out.rounds.action.begin(), out.rounds.action.end()) + std::size_t{1};
  set_context(levels, out);
  return out;
}

Loaded<BetaPrior> load_obd_prior(const std::string& path, const std::string& campaign) {
  const auto text = base::read_whole_file(path, 16 << 20);
  if (!text) return problem(path + ": " + text.error().what);
  try {
    const YAML::Node all = YAML::Load(*text);
    const YAML::Node node = all.IsMap() ? all[campaign] : YAML::Node(YAML::NodeType::Undefined);
    if (!node || !node.IsMap()) return problem(path + ": no campaign '" + campaign + "'");
    auto alpha = parameters(node, "alpha", path);
    if (!alpha) return problem(alpha.error());
    auto beta = parameters(node, "beta", path);
    if (!beta) return problem(beta.error());
    if (alpha->size() != beta->size() || alpha->size() < kObdPositions)
      return problem(path + ": " + campaign + ": alpha and beta need one entry an item, 3 items at least");
    return BetaPrior{std::move(*alpha), std::move(*beta)};
  } catch (const YAML::Exception& error) {
    return problem(path + ":" + std::to_string(error.mark.line + 1) + ": " + error.msg);
  }
}

std::vector<double> thompson_positions(const BetaPrior& prior, int draws, std::uint64_t seed) {
  const std::size_t items = prior.alpha.size();
  BANDSTAND_CHECK(draws > 0 && items >= kObdPositions);
  std::vector<double> out(kObdPositions * items, 0);
  std::vector<std::pair<double, std::size_t>> theta(items);
  base::Rng rng(seed);
  for (int d = 0; d < draws; ++d) {
    for (std::size_t i = 0; i < items; ++i) theta[i] = {rng.beta(prior.alpha[i], prior.beta[i]), i};
    std::partial_sort(theta.begin(), theta.begin() + kObdPositions, theta.end(), std::greater<>());
    for (std::size_t p = 0; p < kObdPositions; ++p) out[p * items + theta[p].second] += 1;
  }
  for (double& p : out) p /= draws;
  return out;
}

PolicyColumns in_rounds(const ObdLog& log, std::span<const double> table) {
  const std::size_t items = table.size() / kObdPositions;
  BANDSTAND_CHECK(items == log.rounds.actions);
  PolicyColumns out;
  out.logged.reserve(log.rounds.size());
  out.distribution.reserve(log.rounds.size() * items);
  for (std::size_t i = 0; i < log.rounds.size(); ++i) {
    const auto row = table.subspan(log.position[i] * items, items);
    out.logged.push_back(row[log.rounds.action[i]]);
    out.distribution.insert(out.distribution.end(), row.begin(), row.end());
  }
  return out;
}

}  // namespace bandstand::learning
