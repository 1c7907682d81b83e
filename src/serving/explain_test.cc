// explain_test: a record tells what happened, in words, and says nothing that it should not.
#include "serving/explain.h"

#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/arena.h"
#include "orchestrator/policies.h"
#include "serving/explain_words.h"

namespace bandstand::serving {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// A decision of one impression with four candidates: one bid, one paced, one vetoed, one outbid.
class ExplainTest : public testing::Test {
 protected:
  ExplainTest() {
    record_.id = {0x0001000000000007, 0x1200};
    record_.at = {1'700'000'000'123'456'789};
    record_.request = R"({"user":{"id":"secret-user"}})";
    record_.seed = 0xfedcba9876543210;
    record_.catalogue_version = 42;
    record_.basis = domain::ConsentBasis::consented;
    record_.bids = 1;
    record_.duration_ns = 14'200;
    record_.calls = arena_.array<domain::CallRecord>(3);
    record_.calls[1].stage = domain::Stage::creative;
    record_.calls[1].policy = orchestrator::kCreativeThompson;
    record_.calls[1].version = 9;
    record_.calls[1].propensity = 0.25f;
    record_.calls[2].stage = domain::Stage::bid;
    record_.calls[2].outcome = domain::CallOutcome::breaker_open;
    record_.calls[2].source = domain::Source::fallback;
    record_.impressions = arena_.array<domain::ImpressionRecord>(1);
    record_.impressions[0].id = "imp-1";
    record_.impressions[0].refused = 988;
    auto candidates = arena_.array<domain::CandidateRecord>(4);
    for (std::uint32_t i = 0; i < 4; ++i) candidates[i].line_item = 1000 + i;
    candidates[0].refusal = domain::Refusal::paced;
    candidates[1].creative = 10;
    candidates[1].mu = 1.2f;
    candidates[1].value = 2'500'000;
    candidates[1].click_rate = 0.0031f;
    candidates[1].price = {1'812'345};
    candidates[1].available = {12'340'000'000};
    candidates[2].refusal = domain::Refusal::oversight;
    candidates[2].rule = 5;
    candidates[3].refusal = domain::Refusal::outbid_inside;
    record_.impressions[0].candidates = candidates;

    catalogue_.version = 42;
    catalogue_.line_items.resize(1);
    catalogue_.line_items[0].name = "everyone\x1b[31m";
    catalogue_.line_item_index[1001] = 0;
    catalogue_.creatives.resize(1);
    catalogue_.creatives[0].name = "box";
    catalogue_.creative_index[10] = 0;
  }

  base::Arena arena_;
  domain::DecisionRecord record_;
  domain::Catalogue catalogue_;
};

TEST_F(ExplainTest, TellsEachStepAndWhyEachLineItemLeft) {
  const std::string text = explain_text(record_, {&catalogue_, {"alpha"}, false});
  EXPECT_THAT(text, AllOf(HasSubstr("decision 00010000000000070000000000001200"),
                          HasSubstr("2023-11-14 22:13:20.123 UTC"), HasSubstr("exchange alpha"),
                          HasSubstr("14.2 us"), HasSubstr("consented: the user has consented")));
  EXPECT_THAT(text, AllOf(HasSubstr("creative.thompson"), HasSubstr("0.25"), HasSubstr("breaker open"),
                          HasSubstr("its fallback stood in")));
  EXPECT_THAT(text,
              AllOf(HasSubstr("1001 everyone"), HasSubstr("10 box"), HasSubstr("2.5000"), HasSubstr("0.310%"),
                    HasSubstr("1.812345"), HasSubstr("12.34"), HasSubstr("IN THE ANSWER")));
  EXPECT_THAT(text,
              AllOf(HasSubstr("oversight: blocked_category"), HasSubstr("has spent its plan for now"),
                    HasSubstr("another of ours bids more"), HasSubstr("line items refused by targeting 988")));
  EXPECT_THAT(text, HasSubstr("bandstand replay decision 00010000000000070000000000001200"));
}

TEST_F(ExplainTest, PutsTheBidFirst) {
  const std::string text = explain_text(record_);
  EXPECT_LT(text.find("IN THE ANSWER"), text.find("oversight: blocked_category"));
}

TEST_F(ExplainTest, FitsAScreen) {
  const std::string text = explain_text(record_, {&catalogue_, {"alpha"}, false});
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 40);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 130u) << line;
}

