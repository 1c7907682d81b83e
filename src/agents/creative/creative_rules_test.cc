// creative_rules_test: propensities are those used, a model is followed, and what was learned survives bytes.
#include "agents/creative/creative_rules.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>

#include "agents/creative/creative_tracker.h"

namespace bandstand::agents::creative {
namespace {

std::shared_ptr<domain::Catalogue> catalogue_of(std::uint32_t creatives) {
  auto catalogue = std::make_shared<domain::Catalogue>();
  catalogue->advertisers.emplace_back();
  catalogue->campaigns.emplace_back();
  domain::LineItem item;
  item.id = {11};
  for (std::uint32_t i = 0; i < creatives; ++i) {
    domain::Creative creative;
    creative.id = {100 + i};
    creative.size = {300, 250};
    creative.features = {"headline=" + std::to_string(i % 3), "colour=" + std::to_string(i % 2)};
    catalogue->creative_index[creative.id.value] = i;
    catalogue->creatives.push_back(creative);
    item.creatives.push_back(i);
  }
  catalogue->line_items.push_back(item);
  item.id = {12};
  catalogue->line_items.push_back(item);
  return catalogue;
}

class CreativeRulesTest : public testing::Test {
 protected:
  explicit CreativeRulesTest(std::uint32_t creatives = 4) : catalogue_(catalogue_of(creatives)) {
    tracker_.adopt(catalogue_);
    fitting_.resize(creatives);
    std::iota(fitting_.begin(), fitting_.end(), 0u);
  }
  domain::Decided<CreativeAnswer> ask(CreativeRules& rules, std::uint32_t topic = 0) {
    const CreativeInput input{{auction_, impression_, topic, topic == 0 ? 0.0f : 1.0f, 0}, 0, fitting_};
    return rules.decide(input, context_).value();
  }
  domain::Outcome shown(std::uint32_t creative, bool clicked, std::uint32_t topic = 0) {
    domain::Outcome outcome;
    outcome.kind = domain::Outcome::Kind::response;
    outcome.won = true;
    outcome.clicked = clicked;
    outcome.facts.line_item = {11};
    outcome.facts.creative = {100 + creative};
    outcome.facts.placement = context_of(ResponseContext{auction_, impression_}).placement;
    outcome.facts.user_topic = topic;
    outcome.facts.user_topic_weight = topic == 0 ? 0.0f : 1.0f;
    return outcome;
  }
  /// Each creative shown `count` times, clicked at its rate.
  void teach(const std::vector<double>& rates, int count) {
    for (int i = 0; i < count; ++i) {
      for (std::uint32_t c = 0; c < rates.size(); ++c) tracker_.observe(shown(c, rng_.chance(rates[c])));
    }
  }
  ResponseBoardPtr board() { return std::make_shared<const ResponseBoard>(catalogue_, tracker_.publish()); }

