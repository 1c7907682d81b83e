// click_world: weights and vectors by hash of the seed, so that a row needs no table.
#include "learning/response/click_world.h"

#include <array>
#include <cmath>

#include "base/rng.h"
#include "base/words.h"
#include "learning/response/learner.h"

namespace bandstand::learning {
namespace {

constexpr std::size_t kFields = 16, kLatent = 4;
constexpr double kLevel = -3.5, kWeightSpread = 0.25, kLatentSpread = 0.6;
constexpr std::array<std::array<std::size_t, 2>, 8> kPairs{{{0, 5}, {1, 6}, {2, 7}, {3, 8}, {4, 9}, {0, 10}, {1, 11}, {2, 12}}};

struct Value {
  double weight = 0;
  std::array<double, kLatent> latent{};
};

class ClickWorld final : public DatasetReader {
 public:
  explicit ClickWorld(const ClickWorldOptions& options) : options_(options), rng_(base::mix64(options.seed ^ 0x636c69636bull)) {
    base::Rng rng(options.seed);
    for (std::size_t field = 0; field < kFields; ++field) {
      fields_.push_back("f" + std::to_string(field));
      const double share = static_cast<double>(field) / (kFields - 1);
      values_[field].resize(static_cast<std::size_t>(std::lround(3 * std::pow(100, share))));
      for (Value& value : values_[field]) {
        value.weight = kWeightSpread * rng.normal();
        for (double& one : value.latent) one = kLatentSpread * rng.normal();
      }
    }
  }

  Loaded<bool> next(Row& row) override {
    if (intake_.rows == options_.rows) return false;
    row.clear();
    std::array<const Value*, kFields> drawn;
    double logit = kLevel;
    for (std::uint32_t field = 0; field < kFields; ++field) {
      const double u = rng_.uniform();
      const auto value = static_cast<std::size_t>(u * u * static_cast<double>(values_[field].size()));
      drawn[field] = &values_[field][value];
      logit += drawn[field]->weight;
      row.features.push_back({base::mix64(base::mix64(field) ^ value), field, 1});
      note(field, row.features.back().hash, std::to_string(value));
    }
    if (options_.pairs) logit += together(drawn);
    row.prediction = sigmoid(logit);
    row.label = rng_.chance(*row.prediction);
    row.price = std::exp(0.5 * logit + 0.7 * rng_.normal());
    row.time_s = static_cast<std::int64_t>(1'700'000'000 + intake_.rows);
    ++intake_.rows;
    intake_.hash = base::mix64(intake_.hash ^ rng_.next());
    return true;
  }

  [[nodiscard]] const std::vector<std::string>& fields() const override { return fields_; }
  [[nodiscard]] const Intake& intake() const override { return intake_; }

 private:
  static double together(const std::array<const Value*, kFields>& drawn) {
    double sum = 0;
    for (const auto& [a, b] : kPairs) {
      for (std::size_t k = 0; k < kLatent; ++k) sum += drawn[a]->latent[k] * drawn[b]->latent[k] / 2;
    }
    return sum;
  }

  ClickWorldOptions options_;
  base::Rng rng_;
  std::array<std::vector<Value>, kFields> values_;
  std::vector<std::string> fields_;
  Intake intake_;
};

}  // namespace

Loaded<ClickWorldOptions> parse_click_world(const std::string& text) {
  ClickWorldOptions options;
  std::string_view rest = text;
  for (bool first = true; first || !rest.empty(); first = false) {
    const auto end = std::min(rest.find(','), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const bool known = first                             ? part == "linear" || part == "pairs"
                       : part.substr(0, 5) == "rows="    ? base::read_number(part.substr(5), options.rows)
                       : part.substr(0, 5) == "seed="    ? base::read_number(part.substr(5), options.seed)
                                                         : false;
    if (!known) return problem("click world '" + text + "': expected linear or pairs, then ,rows=N or ,seed=N");
    if (first) options.pairs = part == "pairs";
  }
  return options;
}

std::unique_ptr<DatasetReader> open_click_world(const ClickWorldOptions& options) {
  return std::make_unique<ClickWorld>(options);
}

}  // namespace bandstand::learning
