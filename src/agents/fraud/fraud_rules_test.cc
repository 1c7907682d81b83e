// fraud_rules_test: claims about requests: what is refused, what is marked, and that people are left alone.
#include "agents/fraud/fraud_rules.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "base/clock.h"
#include "base/input.h"
#include "protocol/device/user_agent.h"
#include "protocol/lists/pattern_list.h"

namespace bandstand::agents::fraud {
namespace {

constexpr const char* kChrome =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0 "
    "Safari/537.36";
constexpr const char* kIphone =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 Version/17.1 Mobile "
    "Safari/604.1";

std::string data_file(const char* name) {
  const char* root = std::getenv("BANDSTAND_DATA");
  const std::string path =
      (root != nullptr ? std::string(root) : std::string(BANDSTAND_SOURCE_DIR "/../shared/data")) + "/" +
      name;
  return std::filesystem::exists(path) ? path : "";
}

domain::Auction request(std::string_view user_agent, std::string_view ip) {
  domain::Auction auction;
  auction.channel = domain::Channel::site;
  auction.device.user_agent = user_agent;
  auction.device.ip = ip;
  const auto agent = protocol::device::classify_user_agent(user_agent);
  auction.device.os = agent.os;
  auction.device.browser = agent.browser;
  auction.device.type = agent.type;
  return auction;
}

class FraudRulesTest : public testing::Test {
 protected:
  FraudAnswer judge(const domain::Auction& auction, RateReading rates = {}) {
    base::Arena arena;
    base::Rng rng(1);
    AgentContext context{{}, base::Duration{1'000'000}, rng, arena};
    return rules_.decide({auction, std::nullopt, rates}, context)->value;
  }
  FraudRules rules_{FraudLists::built_in()};
};

TEST_F(FraudRulesTest, LeavesPeopleAlone) {
  for (const char* agent : {kChrome, kIphone}) {
    EXPECT_EQ(judge(request(agent, "93.184.216.34")).verdict, Verdict::valid);
    EXPECT_EQ(judge(request(agent, "")).verdict, Verdict::valid);
    EXPECT_EQ(judge(request(agent, "2600:1700::1")).verdict, Verdict::valid);
  }
}

TEST_F(FraudRulesTest, RefusesRobotsThatSaySo) {
  const auto answer = judge(
      request("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "66.249.66.1"));
  EXPECT_EQ(answer.verdict, Verdict::invalid);
  EXPECT_EQ(answer.reason, Reason::known_crawler);
}

TEST_F(FraudRulesTest, GivesTheSameAnswerFromItsMemory) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(judge(request("curl/8.0.1", "93.184.216.34")).reason, Reason::known_crawler);
    EXPECT_EQ(judge(request(kChrome, "93.184.216.34")).reason, Reason::none);
    EXPECT_EQ(judge(request("Mozilla/5.0", "93.184.216.34")).reason, Reason::malformed_user_agent);
  }
}

TEST_F(FraudRulesTest, AnswersByList) {
  auto lists = std::make_shared<FraudLists>();
  AddressListsBuilder builder;
  builder.add(*parse_ipv4_block("9.1.0.0/16"), AddressLabel::data_center);
  builder.add(*parse_ipv4_block("9.1.7.0/24"), AddressLabel::exempt);
  builder.add(*parse_ipv4_block("9.2.0.0/16"), AddressLabel::blocked);
  builder.add(*parse_ipv6_block("2a00:9::/32"), AddressLabel::blocked);
  lists->addresses = builder.build();
  rules_.set_lists(lists);
  EXPECT_EQ(judge(request(kChrome, "9.1.2.3")).reason, Reason::data_center);
  EXPECT_EQ(judge(request(kChrome, "9.1.7.3")).verdict, Verdict::valid);
  EXPECT_EQ(judge(request(kChrome, "9.2.7.3")).reason, Reason::blocked_address);
  EXPECT_EQ(judge(request(kChrome, "::ffff:9.2.7.3")).reason, Reason::blocked_address);
  EXPECT_EQ(judge(request(kChrome, "2a00:9::7")).reason, Reason::blocked_address);
}

TEST_F(FraudRulesTest, MarksWhatDoesNotAddUp) {
  const auto reason = [&](const domain::Auction& auction) {
    const auto answer = judge(auction);
    EXPECT_NE(answer.verdict, Verdict::invalid);
    return answer.reason;
  };
  EXPECT_EQ(reason(request("", "93.184.216.34")), Reason::no_user_agent);
  EXPECT_EQ(reason(request("${USER_AGENT}/1.0", "93.184.216.34")), Reason::malformed_user_agent);
  EXPECT_EQ(reason(request(kChrome, "10.0.0.1")), Reason::bad_address);
  EXPECT_EQ(reason(request(kChrome, "1.2.3.999")), Reason::bad_address);
  auto device = request(kChrome, "93.184.216.34");
  device.device.os_text = "iOS";
  EXPECT_EQ(reason(device), Reason::impossible_device);
  auto pixel = request(kChrome, "93.184.216.34");
  const domain::Size size{1, 1};
  domain::Banner banner;
  banner.sizes = {&size, 1};
  domain::Impression impression;
  impression.banner = &banner;
  pixel.impressions = {&impression, 1};
  EXPECT_EQ(reason(pixel), Reason::off_placement);
}

TEST_F(FraudRulesTest, OurOwnPagesMayBeVisitedFromInsideTheHouse) {
  auto auction = request(kChrome, "192.168.0.7");
  auction.first_party = true;
  EXPECT_EQ(judge(auction).verdict, Verdict::valid);
}

TEST_F(FraudRulesTest, MarksRates) {
  EXPECT_EQ(judge(request(kChrome, "93.184.216.34"), {5'000, 0, 0}).reason, Reason::rate_address);
  EXPECT_EQ(judge(request(kChrome, "93.184.216.34"), {0, 500, 0}).reason, Reason::rate_user);
  EXPECT_EQ(judge(request(kChrome, "93.184.216.34"), {100, 10, 1e6f}).verdict, Verdict::valid);
}

/// The text of `"name":"..."` in a line of JSON without blanks.
std::string field(std::string_view line, std::string_view name) {
  const auto key = line.find("\"" + std::string(name) + "\":\"");
  std::string text;
  if (key == std::string_view::npos) return text;
  for (auto at = key + name.size() + 4; at < line.size() && line[at] != '"'; ++at) {
    if (line[at] == '\\') ++at;
    text.push_back(line[at]);
  }
  return text;
}

/// Not a test of time, which depends on the machine: it prints the figures.
TEST_F(FraudRulesTest, PrintsHowLongADecisionTakes) {
  const base::SystemClock clock;
  const auto print = [&](const char* what, auto work) {
    constexpr int kTimes = 20'000;
    const auto start = clock.mono();
    for (int i = 0; i < kTimes; ++i) work(i);
    std::printf("%s: %lld ns\n", what, static_cast<long long>((clock.mono() - start).count() / kTimes));
  };
  base::Arena arena;
  base::Rng rng(1);
  AgentContext context{{}, base::Duration{1'000'000}, rng, arena};
  const auto auction = request(kChrome, "93.184.216.34");
  print("a user agent seen before", [&](int) {
    EXPECT_TRUE(rules_.decide({auction, std::nullopt, {}}, context));
  });
  std::string agent = kChrome;
  print("a new one", [&](int i) {
    agent.replace(agent.size() - 6, 6, std::to_string(100'000 + i));
    auto fresh = auction;
    fresh.device.user_agent = agent;
    EXPECT_TRUE(rules_.decide({fresh, std::nullopt, {}}, context));
  });
  RateSketch sketch;
  print("a rate",
        [&](int i) { EXPECT_GT(sketch.add(static_cast<std::uint64_t>(i), {1'700'000'000'000'000'000}), 0); });
}

struct Traffic {
  int requests = 0, refused = 0;
  std::map<std::string, int> reasons;
  std::map<std::string, int> agents;  ///< of the refused
};

/// The recorded auctions, judged. Their addresses end in 1 and are of 2012, so no list of today's data
/// centres is asked.
template <class Judge>
Traffic judge_recorded(const std::string& path, Judge judge) {
  Traffic traffic;
  auto lines = base::LineReader::open(path);
  std::string_view line;
  while (*lines->next(line)) {
    ++traffic.requests;
    const std::string agent = field(line, "userAgent");
    const std::string ip = field(line, "ipAddress");
    const FraudAnswer answer = judge(request(agent, ip));
    if (answer.verdict == Verdict::valid) continue;
    ++traffic.reasons[name_of(answer.reason)];
    if (answer.verdict != Verdict::invalid) continue;
    ++traffic.refused;
    ++traffic.agents[agent];
  }
  for (const auto& [agent, count] : traffic.agents) std::printf("refused %3d  %s\n", count, agent.c_str());
  for (const auto& [reason, count] : traffic.reasons) std::printf("%s %d\n", reason.c_str(), count);
  return traffic;
}

TEST_F(FraudRulesTest, OfFifteenThousandRecordedAuctionsTheBuiltInListRefusesTheTenThatNameThemselves) {
  const std::string path = data_file("openrtb_traffic/datacratic-auctions-00001-15000.jsonl.xz");
  if (path.empty()) GTEST_SKIP() << "the shared data is not here";
  const Traffic traffic =
      judge_recorded(path, [&](const domain::Auction& auction) { return judge(auction); });
  EXPECT_EQ(traffic.requests, 15'000);
  EXPECT_EQ(traffic.refused, 10);  // 7 Googlebot, 1 Crawler, 2 Slurp
  for (const auto& [agent, count] : traffic.agents) {
    EXPECT_TRUE(agent.find("Googlebot") != std::string::npos || agent.find("Crawler") != std::string::npos ||
                agent.find("Slurp") != std::string::npos)
        << agent;
  }
  // Seven without user agent and one with a private address do not add up; nothing else is marked.
  EXPECT_EQ(traffic.reasons,
            (std::map<std::string, int>{{"bad_address", 1}, {"known_crawler", 10}, {"no_user_agent", 7}}));
}

TEST_F(FraudRulesTest, ThePublishedListAddsPreviewersAndTwoMistakesOfItsOwn) {
  const std::string path = data_file("openrtb_traffic/datacratic-auctions-00001-15000.jsonl.xz");
  const std::string patterns = data_file("ua_ip_fraud/crawler-user-agents.patterns.json.xz");
  const std::string methbot = data_file("ua_ip_fraud/METHBOT_ip_ranges_2016.txt");
  if (path.empty() || patterns.empty() || methbot.empty()) GTEST_SKIP() << "the shared data is not here";
  auto lists = std::make_shared<FraudLists>();
  auto all = *protocol::lists::read_patterns(*base::read_whole_file(patterns));
  all.insert(all.end(), default_crawler_patterns().begin(), default_crawler_patterns().end());
  lists->crawlers = CrawlerList::compile(all);
  AddressListsBuilder builder;
  builder.add_reserved();
  auto blocked = base::LineReader::open(methbot);
  ASSERT_TRUE(builder.add_cidr_list(*blocked, AddressLabel::blocked));
  lists->addresses = builder.build();
  rules_.set_lists(lists);

  const Traffic traffic =
      judge_recorded(path, [&](const domain::Auction& auction) { return judge(auction); });
  int robots = 0, previewers = 0, mistakes = 0;
  for (const auto& [agent, count] : traffic.agents) {
    const auto says = [&text = agent](const char* word) { return text.find(word) != std::string::npos; };
    if (says("Googlebot") || says("Crawler") || says("Slurp")) {
      robots += count;
    } else if (says("Google Web Preview") || says("BingPreview")) {
      previewers += count;
    } else if (says("FluidApp") ||
               says("SynapseWorkstation")) {  // patterns "Fluid" and "Synapse" of the published list
      mistakes += count;
    } else {
      ADD_FAILURE() << agent;
    }
  }
  EXPECT_EQ(robots, 10);
  EXPECT_EQ(previewers, 23);
  EXPECT_EQ(mistakes, 2);
}

}  // namespace
}  // namespace bandstand::agents::fraud