  std::shared_ptr<domain::Catalogue> catalogue_;
  CreativeTracker tracker_{{}};
  std::vector<std::uint32_t> fitting_;
  domain::Auction auction_;
  domain::Impression impression_;
  base::Rng rng_{1};
  base::Arena arena_;
  AgentContext context_{.now = {}, .rng = rng_, .arena = arena_};
};

TEST_F(CreativeRulesTest, WithoutABoardAnyCreativeIsAsLikely) {
  CreativeRules rules(domain::PolicyId{4}, {});
  const auto decided = ask(rules);
  EXPECT_FLOAT_EQ(decided.propensity, 0.25f);
  EXPECT_EQ(decided.value.click_rate, 0);
}

TEST_F(CreativeRulesTest, EveryPolicyChoosesAsOftenAsItsPropensitySays) {
  teach({0.02, 0.03, 0.04, 0.05}, 300);
  const ResponseBoardPtr known = board();
  const CreativeInput input{{auction_, impression_}, 0, fitting_};
  for (const std::string_view name : creative_policies()) {
    CreativeRules rules(domain::PolicyId{4}, {.policy = *creative_policy_named(name)});
    rules.adopt(known);
    float total = 0;
    for (const std::uint32_t creative : fitting_) total += rules.propensity(input, creative);
    EXPECT_NEAR(total, 1, 1e-5) << name;
    std::map<std::uint32_t, int> chosen;
    std::map<std::uint32_t, float> propensity;
    constexpr int kChoices = 20'000;
    for (int i = 0; i < kChoices; ++i) {
      const auto decided = ask(rules);
      ++chosen[decided.value.creative];
      propensity[decided.value.creative] = decided.propensity;
    }
    for (const auto& [creative, count] : chosen) {
      EXPECT_NEAR(static_cast<double>(count) / kChoices, static_cast<double>(propensity[creative]), 0.012) << name;
      EXPECT_FLOAT_EQ(propensity[creative], rules.propensity(input, creative)) << name;
    }
  }
  EXPECT_FALSE(creative_policy_named("oracle"));
}

TEST_F(CreativeRulesTest, LearnsWhichIsBestAndHowGoodItIs) {
  teach({0.02, 0.02, 0.06, 0.02}, 5000);
  CreativeRules rules(domain::PolicyId{4}, {});
  rules.adopt(board());
  int best = 0;
  for (int i = 0; i < 1000; ++i) best += ask(rules).value.creative == 2;
  EXPECT_GT(best, 950);
  CreativeRules greedy(domain::PolicyId{4}, {.policy = CreativePolicy::greedy});
  greedy.adopt(board());
  EXPECT_NEAR(ask(greedy).value.click_rate, 0.06, 0.006);
  EXPECT_EQ(rules.outlook(0).creative, 2u);
  EXPECT_NEAR(rules.outlook(0).click_rate, 0.06, 0.012);
}

TEST_F(CreativeRulesTest, LinUcbTakesWhatIsLessKnownWhereMeansAreAlikeAndStarvesNoneOfTheOthers) {
  teach({0.04, 0.04, 0.04}, 3000);  // creative 3 was never shown
  CreativeRules rules(domain::PolicyId{4}, {.policy = CreativePolicy::linucb, .width = 2});
  rules.adopt(board());
  const CreativeInput input{{auction_, impression_}, 0, fitting_};
  EXPECT_FLOAT_EQ(rules.propensity(input, 3), 1 - 3 * 0.0005f);
  EXPECT_FLOAT_EQ(rules.propensity(input, 0), 0.0005f);
}

TEST_F(CreativeRulesTest, SquareCbGivesLessToAWiderGapAndLessWithTime) {
  CreativeRules rules(domain::PolicyId{4}, {.policy = CreativePolicy::squarecb});
  const CreativeInput input{{auction_, impression_}, 0, fitting_};
  rules.adopt(board());
  EXPECT_FLOAT_EQ(rules.propensity(input, 0), 0.25f) << "nothing is known yet";
  teach({0.02, 0.03, 0.06, 0.02}, 1000);
  rules.adopt(board());
  const float early = rules.propensity(input, 0);
  EXPECT_GT(rules.propensity(input, 1), early);
  EXPECT_GT(rules.propensity(input, 2), 0.9f);
  teach({0.02, 0.03, 0.06, 0.02}, 3000);
  rules.adopt(board());
  // A gap of about two thirds, 4000 x 4 impressions at about 3 %: p = 1 / (4 + 18 sqrt(4 x 500) 2/3).
  EXPECT_LT(rules.propensity(input, 0), 0.75f * early);
  EXPECT_NEAR(rules.propensity(input, 0), 1 / (4 + 18 * std::sqrt(4 * 500.0) * 0.66), 0.0004);
}

TEST_F(CreativeRulesTest, LearnsWhatSuitsATopic) {
  for (int i = 0; i < 3000; ++i) {
    for (std::uint32_t c = 0; c < 4; ++c) {
      tracker_.observe(shown(c, rng_.chance(c == 1 ? 0.08 : 0.02), 77));
      tracker_.observe(shown(c, rng_.chance(c == 3 ? 0.08 : 0.02), 88));
    }
  }
  CreativeRules greedy(domain::PolicyId{4}, {.policy = CreativePolicy::greedy});
  greedy.adopt(board());
  EXPECT_EQ(ask(greedy, 77).value.creative, 1u);
  EXPECT_EQ(ask(greedy, 88).value.creative, 3u);
}

TEST_F(CreativeRulesTest, ANewLineItemStartsAtTheLevelOfAllAndANewCreativeAtThatOfItsLineItem) {
  teach({0.05, 0.05, 0.05}, 4000);  // creative 3 was never shown
  CreativeRules rules(domain::PolicyId{4}, {});
  rules.adopt(board());
  EXPECT_NEAR(rules.outlook(1).click_rate, 0.05, 0.015);
  fitting_ = {3};
  EXPECT_NEAR(ask(rules).value.click_rate, 0.05, 0.01);
}

TEST_F(CreativeRulesTest, ConversionsAreCountedPerClickWhenTheirWindowCloses) {
  teach({0.1, 0.1, 0.1, 0.1}, 1000);
  for (int i = 0; i < 1000; ++i) {
    domain::Outcome closed = shown(0, true);
    closed.kind = domain::Outcome::Kind::conversion;
    closed.converted = i % 5 == 0;
    tracker_.observe(closed);
  }
  CreativeRules rules(domain::PolicyId{4}, {});
  rules.adopt(board());
  const auto answer = ask(rules).value;
  EXPECT_NEAR(answer.conversion_rate / answer.click_rate, 0.2, 0.015);
}

TEST_F(CreativeRulesTest, SuspiciousTestAndUnwonBidsTeachNothing) {
  domain::Outcome outcome = shown(0, true);
  outcome.suspicious = true;
  tracker_.observe(outcome);
  outcome = shown(0, true);
  outcome.facts.test = true;
  tracker_.observe(outcome);
  outcome = shown(0, true);
  outcome.won = false;
  tracker_.observe(outcome);
  outcome = shown(0, true);
  outcome.kind = domain::Outcome::Kind::price;
  tracker_.observe(outcome);
  EXPECT_FALSE(tracker_.has_news());
  EXPECT_EQ(tracker_.counts().ignored, 3u);
}

TEST_F(CreativeRulesTest, AnsweringFromReadBackBytesGivesTheSameBits) {
  teach({0.02, 0.03, 0.04, 0.05}, 500);
  const ResponseModelPtr model = tracker_.publish();
  const ResponseModelPtr read = ResponseModel::decode(model->encode()).value();
  EXPECT_EQ(read->encode(), model->encode());
  CreativeRules a(domain::PolicyId{4}, {});
  CreativeRules b(domain::PolicyId{4}, {});
  a.adopt(std::make_shared<const ResponseBoard>(catalogue_, model));
  b.adopt(std::make_shared<const ResponseBoard>(catalogue_, read));
  for (int i = 0; i < 200; ++i) {
    rng_ = base::Rng(static_cast<std::uint64_t>(i));
    const auto from_a = ask(a, 77);
    rng_ = base::Rng(static_cast<std::uint64_t>(i));
    const auto from_b = ask(b, 77);
    EXPECT_EQ(from_a.value.creative, from_b.value.creative);
    EXPECT_EQ(from_a.value.click_rate, from_b.value.click_rate);
    EXPECT_EQ(from_a.propensity, from_b.propensity);
    EXPECT_EQ(from_a.version, from_b.version);
  }
  std::string damaged = model->encode();
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 8);
  EXPECT_EQ(ResponseModel::decode(damaged).error().code, base::Code::corrupt);
}

TEST_F(CreativeRulesTest, LearnsWhatSuitsATasteWhereItsModelSaysSo) {
  const domain::Taste ones{1}, others{-.6f, .8f};
  const auto taught = [&](float scale) {
    FeatureScales scales;
    scales.of[static_cast<std::size_t>(FeatureKind::taste)] = scale;
    const ResponseModel untaught;
    CreativeTracker tracker({});
    tracker.restore({0, untaught.base_logit(), untaught.base_conversions(), untaught.weights(), {}, scales});
    tracker.adopt(catalogue_);
    for (int i = 0; i < 3000; ++i) {
      for (std::uint32_t c = 0; c < 4; ++c) {
        for (const auto& [taste, best] : {std::pair(ones, 1u), std::pair(others, 3u)}) {
          auto outcome = shown(c, rng_.chance(c == best ? 0.08 : 0.02));
          outcome.facts.taste = taste;
          tracker.observe(outcome);
        }
      }
    }
    return tracker.publish();
  };
  const auto choice = [&](const ResponseModelPtr& model, const domain::Taste& taste) {
    CreativeRules greedy(domain::PolicyId{4}, {.policy = CreativePolicy::greedy});
    greedy.adopt(std::make_shared<const ResponseBoard>(catalogue_, model));
    CreativeInput input{{auction_, impression_}, 0, fitting_};
    input.response.taste = taste;
    return greedy.decide(input, context_).value().value.creative;
  };
  const auto with = taught(1);
  EXPECT_EQ(choice(with, ones), 1u);
  EXPECT_EQ(choice(with, others), 3u);
  const auto without = taught(0);
  EXPECT_EQ(choice(without, ones), choice(without, others)) << "a model that has no scale for it does not look";
}

TEST_F(CreativeRulesTest, ContinuesFromAModel) {
  teach({0.02, 0.06, 0.02, 0.02}, 3000);
  const ResponseModelPtr before = tracker_.publish();
  CreativeTracker resumed({});
  resumed.adopt(catalogue_);
  resumed.restore(*before);
  const ResponseModelPtr after = resumed.publish();
  EXPECT_EQ(after->version(), before->version() + 1);
  const ResponseBoard a(catalogue_, before);
  const ResponseBoard b(catalogue_, after);
  EXPECT_EQ(a.outlook(0).creative, b.outlook(0).creative);
  EXPECT_NEAR(a.outlook(0).click_rate, b.outlook(0).click_rate, 1e-4);
  EXPECT_NEAR(a.outlook(1).click_rate, b.outlook(1).click_rate, 1e-4);
}

TEST_F(CreativeRulesTest, WithItsFiguresTheTrackerGoesOnAsIfNothingHadHappened) {
  base::Rng rng(3);
  const auto next = [&] {
    domain::Outcome outcome;
    outcome.kind = domain::Outcome::Kind::response;
    outcome.won = true;
    outcome.facts.line_item = {11 + static_cast<std::uint32_t>(rng.below(2))};
    outcome.facts.creative = {100 + static_cast<std::uint32_t>(rng.below(4))};
    outcome.clicked = rng.chance(outcome.facts.line_item.value == 11 ? 0.05 : 0.001);  // 12 is young, as to clicks
    return outcome;
  };
  for (int i = 0; i < 3000; ++i) {
    auto outcome = next();
    tracker_.observe(outcome);
    if (!outcome.clicked) continue;
    outcome.kind = domain::Outcome::Kind::conversion;
    outcome.converted = i % 2 == 0;
    tracker_.observe(outcome);
  }
  const std::string figures = tracker_.encode();
  CreativeTracker other({});
  other.adopt(catalogue_);
  other.restore(*tracker_.publish());
  ASSERT_EQ(other.restore_figures(figures).value(), 2u);
  EXPECT_EQ(other.encode(), figures);
  std::string bad = figures;
  bad[30] = static_cast<char>(bad[30] ^ 1);
  EXPECT_EQ(other.restore_figures(bad).error().code, base::Code::corrupt);
  for (int i = 0; i < 1000; ++i) {
    const auto outcome = next();
    tracker_.observe(outcome);
    other.observe(outcome);
  }
  EXPECT_EQ(tracker_.publish()->encode(), other.publish()->encode());
}

TEST_F(CreativeRulesTest, IndexesOfAnotherCatalogueAreAnError) {
  CreativeRules rules(domain::PolicyId{4}, {});
  rules.adopt(board());
  const std::uint32_t beyond[] = {99};
  const ResponseContext response{auction_, impression_};
  EXPECT_EQ(rules.decide({response, 0, beyond}, context_).error().code, base::Code::invalid_input);
  EXPECT_EQ(rules.decide({response, 99, fitting_}, context_).error().code, base::Code::invalid_input);
  EXPECT_EQ(rules.decide({response, 0, {}}, context_).error().code, base::Code::invalid_input);
}

class ManyCreatives : public CreativeRulesTest {
 protected:
  ManyCreatives() : CreativeRulesTest(40) {}
};

TEST_F(ManyCreatives, TheMostHopefulSixteenAreChosenAmong) {
  std::vector<double> rates(40, 0.01);
  rates[33] = 0.05;
  teach(rates, 1500);
  CreativeRules rules(domain::PolicyId{4}, {});
  rules.adopt(board());
  std::map<std::uint32_t, float> propensity;
  for (int i = 0; i < 5000; ++i) {
    const auto decided = ask(rules);
    propensity[decided.value.creative] = decided.propensity;
  }
  EXPECT_LE(propensity.size(), kChoiceMax);
  EXPECT_GT(propensity[33], 0.9f);
  float total = 0;
  for (const auto& [creative, p] : propensity) total += p;
  EXPECT_LE(total, 1.0001f);
}

}  // namespace
}  // namespace bandstand::agents::creative
