// fraud_learned_test: rules first, then blocks, then the model at the price of an error; a model survives its
// file.
#include "agents/fraud/fraud_learned.h"

#include <gtest/gtest.h>

#include <cmath>

#include "agents/agent_context.h"
#include "agents/fraud/fraud_rules.h"
#include "base/arena.h"
#include "base/rng.h"

namespace bandstand::agents::fraud {
namespace {

class FraudLearnedTest : public ::testing::Test {
 protected:
  FraudLearnedTest() {
    auction_.device.user_agent =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36";
    auction_.device.ip = "81.2.69.142";
    auction_.channel = domain::Channel::site;
    auction_.domain = "news.example";
  }

  FraudAnswer ask(FraudLearned& agent) {
    AgentContext context{.now = now_, .rng = rng_, .arena = arena_};
    const auto answer = agent.decide({auction_, domain::UserKey{42}, {}}, context);
    EXPECT_TRUE(answer.has_value());
    return answer->value;
  }
  static std::unique_ptr<FraudRules> rules() { return std::make_unique<FraudRules>(FraudLists::built_in()); }
  /// The device is known for its clicks.
  WatchlistPtr clicks(float improbable, base::Duration blocked = base::Duration{0}, FraudModelPtr model = nullptr) {
    WatchEntry entry;
    entry.key = parties_of(auction_, domain::UserKey{42})[static_cast<std::size_t>(PartyKind::device)];
    Evidence evidence{};
    evidence[static_cast<std::size_t>(Fact::clicks)] = improbable;
    entry.marks = marks_of(evidence);
    if (blocked.count() > 0) entry.blocked_until_ns = (now_ + blocked).ns;
    return std::make_shared<const Watchlist>(std::vector{entry}, 3, std::move(model));
  }
  static FraudModelPtr model(float margin = 4) {
    FraudModel model;
    model.margin_over_price = margin;
    model.bias = -4;
    model.weight[static_cast<std::size_t>(PartyKind::device) * kFacts +
                 static_cast<std::size_t>(Fact::clicks)] = 1;
    return std::make_shared<const FraudModel>(model);
  }

  domain::Auction auction_;
  base::Arena arena_;
  base::Rng rng_{1};
  base::WallTime now_{1'764'028'800'000'000'000};
};

TEST_F(FraudLearnedTest, KnowsNothingWithoutAWatchlist) {
  FraudLearned agent(rules());
  EXPECT_EQ(ask(agent).verdict, Verdict::valid);
}

TEST_F(FraudLearnedTest, RulesSpeakFirst) {
  FraudLearned agent(rules());
  agent.set_watchlist(clicks(9, std::chrono::minutes(1)));
  auction_.device.user_agent = "Googlebot/2.1 (+http://www.google.com/bot.html)";
  EXPECT_EQ(ask(agent).reason, Reason::known_crawler);
}

TEST_F(FraudLearnedTest, ABlockHoldsUntilItEnds) {
  FraudLearned agent(rules());
  agent.set_watchlist(clicks(9, std::chrono::minutes(1)));
  EXPECT_EQ(ask(agent).reason, Reason::blocked_party);
  now_ = now_ + std::chrono::minutes(2);
  EXPECT_EQ(ask(agent).verdict, Verdict::valid);
}

TEST_F(FraudLearnedTest, RefusesWhereTheExpectedLossIsTheGreater) {
  // P = sigmoid(6 - 4) = .88: dearer than a customer's margin of 4 prices (.8), not of 10 (.91).
  FraudLearned agent(rules());
  agent.set_watchlist(clicks(6, base::Duration{0}, model(4)));
  EXPECT_EQ(ask(agent).reason, Reason::fraud_score);
  agent.set_watchlist(clicks(6, base::Duration{0}, model(10)));
  EXPECT_EQ(ask(agent).verdict, Verdict::valid);
  EXPECT_NEAR(agent.last_probability(), 1 / (1 + std::exp(-2.0)), 1e-6);
}

TEST_F(FraudLearnedTest, AModelSurvivesItsFile) {
  const auto again = FraudModel::from(model()->file("{}"));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->weight, model()->weight);
  EXPECT_EQ(again->bias, model()->bias);
  EXPECT_EQ(again->margin_over_price, 4);
  EXPECT_FALSE(FraudModel::from(model(0)->file("{}")).has_value()) << "a margin of nothing refuses everybody";
  auto other = model()->file("{}");
  other.schema = "{}";
  EXPECT_FALSE(FraudModel::from(other).has_value());
}

TEST_F(FraudLearnedTest, PartiesAreTheSameForTheSameAndNeverText) {
  const Parties one = parties_of(auction_, domain::UserKey{42});
  auction_.device.ip = "81.2.69.7";
  const Parties neighbour = parties_of(auction_, domain::UserKey{42});
  EXPECT_NE(one[0], neighbour[0]);
  EXPECT_EQ(one[1], neighbour[1]) << "the same block";
  EXPECT_EQ(one[2], neighbour[2]) << "the same device";
  EXPECT_NE(parties_of(auction_, std::nullopt)[2], 0u) << "without consent a device is its address and agent";
}

}  // namespace
}  // namespace bandstand::agents::fraud
