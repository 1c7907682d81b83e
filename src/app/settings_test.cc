// settings_test: every fault at once, with its line; the committed schema, page and example are those of the
// table.
#include "app/settings.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace bandstand::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

auto problem(std::uint32_t line, const std::string& field, const std::string& what) {
  return AllOf(Field(&Problem::line, line), Field(&Problem::field, field),
               Field(&Problem::what, HasSubstr(what)));
}

std::vector<Problem> problems_of(std::string_view text) {
  std::vector<Problem> problems;
  parse_settings(text, problems);
  return problems;
}

std::string file_text(const std::string& path) {
  std::ifstream in(path);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "bandstand-settings-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string write(const std::string& name, const std::string& text, mode_t mode) const {
    const std::string path = path_ + "/" + name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }

 private:
  std::string path_;
};

TEST(Settings, AnEmptyFileIsTheDefaultsOfTheStructs) {
  std::vector<Problem> problems;
  const Settings settings = parse_settings("", problems);
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(settings.serving.exchanges.at(0).name, serving::ServingSettings{}.exchanges.at(0).name);
  EXPECT_EQ(settings.serving.token_life_s, serving::ServingSettings{}.token_life_s);
  EXPECT_EQ(settings.server.listen, serving::ServerOptions{}.listen);
}

TEST(Settings, TakesWhatTheFileSays) {
  std::vector<Problem> problems;
  const Settings settings = parse_settings(R"(
shards = 3
[[exchanges]]
name = "alpha"
bill_on = "nurl"
currency = "EUR"
network_ms = 7
[[fx]]
currency = "EUR"
usd = "1.0834"
[ledger]
remember_s = 90000
[pacing]
policy = "dual"
mu_min = 1.5
[policies]
bid_challenger = "truthful"
bid_challenger_mode = "percent"
bid_challenger_percent = 5
)",
                                           problems);
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(settings.serving.shards, 3u);
  ASSERT_EQ(settings.serving.exchanges.size(), 1u);
  EXPECT_EQ(settings.serving.exchanges[0].bill_on, serving::BillOn::nurl);
  EXPECT_EQ(settings.serving.exchanges[0].default_currency, domain::pack8("EUR"));
  EXPECT_EQ(settings.serving.exchanges[0].network, std::chrono::milliseconds(7));
  EXPECT_EQ(settings.serving.fx.at(0).usd_nanos, 1'083'400'000);
  EXPECT_EQ(settings.serving.ledger.remember, std::chrono::hours(25));
  EXPECT_EQ(settings.serving.pacing.policy, agents::budget::PacingPolicy::dual);
  EXPECT_EQ(settings.team.bid_rollout.mode, orchestrator::Mode::percent);
  EXPECT_NE(settings.team.bid_rollout.salt, settings.team.creative_rollout.salt);
}

TEST(Settings, ReportsEveryFaultAtOnceWithItsLine) {
  EXPECT_THAT(problems_of(R"(shards = 0
shard = 2
listen = "nowhere"
vendor_id = "7"
remember_s = 5
[[exchanges]]
nam = "a"
bill_on = "click"
[ledger]
remembr_s = 1
[pacing]
mu_min = "x"
window_min_ms = 2000
window_max_ms = 1000
)"),
              ElementsAre(problem(1, "shards", "must be from 1 to 256"),
                          problem(2, "shard", "did you mean 'shards'?"), problem(3, "listen", "ADDRESS:PORT"),
                          problem(4, "vendor_id", "whole number"),
                          problem(5, "remember_s", "did you mean 'ledger.remember_s'?"),
                          problem(6, "exchanges[0].name", "is required"),
                          problem(7, "exchanges[0].nam", "did you mean 'name'?"),
                          problem(8, "exchanges[0].bill_on", "must be one of burl, nurl, impression"),
                          problem(10, "ledger.remembr_s", "did you mean 'ledger.remember_s'?"),
                          problem(12, "pacing.mu_min", "expected a number"),
                          problem(13, "pacing.window_min_ms", "must not be above pacing.window_max_ms")));
}

TEST(Settings, ASyntaxErrorHasItsLine) {
  const auto problems = problems_of("shards = 1\nshards = = 2\n");
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].line, 2u);
}

TEST(Settings, ATokenMayNotOutliveTheLedgersMemory) {
  EXPECT_THAT(problems_of("token_life_s = 90000"),
              ElementsAre(problem(1, "token_life_s", "ledger.remember_s")));
  EXPECT_THAT(problems_of("[ledger]\nremember_s = 3600"),
              ElementsAre(problem(2, "ledger.remember_s", "token_life_s")));
}

TEST(Settings, WindowsOfTheLedgerAndTheMatcherFitEachOther) {
  EXPECT_THAT(problems_of("[ledger]\nhold_won_s = 90000\nremember_s = 86400"),
              ElementsAre(problem(2, "ledger.hold_won_s", "must not be above ledger.remember_s")));
  EXPECT_THAT(problems_of("[ledger]\nbid_period_s = 3600"),
              ElementsAre(problem(2, "ledger.bid_period_s", "must not be above ledger.keep_recent_s")));
  EXPECT_THAT(problems_of("[ledger]\nlease_s = 3600\nreclaim_after_lease_s = 86000"),
              ElementsAre(problem(3, "ledger.reclaim_after_lease_s", "before its bids are forgotten")));
  EXPECT_THAT(problems_of("[ledger]\nreclaim_after_lease_s = 59"),
              ElementsAre(problem(2, "ledger.reclaim_after_lease_s", "must not be below 60")));
  EXPECT_THAT(problems_of("[matcher]\nconversion_window_s = 86401"),
              ElementsAre(problem(2, "matcher.conversion_window_s", "must not be above token_life_s")));
}

