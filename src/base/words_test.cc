// words_test: lines taken apart.
#include "base/words.h"

#include <gtest/gtest.h>

namespace bandstand::base {
namespace {

TEST(Words, AreTakenOffOneByOne) {
  std::string_view line = "  1\t0.5 x ";
  EXPECT_EQ(next_word(line), "1");
  EXPECT_EQ(next_word(line), "0.5");
  EXPECT_EQ(next_word(line), "x");
  EXPECT_EQ(next_word(line), "");
  EXPECT_EQ(next_word(line), "");
}

TEST(Words, AreNumbersOnlyAsAWhole) {
  double x = 0;
  EXPECT_TRUE(read_number("-1.5e3", x));
  EXPECT_EQ(x, -1500);
  std::uint32_t n = 0;
  EXPECT_TRUE(read_number("4294967295", n));
  for (const char* text : {"", " 1", "1 ", "+1", "-1", "1.0", "4294967296"}) EXPECT_FALSE(read_number(text, n)) << text;
}

TEST(Words, RangesRise) {
  EXPECT_EQ(read_range("3..20"), std::pair(std::uint64_t{3}, std::uint64_t{20}));
  EXPECT_EQ(read_seeds("3..20"), read_range("3..20"));
  EXPECT_EQ(read_seeds("7"), read_range("7..7"));
  EXPECT_FALSE(read_seeds("7.."));
  EXPECT_EQ(read_range("7..7"), std::pair(std::uint64_t{7}, std::uint64_t{7}));
  for (const char* text : {"", "3", "..", "3..", "..3", "4..3", "1...3", "1..2..3", "a..b"})
    EXPECT_FALSE(read_range(text)) << text;
}

}  // namespace
}  // namespace bandstand::base
