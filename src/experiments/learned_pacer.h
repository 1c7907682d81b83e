// learned_pacer: a control of mu that chooses among steps of ln mu, alone or on top of a default pacer; the
// same code when it is trained and when it is judged.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "agents/bid/control_state.h"
#include "experiments/bidder.h"
#include "experiments/pacers.h"

namespace bandstand::experiments {

/// Picks a step by the features of the state; a learner in training or a trained model.
class StepChooser {
 public:
  virtual ~StepChooser() = default;
  virtual std::size_t choose(const agents::bid::ControlFeatures& features) = 0;
  /// What the window that began with the last choice earned, as LearnedPacer::Setup::lambda says.
  virtual void earned(double /*reward*/) {}
};

/// With a base: mu = the base's mu * exp(step). Alone: mu = mu of the window before * exp(step).
class LearnedPacer final : public Pacer {
 public:
  struct Setup {
    double budget = 0;
    agents::budget::SpendPlan traffic = agents::budget::SpendPlan::even(1);
    double mu_start = 0;
    double typical_price = 1;  ///< mean price of the training days
    double mu_reference = 1;   ///< what features compare mu with
    std::vector<float> steps = {};
    /// Above 0 (training only): price of money in hindsight. A window then earns sum over wins of (theta -
    /// lambda * price), less what lambda itself would have earned in it: minus its regret. By the potential
    /// lambda * (budget left) this changes no policy's rank (Ng, Harada and Russell 1999); the sum over a day
    /// is R - R* up to lambda times the money left over.
    double lambda = 0;
  };
  /// `base` may be null; `chooser` outlives the pacer.
  LearnedPacer(Setup setup, std::unique_ptr<Pacer> base, StepChooser& chooser)
      : setup_(std::move(setup)), base_(std::move(base)), chooser_(&chooser), mu_(setup_.mu_start) {}

  void start_day(double budget) override;
  double start_window(int k, double budget_left, double auctions_left) override;
  void observe(double theta, std::int64_t bid, bool won, std::int64_t price) override;
  void end_window(int k, double spent, double wins, double auctions) override;

 private:
  struct Tally {
    double values = 0, auctions = 0;
    [[nodiscard]] double mean() const { return auctions > 0 ? values / auctions : 0; }
  };
  Setup setup_;
  std::unique_ptr<Pacer> base_;
  StepChooser* chooser_;
  double mu_;
  double planned_ = 0;
  double reward_ = 0;
  Tally window_;
  Tally day_;
  agents::bid::ControlState state_;
};

/// A pacer as a bidder in episodes: `windows` of an even plan each; mu and what the pacer remembers carry
/// over.
class PacedBidder final : public Bidder {
 public:
  PacedBidder(std::unique_ptr<Pacer> pacer, int windows) : pacer_(std::move(pacer)), windows_(windows) {}
  void start_episode(std::int64_t budget, std::int64_t auctions) override;
  std::int64_t bid(const BidSituation& situation) override;
  void learn(const BidSituation& situation, std::int64_t bid, bool won, std::int64_t paid) override;

 private:
  std::unique_ptr<Pacer> pacer_;
  int windows_;
  std::int64_t auctions_ = 0;
  int window_ = 0;  ///< the one that is open or will open next
  bool open_ = false;
  double mu_ = 0;
  double spent_ = 0, wins_ = 0, seen_ = 0;
};

}  // namespace bandstand::experiments
