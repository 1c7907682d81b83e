// protocol_pid_test: the forty published rounds to the last digit.
#include "experiments/protocol_pid.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "experiments/replay_bidding.h"
#include "experiments/test_data.h"

namespace bandstand::experiments {
namespace {

TEST(PidProtocol, MeetsTheFortyPublishedRoundsToTheLastDigit) {
  BANDSTAND_NEEDS_DATA("ipinyou_pid/published_results_train.tsv");
  std::ostringstream out;
  std::ostringstream err;
  const ReplayBiddingOptions options{
      .protocol = "pid", .auctions = test_data("ipinyou_pid/train.txt.xz"), .format = TableFormat::tsv};
  ASSERT_EQ(replay_bidding(options, out, err), 0) << err.str();
  std::ifstream file(test_data("ipinyou_pid/published_results_train.tsv"));
  std::istringstream got(out.str());
  std::string expected_line;
  std::string got_line;
  int rows = 0;
  while (std::getline(file, expected_line)) {
    ASSERT_TRUE(std::getline(got, got_line));
    EXPECT_EQ(got_line, expected_line);
    ++rows;
  }
  EXPECT_EQ(rows, 41);
  EXPECT_FALSE(std::getline(got, got_line));
}

TEST(ControlFigures, NameRiseSettlingAndTheSettledPart) {
  std::vector<PidRound> rounds(6);
  const double measured[] = {1000, 150, 95, 120, 105, 95};
  for (std::size_t k = 0; k < rounds.size(); ++k) rounds[k].ecpc = measured[k];
  const ControlFigures figures = measure_control(rounds, 100);
  EXPECT_EQ(figures.rise_round, 2);
  EXPECT_EQ(figures.settling_round, 4);
  EXPECT_DOUBLE_EQ(figures.overshoot, 0.2);
  EXPECT_DOUBLE_EQ(figures.rmse_settled, 0.05);
  EXPECT_DOUBLE_EQ(figures.sd_settled, 0.05);
}

}  // namespace
}  // namespace bandstand::experiments
