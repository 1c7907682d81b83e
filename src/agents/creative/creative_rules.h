// creative_rules: which creative: Thompson sampling over a calibrated logistic model by default, simpler policies by name.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "agents/creative/choice.h"
#include "agents/creative/response_model.h"

namespace bandstand::agents::creative {

enum class CreativePolicy : std::uint8_t {
  thompson,        ///< default: each creative with the chance that it is the best one, propensities exact
  epsilon_greedy,  ///< the best by its mean; with chance epsilon any
  greedy,          ///< the best by its mean, propensity 1
  random,          ///< any, each as likely: for logs to evaluate on
  linucb,          ///< the best by mean + width x deviation, the others at the least propensity (Li et al. 2010, hybrid)
  squarecb,        ///< each in inverse proportion to its gap (Foster and Rakhlin 2020), propensities exact without sampling
};
/// Their names, in the order of the enum: what settings and command lines take.
[[nodiscard]] std::span<const std::string_view> creative_policies() noexcept;
[[nodiscard]] std::optional<CreativePolicy> creative_policy_named(std::string_view name) noexcept;

/// One per shard; allocates nothing. About 0.3 us a fitting creative.
class CreativeRules final : public CreativeAgent {
 public:
  struct Options {
    CreativePolicy policy = CreativePolicy::thompson;
    /// Scale of the posterior's deviation (Chapelle and Li 2011, section 4: 0.5 did best on display ads).
    float alpha = 0.5f;
    /// Every creative of a choice has at least this propensity, so that logs can be learned from whatever the model believed.
    float propensity_min = 0.0005f;
    float epsilon = 0.05f;
    /// linucb: deviations above the mean, of the belief as it is (alpha does not scale it). Chosen on seeds 101 to 160.
    float width = 2;
    /// squarecb: g of gamma = g sqrt(K c), for K creatives and the c clicks' worth of information that the line item has.
    float gamma = 18;
  };
  CreativeRules(domain::PolicyId id, Options options) : id_(id), options_(options) {}

  /// Between two requests. Without a board, choices are uniform and nothing is promised (rates 0).
  void adopt(ResponseBoardPtr board) { board_ = std::move(board); }

  /// Of more than kChoiceMax fitting creatives, those with the highest optimistic scores (mean + 2 deviations) are chosen
  /// among; the others have propensity 0 in this choice. Errors: `invalid_input` if nothing fits, or for indexes that
  /// are not the board's.
  [[nodiscard]] base::Result<domain::Decided<CreativeAnswer>> decide(const CreativeInput& input,
                                                                     AgentContext& context) override;
  [[nodiscard]] CreativeAnswer outlook(std::uint32_t line_item) const override;
  /// The chance that decide() would choose this one of `fitting`; 0 for any other. For judging a policy on another's log.
  [[nodiscard]] float propensity(const CreativeInput& input, std::uint32_t creative) const;

 private:
  struct Field {
    std::array<std::uint32_t, kChoiceMax> creatives;
    std::array<Belief, kChoiceMax> beliefs;
    std::size_t size = 0;
  };
  [[nodiscard]] Field field_of(const CreativeInput& input, const Context& seen) const noexcept;
  /// Of the field's creatives. `information`: what the line item's responses have told, about its clicks.
  void probabilities(const Field& field, float information, std::span<float> out) const noexcept;

  domain::PolicyId id_;
  Options options_;
  ResponseBoardPtr board_;
};

}  // namespace bandstand::agents::creative