TEST_F(ExplainTest, SaysWhyThereIsNoBid) {
  record_.bids = 0;
  record_.no_bid = domain::NoBid::paced;
  record_.impressions[0].no_bid = domain::NoBid::paced;
  record_.impressions[0].candidates = record_.impressions[0].candidates.first(1);
  const std::string text = explain_text(record_);
  EXPECT_THAT(
      text, HasSubstr("outcome    no bid: 511 paced: every line item that fits has spent its plan for now"));
  const auto json = nlohmann::json::parse(explain_json(record_));
  EXPECT_EQ(json["no_bid"]["code"], 511);
  EXPECT_EQ(json["impressions"][0]["no_bid"]["name"], "paced");
}

TEST_F(ExplainTest, LetsNothingFromARequestOrANameReachTheTerminalUnprinted) {
  record_.impressions[0].id = "a\nb\x1b]0;";
  EXPECT_THAT(explain_text(record_, {&catalogue_, {}, false}),
              AllOf(HasSubstr("\"a?b?]0;\""), Not(HasSubstr("\x1b"))));
}

TEST_F(ExplainTest, SaysWhenTheNamesAreOfAnotherCatalogue) {
  EXPECT_THAT(explain_text(record_, {&catalogue_, {}, false}), Not(HasSubstr("another catalogue")));
  catalogue_.version = 43;
  EXPECT_THAT(explain_text(record_, {&catalogue_, {}, false}),
              HasSubstr("the names are of another catalogue"));
}

TEST_F(ExplainTest, KeepsTheRequestFromThoseWhoDidNotAsk) {
  EXPECT_THAT(explain_text(record_), Not(HasSubstr("secret-user")));
  EXPECT_THAT(explain_json(record_), Not(HasSubstr("secret-user")));
  EXPECT_THAT(explain_json(record_, {nullptr, {}, true}), HasSubstr("secret-user"));
}

TEST_F(ExplainTest, GivesMoneyAsTextAndWideNumbersAsHexadecimal) {
  const auto json = nlohmann::json::parse(explain_json(record_, {&catalogue_, {}, false}));
  EXPECT_EQ(json["seed"], "fedcba9876543210");
  EXPECT_EQ(json["impressions"][0]["candidates"][1]["price_nanos"], "1812345");
  EXPECT_EQ(json["impressions"][0]["candidates"][1]["line_item_name"], "everyone\x1b[31m")
      << "JSON escapes; it is not a terminal";
  EXPECT_TRUE(json["no_bid"].is_null());
}

TEST(NoBidReasons, AreDocumentedInTheSameWords) {
  std::ifstream file(BANDSTAND_SOURCE_DIR "/docs/formats/no-bid-reasons.md");
  ASSERT_TRUE(file) << "docs/formats/no-bid-reasons.md";
  std::stringstream page;
  page << file.rdbuf();
  for (int code = 0; code < 600; ++code) {
    const auto reason = static_cast<domain::NoBid>(code);
    if (code > 0 && std::string_view(domain::name_of(reason)) == "unknown") continue;
    const std::string row = "| " + std::to_string(code) + " | `" + domain::name_of(reason) + "` | ";
    EXPECT_THAT(page.str(), HasSubstr(row));
    EXPECT_THAT(page.str(), HasSubstr(std::string(words_of(reason)))) << code;
  }
}

}  // namespace
}  // namespace bandstand::serving
