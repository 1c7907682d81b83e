// joint_game: a small market of first price in which campaigns of one house share the traffic, each steered by three agents.
//
// 1. budget names mu, the price of money; bid shades; creative chooses between a plain creative and a rich one that is clicked
//    more and costs a fee. Their answers meet in one bid: worth = v p / mu - fee, bid = the shaded worth.
// 2. Two starts: `naive` (PI on spend, a fixed share of worth, the creative with more clicks) and `dual`, in which the three
//    share mu and solve their parts of  max sum v p - mu (bid + fee)  against the learned law of prices (dual decomposition).
// 3. An agent's action is added to its part of the start. All zero is the start itself.
// 4. A seed is a day of traffic. What comes and what the crowd pays do not depend on actions (common random numbers).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "agents/bid/control_state.h"
#include "agents/budget/pacing.h"

namespace bandstand::experiments {

inline constexpr int kGameRoles = 3;  ///< budget, bid, creative
inline constexpr int kGameCampaigns = 3;
inline constexpr int kGameAgents = kGameRoles * kGameCampaigns;  ///< agent = campaign * kGameRoles + role
inline constexpr int kGameWindows = 24;
inline constexpr int kGameSegments = 4;

enum class GameStart : std::uint8_t { naive, dual };

/// Who wants what: drawn once from a seed. Money in units in which a typical price is 0.5.
struct GameWorld {
  struct Campaign {
    double budget = 0;
    double fee = 0;                                  ///< of a rich impression
    std::array<double, kGameSegments> value{};       ///< expected, of a plain impression
    std::array<double, kGameSegments> rich{};        ///< factor of the rich creative, above 1
    double money = 1;                                ///< what a unit of budget more or less is worth under the dual start
  };
  std::array<Campaign, kGameCampaigns> campaigns;
  std::array<double, kGameSegments> price_log{};     ///< of the crowd, median by segment

  /// Budgets are 25 to 50 % of what truthful bidding would cost alone. Days of the dual start with 10 % more and less of a budget
  /// give `money`. 0.3 s.
  static GameWorld draw(std::uint64_t seed);
};

/// Of one window or, summed, of a day.
struct GameFigures {
  std::array<double, kGameCampaigns> value{}, cost{};
  double clearing = 0;  ///< sum of the prices at which impressions were sold, whoever won
  double auctions = 0;
  void add(const GameFigures& other);
  /// Value at equal spend: value plus what the money left over is worth.
  [[nodiscard]] double worth(const GameWorld& world, std::size_t campaign) const {
    const auto& c = world.campaigns[campaign];
    return value[campaign] + c.money * (c.budget - cost[campaign]);
  }
  [[nodiscard]] double worth(const GameWorld& world) const;
};

class JointGame {
 public:
  JointGame(const GameWorld& world, GameStart start) : world_(world), start_(start) {}

  void reset(std::uint64_t seed);
  [[nodiscard]] bool over() const { return window_ >= kGameWindows; }
  /// [campaigns x kControlFeatures].
  [[nodiscard]] std::vector<float> views() const;
  /// Runs a window. `actions` [agents]: steps of ln mu, of the logarithm of the bid (never above worth), and of the logarithm
  /// of the price at which the creative's fee is counted (naive: its share of mu, 0 at the start, 1 at action 0.5).
  GameFigures step(std::span<const float> actions);
  [[nodiscard]] double mu(std::size_t campaign) const { return states_[campaign].mu; }

 private:
  struct Offer {
    int segment = 0;
    double price = 0;
    std::array<double, kGameCampaigns> taste{};
  };
  /// Best share of worth to bid against a log-normal price, and what that costs, by ln worth.
  struct Shading {
    static constexpr int kSteps = 48;  // ln worth from -4 to 4
    std::array<double, kSteps> share{}, win{};
    static std::size_t at(double worth);
    void solve(double mean, double deviation);
  };
  struct Bid {
    double bid = 0, fee = 0, value = 0;
  };
  struct Campaign {
    double mu = 1, naive_mu = 1;
    double money_left = 0, planned = 0;
    double log_sum = 0, log_squares = 0, weight = 0;  ///< of ln price to beat
    std::vector<std::array<double, 2>> values;        ///< of recent offers: plain, rich
    Shading shading;
    agents::bid::ControlState state;
    double day_values = 0, day_offers = 0;
  };
  struct Tally {
    double wins = 0, values = 0;
  };

  void open_window(std::size_t i, std::span<const float> actions);
  [[nodiscard]] double solve_mu(const Campaign& state, double fee, double target) const;
  [[nodiscard]] Bid bid_of(std::size_t i, const Offer& offer, std::span<const float> actions) const;
  void close_window(std::size_t i, const GameFigures& figures, const Tally& tally, double offers);
  [[nodiscard]] double offers_left(int window) const;

  GameWorld world_;
  GameStart start_;
  std::array<Campaign, kGameCampaigns> states_;
  std::array<std::vector<Offer>, kGameWindows> traffic_;
  std::vector<agents::budget::LogPi> loops_;
  int window_ = 0;
};

/// Expected share of a day's offers in window k; sums to 1.
[[nodiscard]] double game_traffic(int k);

}  // namespace bandstand::experiments
