// creative_rules: scores, chances, one draw.
#include "agents/creative/creative_rules.h"

#include <algorithm>
#include <cmath>

namespace bandstand::agents::creative {

namespace {

/// SquareCB: p = 1 / (K + gamma gap), the rest to the best one. The gap is the share of the best one's odds that a creative
/// lacks, or nearly of its rate, where rates are small. Of gaps in clicks an impression gamma is g sqrt(K / rate) sqrt(t): the
/// schedule gamma_0 sqrt(t) in units of a click's deviation.
void inverse_gaps(std::span<const Belief> beliefs, std::size_t best, float gamma, std::span<float> out) noexcept {
  const auto count = static_cast<float>(beliefs.size());
  float left = 1;
  for (std::size_t i = 0; i < beliefs.size(); ++i) {
    if (i == best) continue;
    out[i] = 1 / (count + gamma * (1 - std::exp(beliefs[i].mean - beliefs[best].mean)));
    left -= out[i];
  }
  out[best] = left;  // at least 1 / K
}

}  // namespace

std::span<const std::string_view> creative_policies() noexcept {
  static constexpr std::string_view kNames[] = {"thompson", "epsilon_greedy", "greedy", "random", "linucb", "squarecb"};
  return kNames;
}

std::optional<CreativePolicy> creative_policy_named(std::string_view name) noexcept {
  if (name == "default") return CreativePolicy{};
  const auto names = creative_policies();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<CreativePolicy>(found - names.begin());
}

CreativeRules::Field CreativeRules::field_of(const CreativeInput& input, const Context& seen) const noexcept {
  Field field;
  std::array<float, kChoiceMax> hopes;
  FeatureList features;
  for (const std::uint32_t creative : input.fitting) {
    Belief belief;
    float variance = 0;
    features.clear();
    add_creative_features(board_->model().scales(), board_->traits(input.line_item, creative), seen, features);
    board_->add(features, belief.mean, variance);
    belief.deviation = std::sqrt(variance);
    const float hope = belief.mean + 2 * belief.deviation;
    std::size_t at = field.size;
    if (at == kChoiceMax) {
      at = static_cast<std::size_t>(std::min_element(hopes.begin(), hopes.end()) - hopes.begin());
      if (hope <= hopes[at]) continue;
    } else {
      ++field.size;
    }
    field.creatives[at] = creative;
    field.beliefs[at] = belief;
    hopes[at] = hope;
  }
  return field;
}

void CreativeRules::probabilities(const Field& field, float information, std::span<float> out) const noexcept {
  const std::size_t count = field.size;
  const float even = 1 / static_cast<float>(count);
  const float width = options_.policy == CreativePolicy::linucb ? options_.width : 0;
  const auto score = [width](const Belief& belief) { return belief.mean + width * belief.deviation; };
  const auto best = static_cast<std::size_t>(
      std::max_element(field.beliefs.begin(), field.beliefs.begin() + static_cast<std::ptrdiff_t>(count),
                       [&](const Belief& a, const Belief& b) { return score(a) < score(b); }) -
      field.beliefs.begin());
  const float floor = std::min(options_.propensity_min, even);
  switch (options_.policy) {
    case CreativePolicy::thompson: {
      std::array<Belief, kChoiceMax> beliefs = field.beliefs;
      for (std::size_t i = 0; i < count; ++i) beliefs[i].deviation *= options_.alpha;
      best_probabilities({beliefs.data(), count}, out);
      for (std::size_t i = 0; i < count; ++i) out[i] = floor + (1 - floor * static_cast<float>(count)) * out[i];
      return;
    }
    case CreativePolicy::epsilon_greedy:
      std::fill_n(out.begin(), count, options_.epsilon * even);
      out[best] += 1 - options_.epsilon;
      return;
    case CreativePolicy::greedy:
      std::fill_n(out.begin(), count, 0.0f);
      out[best] = 1;
      return;
    case CreativePolicy::random: std::fill_n(out.begin(), count, even); return;
    case CreativePolicy::linucb:
      std::fill_n(out.begin(), count, floor);
      out[best] += 1 - floor * static_cast<float>(count);
      return;
    case CreativePolicy::squarecb:
      inverse_gaps({field.beliefs.data(), count}, best,
                   options_.gamma * std::sqrt(static_cast<float>(count) * information), out);
      return;
  }
}

base::Result<domain::Decided<CreativeAnswer>> CreativeRules::decide(const CreativeInput& input, AgentContext& context) {
  if (input.fitting.empty()) return base::fail(base::Code::invalid_input, "no creative to choose from");
  domain::Decided<CreativeAnswer> decided{.value = {}, .policy = id_};
  if (board_ == nullptr) {
    decided.value.creative = input.fitting[context.rng.below(input.fitting.size())];
    decided.propensity = 1 / static_cast<float>(input.fitting.size());
    return decided;
  }
  const domain::Catalogue& catalogue = board_->catalogue();
  if (input.line_item >= catalogue.line_items.size() ||
      std::any_of(input.fitting.begin(), input.fitting.end(), [&](auto c) { return c >= catalogue.creatives.size(); })) {
    return base::fail(base::Code::invalid_input, "the catalogue of the board is another one");
  }
  const Context seen = context_of(input.response);
  const Field field = field_of(input, seen);
  std::array<float, kChoiceMax> chances;
  probabilities(field, board_->line_item(input.line_item).intercept_precision, chances);
  // One draw; rounding may leave a little beyond the last chance, which falls to the last creative that has any.
  float left = static_cast<float>(context.rng.uniform());
  std::size_t chosen = 0;
  for (std::size_t i = 0; i < field.size; ++i) {
    if (!(chances[i] > 0)) continue;
    chosen = i;
    if (left < chances[i]) break;
    left -= chances[i];
  }
  FeatureList features;
  const LineItemResponse& own = board_->line_item(input.line_item);
  float logit = own.intercept + field.beliefs[chosen].mean;
  float variance = 0;
  add_context_features(board_->model().scales(), own.id, seen, features);
  board_->add(features, logit, variance);
  decided.version = board_->model().version();
  decided.propensity = chances[chosen];
  decided.value.creative = field.creatives[chosen];
  decided.value.click_rate = std::min(1.0f, sigmoid(logit) * own.calibration);
  decided.value.conversion_rate = decided.value.click_rate * own.conversions_a_click;
  return decided;
}

float CreativeRules::propensity(const CreativeInput& input, std::uint32_t creative) const {
  if (std::find(input.fitting.begin(), input.fitting.end(), creative) == input.fitting.end()) return 0;
  if (board_ == nullptr) return 1 / static_cast<float>(input.fitting.size());
  const Field field = field_of(input, context_of(input.response));
  std::array<float, kChoiceMax> chances;
  probabilities(field, board_->line_item(input.line_item).intercept_precision, chances);
  const auto end = field.creatives.begin() + static_cast<std::ptrdiff_t>(field.size);
  const auto found = std::find(field.creatives.begin(), end, creative);
  return found == end ? 0 : chances[static_cast<std::size_t>(found - field.creatives.begin())];
}

CreativeAnswer CreativeRules::outlook(std::uint32_t line_item) const {
  if (board_ == nullptr || line_item >= board_->catalogue().line_items.size()) return {};
  const ResponseBoard::Outlook& outlook = board_->outlook(line_item);
  return {outlook.creative, outlook.click_rate, outlook.conversion_rate};
}

}  // namespace bandstand::agents::creative
