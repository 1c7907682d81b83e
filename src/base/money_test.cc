// money_test: prices go in and out as text without a floating-point step.
#include "base/money.h"

#include <gtest/gtest.h>

namespace bandstand::base {
namespace {

std::int64_t cpm(std::string_view text) {
  const auto price = parse_cpm(text);
  return price ? price->value : -1;
}

TEST(Money, ReadsEveryDecimalOfAPriceExactly) {
  EXPECT_EQ(cpm("1.234567"), 1'234'567);
  EXPECT_EQ(cpm("0"), 0);
  EXPECT_EQ(cpm("0.000001"), 1);
  EXPECT_EQ(cpm("10000"), 10'000'000'000);
  EXPECT_EQ(cpm("1e-2"), 10'000);
  EXPECT_EQ(cpm("1.5E+1"), 15'000'000);
  EXPECT_EQ(cpm("00.5"), 500'000);
}

TEST(Money, RoundsBeyondSixDecimalsHalfToEven) {
  EXPECT_EQ(cpm("0.0000005"), 0);
  EXPECT_EQ(cpm("0.0000015"), 2);
  EXPECT_EQ(cpm("0.00000050000000000000000001"), 1);
  EXPECT_EQ(cpm("1.00000049999999999999"), 1'000'000);
  EXPECT_EQ(cpm("0.0000004e-50"), 0);
}

TEST(Money, RefusesWhatIsNotAPlainNumber) {
  for (const char* text : {"", "-1", "+1", "NaN", "inf", "0x10", "1,5", ".5", "5.", "1e400", "1e", "10000.000001", " 1",
                           "1 ", "AUDIT", "${AUCTION_PRICE}", "99999999999999999999999"}) {
    EXPECT_EQ(cpm(text), -1) << text;
  }
}

TEST(Money, WritesPricesWithoutExponentAndReadsThemBack) {
  EXPECT_EQ(format_cpm(Nanos{1}), "0.000001");
  EXPECT_EQ(format_cpm(Nanos{1'500'000}), "1.5");
  EXPECT_EQ(format_cpm(Nanos{12'000'000}), "12");
  for (std::int64_t value = 1; value < kCpmMax.value; value = value * 7 + 3) {
    EXPECT_EQ(cpm(format_cpm(Nanos{value})), value);
  }
}

TEST(Money, KeepsAmountsToTheNano) {
  EXPECT_EQ(parse_amount("1500")->value, 1500 * kNanosPerUnit);
  EXPECT_EQ(parse_amount("-0.000000001")->value, -1);
  EXPECT_FALSE(parse_amount("0.0000000001"));
  EXPECT_EQ(format_amount(Nanos{1'500'000'000'000}), "1500.00");
  EXPECT_EQ(format_amount(Nanos{-1}), "-0.000000001");
}

TEST(Money, StopsTheProcessRatherThanWrapAround) {
  EXPECT_DEATH((void)(Nanos{INT64_MAX} + Nanos{1}), "CHECK failed");
}

}  // namespace
}  // namespace bandstand::base
