// pattern_list_test: claims about reading pattern lists.
#include "protocol/lists/pattern_list.h"

#include <gtest/gtest.h>

namespace bandstand::protocol::lists {
namespace {

TEST(PatternList, TakesObjectsAndPlainStrings) {
  const auto patterns = read_patterns(R"([{"pattern": "Examplebot\\/", "url": "x"}, "Otherbot"])");
  ASSERT_TRUE(patterns);
  EXPECT_EQ(*patterns, (std::vector<std::string>{"Examplebot\\/", "Otherbot"}));
}

TEST(PatternList, RefusesWhatIsNoList) {
  for (const char* text : {"", "{}", "[1]", "[{}]", "[{\"pattern\": 1}]", "[\"a\""})
    EXPECT_FALSE(read_patterns(text)) << text;
}

}  // namespace
}  // namespace bandstand::protocol::lists
