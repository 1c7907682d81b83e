// closed_loop_test: the production code in the simulated world: the books agree, runs repeat, decisions can
// be computed again.
#include <gtest/gtest.h>

#include <sstream>

#include "app/replay_decision.h"
#include "app/simulate.h"
#include "protocol/catalogue/catalogue_reader.h"
#include "simulation/demo_catalogue.h"
#include "simulation/local_bandstand.h"

namespace bandstand::app {
namespace {

constexpr base::WallTime kStart{1'764'028'800'000'000'000};

struct Played {
  std::unique_ptr<simulation::LocalBandstand> local;
  std::unique_ptr<simulation::World> world;
  std::vector<std::string> differences;
};

Played play(std::uint64_t seed, double seconds, double rate, const simulation::NoticeOptions& notices) {
  Played played;
  simulation::DemoCatalogueOptions demo;
  demo.seed = seed;
  demo.seconds = seconds;
  demo.requests_per_second = rate;
  const std::string text = simulation::demo_catalogue_json(demo);
  std::vector<protocol::catalogue::Problem> problems;
  const auto catalogue = protocol::catalogue::read_catalogue(text, {"alpha", "beta"}, problems);
  EXPECT_TRUE(catalogue) << (problems.empty() ? "" : protocol::catalogue::print(problems[0], "demo"));
  played.local = std::make_unique<simulation::LocalBandstand>(
      demo_settings(seconds), [](const serving::ServingSettings& s) { return make_team(s, TeamNames{}); },
      catalogue, text, kStart);
  auto options = demo_world(seed, seconds, rate);
  options.notices = notices;
  played.world = std::make_unique<simulation::World>(options, catalogue);
  const base::WallTime end = kStart + std::chrono::seconds(static_cast<int>(seconds));
  played.world->run_until(end, *played.local);
  played.world->stop_traffic();
  for (int i = 1; i <= 300 && !played.world->settled(); ++i) {
    played.world->run_until(end + std::chrono::seconds(i), *played.local);
  }
  played.local->settle();
  played.differences = compare_books(played.local->control().journal().ledger(), played.world->account());
  return played;
}

TEST(ClosedLoop, EndsWithBooksThatEqualTheExchangesToTheNano) {
  simulation::NoticeOptions bad;
  bad.lost_share = .05;
  bad.acknowledgement_lost_share = .05;
  bad.duplicate_share = .1;
  bad.late_share = .02;
  bad.late_by_s = 5;
  bad.early_bill_share = .2;
  const Played played = play(11, 60, 120, bad);
  for (const auto& difference : played.differences) ADD_FAILURE() << difference;
  const auto total = played.world->account().total();
  EXPECT_GT(total.billed, 500u);
  const auto& control = played.local->control();
  EXPECT_EQ(control.matcher().counts().unmatched, 0u);
  EXPECT_GT(control.totals().duplicates, 50u);
  EXPECT_EQ(control.journal().ledger().audit(), nullptr);
  for (const auto& book : control.journal().ledger().campaigns()) EXPECT_LE(book.charged(), book.lifetime);
}

TEST(ClosedLoop, RepeatsByteForByteFromItsSeed) {
  const Played a = play(5, 20, 100, {});
  const Played b = play(5, 20, 100, {});
  EXPECT_EQ(a.world->sent_hash(), b.world->sent_hash());
  EXPECT_EQ(a.local->control().journal().ledger().state_hash(),
            b.local->control().journal().ledger().state_hash());
  const Played c = play(6, 20, 100, {});
  EXPECT_NE(a.world->sent_hash(), c.world->sent_hash());
}

TEST(ClosedLoop, RecomputesEveryLoggedDecisionBitForBit) {
  const Played played = play(9, 20, 60, {});
  auto replayer = DecisionReplayer::open(played.local->log(), played.local->settings(), TeamNames{});
  ASSERT_TRUE(replayer);
  const auto ids = (*replayer)->ids();
  ASSERT_GT(ids.size(), 500u);
  std::size_t same = 0;
  for (const auto id : ids) {
    const auto outcome = (*replayer)->replay(id);
    if (outcome.verdict == DecisionReplayer::Verdict::same) {
      ++same;
    } else if (same + 5 > ids.size() || ids.size() - same < 5) {
      ADD_FAILURE() << outcome.detail;
    }
  }
  EXPECT_EQ(same, ids.size());
}

}  // namespace
}  // namespace bandstand::app
