// statistics_test: intervals cover, ranks count ties, tables print in three forms.
#include "experiments/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "base/rng.h"
#include "experiments/table.h"

namespace bandstand::experiments {
namespace {

TEST(PairedBootstrap, CoversTheTruthAboutAsOftenAsItSays) {
  base::Rng rng(1);
  int covered = 0;
  const int worlds = 300;
  for (int w = 0; w < worlds; ++w) {
    std::vector<double> a(80);
    std::vector<double> b(80);
    for (std::size_t i = 0; i < a.size(); ++i) {
      const double common = 10 * rng.normal();  // pairing takes this out
      a[i] = common + rng.normal() + 0.5;
      b[i] = common + rng.normal();
    }
    const Interval interval = paired_bootstrap(a, b, 400, static_cast<std::uint64_t>(w));
    covered += interval.low <= 40 && 40 <= interval.high ? 1 : 0;
    EXPECT_LT(interval.high - interval.low, 90);  // unpaired it would be about 500
  }
  EXPECT_GT(covered, worlds * 90 / 100);
  EXPECT_LT(covered, worlds * 99 / 100);
}

TEST(PairedBootstrap, WithoutSamplesIsThePlainDifference) {
  const std::vector<double> a{3, 4};
  const std::vector<double> b{1, 1};
  const Interval interval = paired_bootstrap(a, b, 0, 1);
  EXPECT_EQ(interval.value, 5);
  EXPECT_EQ(interval.low, 5);
  EXPECT_EQ(interval.high, 5);
}

TEST(AreaUnderRoc, CountsPairsAndHalvesTies) {
  const std::vector<double> scores{0.1, 0.2, 0.2, 0.3};
  const std::vector<std::uint8_t> positive{0, 1, 0, 1};
  EXPECT_DOUBLE_EQ(area_under_roc(scores, positive), 3.5 / 4);
  EXPECT_DOUBLE_EQ(area_under_roc(scores, std::vector<std::uint8_t>(4, 0)), 0.5);
}

TEST(Quantile, InterpolatesBetweenNeighbours) {
  EXPECT_DOUBLE_EQ(quantile({3, 1, 2}, 0.5), 2);
  EXPECT_DOUBLE_EQ(quantile({0, 10}, 0.25), 2.5);
  EXPECT_DOUBLE_EQ(quantile({}, 0.25), 0);
}

TEST(Table, PrintsTheSameRowsInThreeForms) {
  Table table({"policy", "clicks"});
  table.add({cell("mpc"), cell(std::int64_t{76})});
  table.add({cell("a \"b\""), cell(0.98412, 3)});
  const auto text = [&](TableFormat format) {
    std::ostringstream out;
    table.print(format, out);
    return out.str();
  };
  EXPECT_EQ(text(TableFormat::tsv), "policy\tclicks\nmpc\t76\na \"b\"\t0.984\n");
  EXPECT_EQ(text(TableFormat::aligned), "policy  clicks\nmpc         76\na \"b\"    0.984\n");
  EXPECT_EQ(
      text(TableFormat::json),
      "[\n {\"policy\": \"mpc\", \"clicks\": 76},\n {\"policy\": \"a \\\"b\\\"\", \"clicks\": 0.984}\n]\n");
}

TEST(Statistics, MeansHaveStudentsInterval) {
  const std::vector<double> three = {1, 2, 3};
  EXPECT_DOUBLE_EQ(mean_interval(three).value, 2);
  EXPECT_NEAR(mean_interval(three).high, 2 + 4.303 / std::sqrt(3.0), 1e-3);
  std::vector<double> many;
  for (int i = 0; i < 11; ++i) many.push_back(i);
  EXPECT_NEAR(mean_interval(many).low, 5 - 2.228 * std::sqrt(11.0 / 11), 2e-3);  // variance 11, ten degrees of freedom
  EXPECT_DOUBLE_EQ(mean_interval(std::vector<double>{4}).high, 4);
}

}  // namespace
}  // namespace bandstand::experiments
