// ledger_sim_test: the money path holds through a swarm of faults, and the simulator finds every planted bug.
#include "simulation/ledger_sim.h"

#include <gtest/gtest.h>

namespace bandstand::simulation {
namespace {

// Instrumented builds look for other mistakes than these and run a twentieth of it.
#if defined(__OPTIMIZE__) && !defined(BANDSTAND_INSTRUMENTED)
constexpr std::uint64_t kEvents = 20'000'000;
constexpr std::uint64_t kFaults = 500'000;
#else
constexpr std::uint64_t kEvents = 1'000'000;
constexpr std::uint64_t kFaults = 25'000;
#endif

TEST(LedgerSim, LosesDoublesAndOverspendsNothingThroughMillionsOfFaults) {
  LedgerSimOptions options;
  options.seed_first = 1;
  options.seed_last = 16;
  options.events_min = kEvents;
  const LedgerSimReport report = run_ledger_sim(options);
  std::fputs(print_ledger_sim(report, false).c_str(), stdout);
  EXPECT_TRUE(report.holds());
  EXPECT_GE(report.counts.events, kEvents);
  EXPECT_GE(report.faults.total(), kFaults);
  EXPECT_GE(report.replays, report.seeds / 16);
  EXPECT_EQ(report.replays_different, 0u);
  // A swarm that never did one of these would prove less than it says.
  const LedgerSimFaults& faults = report.faults;
  for (const std::uint64_t count :
       {faults.drops, faults.duplicates, faults.partitioned, faults.clogged, faults.ledger_crashes,
        faults.node_crashes, faults.power_cuts, faults.second_writers, faults.disk_errors, faults.disk_full,
        faults.torn_files, faults.wall_jumps, faults.late_wins, faults.early_bills, faults.contradictions,
        faults.forged, faults.price_changes, faults.prices_above_max}) {
    EXPECT_GT(count, 0u);
  }
  EXPECT_GT(report.counts.duplicates_answered, 0u);
  EXPECT_GT(report.counts.snapshots, 0u);
  EXPECT_GT(report.counts.late_nanos, 0);
}

class LedgerSimBug : public testing::TestWithParam<ledger::PlantedBug> {};

TEST_P(LedgerSimBug, IsFoundWithinFortySeeds) {
  LedgerSimOptions options;
  options.seed_last = 40;
  options.planted_bug = GetParam();
  options.replay_one_in = 0;
  const LedgerSimReport report = run_ledger_sim(options);
  ASSERT_FALSE(report.breaks.empty()) << name_of(GetParam());
  std::printf("%s: seed %llu, %s\n", name_of(GetParam()),
              static_cast<unsigned long long>(report.breaks[0].seed), report.breaks[0].what.c_str());
}

INSTANTIATE_TEST_SUITE_P(Planted, LedgerSimBug,
                         testing::ValuesIn(planted_bugs().begin(), planted_bugs().end()),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST(LedgerSim, ReplaysASeedToTheLastEvent) {
  LedgerSimOptions options;
  options.seed_first = options.seed_last = 77;
  const LedgerSimReport first = run_ledger_sim(options);
  const LedgerSimReport again = run_ledger_sim(options);
  EXPECT_EQ(first.trace_hash, again.trace_hash);
  EXPECT_EQ(print_ledger_sim(first, true), print_ledger_sim(again, true));
  options.seed_first = options.seed_last = 78;
  EXPECT_NE(run_ledger_sim(options).trace_hash, first.trace_hash);
}

TEST(LedgerSim, NamesTheSeedOfABreak) {
  LedgerSimOptions options;
  options.seed_first = options.seed_last = 5;
  options.planted_bug = ledger::PlantedBug::dedupe_off;
  const LedgerSimReport report = run_ledger_sim(options);
  ASSERT_EQ(report.breaks.size(), 1u);
  EXPECT_NE(print_ledger_sim(report, false).find("BROKEN seed 5 at"), std::string::npos);
  EXPECT_NE(print_ledger_sim(report, true).find("\"breaks\":[{\"seed\":5,"), std::string::npos);
}

TEST(LedgerSim, ListsAllBrokenSeedsWhenToldToGoOn) {
  LedgerSimOptions options;
  options.seed_last = 6;
  options.planted_bug = ledger::PlantedBug::dedupe_off;
  options.stop_at_first_break = false;
  options.breaks_listed_max = 3;
  const LedgerSimReport report = run_ledger_sim(options);
  EXPECT_EQ(report.seeds, 6u);
  EXPECT_EQ(report.breaks.size(), 3u);
}

TEST(LedgerSim, AnswersTheVerbWithItsExitCodes) {
  const auto run = [](std::vector<const char*> arguments) { return ledger_sim_main(arguments); };
  EXPECT_EQ(run({"--seed", "3", "--json"}), 0);
  EXPECT_EQ(run({"--seeds", "1..9", "--bug", "dedupe_off"}), 0);
  EXPECT_EQ(run({"--seeds", "1..1", "--events", "1", "--keep-going"}), 0);
  EXPECT_EQ(run({"--seeds", "9..1"}), 2);
  EXPECT_EQ(run({"--seeds", "1-9"}), 2);
  EXPECT_EQ(run({"--seed", "x"}), 2);
  EXPECT_EQ(run({"--seed"}), 2);
  EXPECT_EQ(run({"--events", "-1"}), 2);
  EXPECT_EQ(run({"--bug", "moth"}), 2);
  EXPECT_EQ(run({"--frobnicate", "1"}), 2);
}

}  // namespace
}  // namespace bandstand::simulation
