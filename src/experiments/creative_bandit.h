// creative_bandit: policies that choose a creative, side by side: each is a table of probabilities between two models.
//
// Feedback comes in batches, so between two models a policy is a fixed table of probabilities, one row a context. Each row is
// worked out when it is first needed and the arm is drawn from it: propensities are exact by construction, whatever the policy
// is. Where a policy is defined by sampling (the Thompson family), its row is the share of `draws` joint samples of the
// posterior in which an arm came out best.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "experiments/creative_problem.h"

namespace bandstand::experiments {

struct CreativeChoice {
  std::uint32_t arm = 0;
  float propensity = 1;  ///< exact: the probability that the arm was drawn with
};

/// One thread. `learn` allocates nothing, nor does `choose` but for the first one in a context after a refresh.
class CreativeBandit {
 public:
  virtual ~CreativeBandit() = default;
  virtual CreativeChoice choose(std::uint32_t context, base::Rng& chance) = 0;
  /// What came of an earlier choice; in effect from the next refresh on.
  virtual void learn(std::uint32_t context, std::uint32_t arm, bool clicked) = 0;
  /// A new model, from all that was learned.
  virtual void refresh() = 0;
};

/// The common half: rows of probabilities, drawn from.
class TabledBandit : public CreativeBandit {
 public:
  TabledBandit(const CreativeProblem& problem, std::uint64_t seed);
  CreativeChoice choose(std::uint32_t context, base::Rng& chance) final;
  void learn(std::uint32_t context, std::uint32_t arm, bool clicked) final;
  void refresh() final;
  /// Of the present model, summing to 1. Valid until refresh().
  [[nodiscard]] std::span<const double> propensities(std::uint32_t context);

 protected:
  /// A new model from `shown()` and `clicks()`, which are totals.
  virtual void fit() = 0;
  /// The row of a context under the present model: zeros on entry, need not sum to 1 exactly.
  virtual void fill(std::uint32_t context, std::span<double> row) = 0;

  [[nodiscard]] const CreativeProblem& problem() const { return problem_; }
  [[nodiscard]] std::span<const double> shown() const { return shown_; }    ///< [cell]
  [[nodiscard]] std::span<const double> clicks() const { return clicks_; }  ///< [cell]
  [[nodiscard]] double clicked() const { return clicked_; }  ///< in all
  base::Rng& chance() { return chance_; }

 private:
  CreativeProblem problem_;
  base::Rng chance_;
  std::vector<double> shown_, clicks_, rows_;
  std::vector<std::uint8_t> filled_;  ///< [context]
  double impressions_ = 0, clicked_ = 0, fitted_at_ = -1;
};

/// Without structure: random, greedy and epsilon_greedy (0.1) of counted rates, beta_ts, linucb_disjoint. On main effects:
/// linear_ts, logistic_ts; with interactions too: linear_ts_x, logistic_ts_x, squarecb (on the logistic fit). With spreads
/// learned (creative_belief.h): structured_ts, structured_ts_sparing (explores less), structured_squarecb.
const std::vector<std::string>& creative_bandit_names();

/// Null if there is no policy of that name. What it may draw itself comes from `seed`.
std::unique_ptr<TabledBandit> make_creative_bandit(std::string_view name, const CreativeProblem& problem,
                                                   std::uint64_t seed);

}  // namespace bandstand::experiments
