// creative_tables_test: blanks of all kinds, rows that are none, the tree's pairs.
#include "experiments/creative_tables.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "experiments/test_data.h"

namespace bandstand::experiments {
namespace {

std::string file_of(const std::string& name, const std::string& text) {
  const std::string path = testing::TempDir() + "creative_tables_" + name;
  std::ofstream(path) << text;
  return path;
}

const char* const kTree = "t, a, 2, 0, 1\r\na, c, 2, 0, 1\r\n";

TEST(CreativeTables, ReadsRowsWithBlanksOfAnyKindAndCountsWhatIsNoRow) {
  const std::string table = file_of("rows",
                                    "1 0 0 0 0 0 0.02\r\n"
                                    "2\t0  1 0 0 0\xC2\xA0"
                                    "0.03\n"
                                    "\n"
                                    "3 0 0 0 1 0 0.025 \n"
                                    "4 0 1 0 1 0 0.01\n"
                                    "5 0 x 0 0 0 0.02\n"
                                    "6 0 0 0 0 0 1.5\n"
                                    "7 0 0\n");
  const auto creatives = load_creative_table(table, file_of("tree", kTree));
  ASSERT_TRUE(creatives) << creatives.error();
  EXPECT_EQ(creatives->rates, (std::vector<double>{0.02, 0.03, 0.025, 0.01}));
  EXPECT_EQ(creatives->bad_rows.size(), 3u);
  EXPECT_EQ(creatives->bad_rows.at("not seven words"), 1u);
  ASSERT_EQ(creatives->problem.factors.size(), 3u);  // a, c and their pair; t, b and d never vary
  EXPECT_EQ(creatives->problem.factors[2].name, "axc");
  EXPECT_EQ(creatives->problem.factors[2].levels, 4u);
  EXPECT_TRUE(creatives->problem.factors[2].interaction);
  EXPECT_EQ(creatives->elements[3], (std::vector<std::string>{"a=1", "b=0", "c=1", "d=0"}));
}

TEST(CreativeTables, SaysWhatIsWrong) {
  const std::string tree = file_of("tree", kTree);
  EXPECT_FALSE(load_creative_table("/nowhere", tree));
  EXPECT_FALSE(load_creative_table(file_of("none", "no row\n"), tree));
  const std::string table = file_of("two", "1 0 0 0 0 0 0.02\n2 0 1 0 0 0 0.02\n");
  EXPECT_FALSE(load_creative_table(table, file_of("strange", "a, z, 3\n")));
  EXPECT_FALSE(load_creative_table(table, "/nowhere"));
}

TEST(CreativeTables, ThePublishedTablesHaveTheirArmsAndTheOnePairThatTheTreeAdds) {
  BANDSTAND_NEEDS_DATA("creatives_aes/ctr_new.txt");
  for (const auto& [name, best] : {std::pair{"ctr_new", 0.023128}, {"ctr_new2", 0.028214}}) {
    const auto creatives = load_creative_table(test_data(std::string("creatives_aes/") + name + ".txt"),
                                               test_data("creatives_aes/tree_struct2.txt"));
    ASSERT_TRUE(creatives) << creatives.error();
    EXPECT_EQ(creatives->problem.arms, 200u);
    EXPECT_TRUE(creatives->bad_rows.empty());
    EXPECT_DOUBLE_EQ(*std::max_element(creatives->rates.begin(), creatives->rates.end()), best);
    ASSERT_EQ(creatives->problem.factors.size(), 5u);
    EXPECT_EQ(creatives->problem.factors.back().name, "cxd");  // a colour says its background: a x c adds nothing to c
    EXPECT_EQ(creatives->problem.factors.back().levels, 40u);
  }
}

}  // namespace
}  // namespace bandstand::experiments
