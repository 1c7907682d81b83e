// pattern_list_test: claims about reading pattern lists.
#include "protocol/lists/pattern_list.h"

#include <gtest/gtest.h>

namespace bandstand::protocol::lists {
namespace {

TEST(PatternList, TakesObjectsAndPlainStrings) {
  const auto patterns = read_patterns(
      R"([{"pattern": "Examplebot\\/", "url": "x", "instances": ["a", {"pattern": "no"}]}, "Otherbot"])");
  ASSERT_TRUE(patterns);
  EXPECT_EQ(*patterns, (std::vector<std::string>{"Examplebot\\/", "Otherbot"}));
}

TEST(PatternList, TakesOneALineWithRemarks) {
  std::vector<ListFault> faults;
  const auto patterns = read_pattern_list("[wW]get\n# remark\n\n  Examplebot\\/ \r\n", faults);
  EXPECT_TRUE(faults.empty());
  ASSERT_EQ(patterns.size(), 2u);
  EXPECT_EQ(patterns[0].text, "[wW]get");
  EXPECT_EQ(patterns[1].text, "Examplebot\\/");
  EXPECT_EQ(patterns[1].line, 4u);
}

TEST(PatternList, RefusesWhatIsNoList) {
  for (const char* text : {"", "# nothing\n", "{}", "[\"a\", 1]", "[{}]", "[]", "[{\"pattern\": 1}]",
                           "[\"a\"", "[\"a\", [\"b\"]]", "[{\"pattern\": [\"a\"]}]"})
    EXPECT_FALSE(read_patterns(text)) << text;
}

TEST(PatternList, SaysWhereTheFaultsAreAllOfThem) {
  std::vector<ListFault> faults;
  const auto patterns =
      read_pattern_list("[\n {\"pattern\": \"a\"},\n {\"url\": \"x\"},\n 7,\n \"b\",\n oops\n]", faults);
  ASSERT_EQ(patterns.size(), 2u);
  EXPECT_EQ(patterns[0].line, 2u);
  EXPECT_EQ(patterns[1].line, 5u);
  ASSERT_EQ(faults.size(), 3u);
  EXPECT_EQ(faults[0].line, 3u);
  EXPECT_EQ(faults[1].line, 4u);
  EXPECT_EQ(faults[2].line, 6u);
}

}  // namespace
}  // namespace bandstand::protocol::lists