TEST(Settings, OperatorsOnOtherMachinesNeedAToken) {
  EXPECT_THAT(problems_of("admin = \"0.0.0.0:8081\""), ElementsAre(problem(1, "admin", "admin_token_file")));
  EXPECT_THAT(problems_of("admin = \"0.0.0.0:8081\"\nadmin_token_file = \"token\""), IsEmpty());
  EXPECT_THAT(problems_of("admin = \"[::1]:8081\""), IsEmpty());
}

TEST(Settings, ExchangesAreToldApartAndFitTheirTime) {
  EXPECT_THAT(
      problems_of(
          "[[exchanges]]\nname = \"a\"\n[[exchanges]]\nname = \"a\"\nnetwork_ms = 120\ncurrency = \"JPY\""),
      ElementsAre(problem(4, "exchanges[1].name", "there already"),
                  problem(5, "exchanges[1].network_ms", "tmax_default_ms"),
                  problem(6, "exchanges[1].currency", "no rate")));
}

TEST(Settings, AChallengerIsWhole) {
  EXPECT_THAT(problems_of("[policies]\nbid_challenger_mode = \"live\""),
              ElementsAre(problem(2, "policies.bid_challenger_mode", "there is no policies.bid_challenger")));
  EXPECT_THAT(problems_of("[policies]\ncreative_challenger = \"thompson\""),
              ElementsAre(problem(2, "policies.creative_challenger", "is the policy")));
}

TEST(Settings, KeysAreReadFromFilesOfTheirOwnerAloneAndNeverPrinted) {
  const Folder folder;
  const std::string good = folder.write("good", "sesame-sesame-sesame\n", 0400);
  const std::string open = folder.write("open", "sesame-sesame-sesame\n", 0444);
  const std::string text =
      "[[token_keys]]\nid = 1\nfile = \"" + good + "\"\n[[token_keys]]\nid = 2\nfile = \"" + open + "\"\n";
  std::vector<Problem> problems;
  Settings settings = parse_settings(text, problems);
  read_named_files(settings, problems);
  EXPECT_THAT(problems, ElementsAre(problem(6, "token_keys[1].file", "chmod 0400")));
  ASSERT_EQ(settings.serving.token_keys.size(), 1u);
  EXPECT_EQ(settings.serving.token_keys[0].secret, "sesame-sesame-sesame");
  EXPECT_THAT(print_settings(settings), AllOf(HasSubstr("redacted"), Not(HasSubstr("sesame"))));
  EXPECT_THAT(settings_json(settings), Not(HasSubstr("sesame")));
}

TEST(Settings, FraudListsAreReadAndTheirBadLinesNamed) {
  const Folder folder;
  const std::string ranges = folder.write("ranges", "192.0.2.0/24\nnonsense\n", 0644);
  const std::string crawlers =
      folder.write("crawlers", "[{\"pattern\":\"Hobbyist\"},\n {\"pattern\":\"(\"},\n {}]", 0644);
  std::vector<Problem> problems;
  Settings settings = parse_settings(
      "[fraud]\nblocked_ranges = \"" + ranges + "\"\ncrawlers = \"" + crawlers + "\"\n", problems);
  read_named_files(settings, problems);
  EXPECT_THAT(problems,
              testing::UnorderedElementsAre(problem(2, "fraud.blocked_ranges", ":2: is no range"),
                                            problem(3, "fraud.crawlers", ":3: an entry has no"),
                                            problem(3, "fraud.crawlers", ":2: no regular expression")));
  ASSERT_NE(settings.team.fraud_lists, nullptr);
  EXPECT_EQ(settings.team.fraud_lists->crawlers.match("a Hobbyist 1.0"), 0);
}

TEST(Settings, WhatIsPrintedReadsBackAsItself) {
  std::vector<Problem> problems;
  const Settings settings = parse_settings(
      "shards = 2\n[pacing]\nmu_min = 0.5\n[[fx]]\ncurrency = \"EUR\"\nusd = \"1.1\"", problems);
  const Settings again = parse_settings(print_settings(settings), problems);
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(settings_json(again), settings_json(settings));
}

TEST(Settings, TheCommittedSchemaPageAndExampleAreThoseOfTheTable) {
  const std::string root = BANDSTAND_SOURCE_DIR;
  EXPECT_EQ(file_text(root + "/config/schema.json"), settings_schema())
      << "bandstand check --schema > config/schema.json";
  EXPECT_EQ(file_text(root + "/docs/reference/settings.md"), settings_reference())
      << "bandstand check --reference > docs/reference/settings.md";
  EXPECT_THAT(problems_of(file_text(root + "/config/bandstand.toml")), IsEmpty());
}

}  // namespace
}  // namespace bandstand::app
