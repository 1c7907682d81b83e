// item_test: names of items as numbers.
#include "domain/item.h"

#include <gtest/gtest.h>

namespace bandstand::domain {
namespace {

TEST(Item, ANumberIsItselfAndAnyOtherTextAHash) {
  EXPECT_EQ(item_of(""), 0u);
  EXPECT_EQ(item_of("1"), 1u);
  EXPECT_EQ(item_of("214536502"), 214'536'502u);
  EXPECT_EQ(item_of("999999999999999999"), 999'999'999'999'999'999u);
  constexpr std::uint64_t kText = std::uint64_t{1} << 63;
  for (const char* text : {"0", "007", "1000000000000000000", "-1", "1.5", "sku-17", " 1"})
    EXPECT_NE(item_of(text) & kText, 0u) << text;
  EXPECT_NE(item_of("007"), item_of("07"));
}

}  // namespace
}  // namespace bandstand::domain
