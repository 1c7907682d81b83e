// country_test: codes in, packed alpha-2 out.
#include "protocol/device/country.h"

#include <gtest/gtest.h>

#include "domain/vocabulary.h"

namespace bandstand::protocol::device {
namespace {

TEST(Country, TurnsAlpha3IntoAlpha2) {
  EXPECT_EQ(country_of("USA"), domain::pack8("US"));
  EXPECT_EQ(country_of("deu"), domain::pack8("DE"));
  EXPECT_EQ(country_of("ABW"), domain::pack8("AW"));
  EXPECT_EQ(country_of("ZWE"), domain::pack8("ZW"));
}

TEST(Country, KeepsAlpha2InUpperCase) { EXPECT_EQ(country_of("us"), domain::pack8("US")); }

TEST(Country, KnowsNothingElse) {
  for (const char* code : {"", "U", "USAA", "XYZ", "U5A", "\xff\xff\xff"})
    EXPECT_EQ(country_of(code), 0u) << code;
}

TEST(Country, TurnsAlpha2BackIntoAlpha3) {
  EXPECT_EQ(alpha3_of("CA"), "CAN");
  EXPECT_EQ(alpha3_of("ca"), "");
  EXPECT_EQ(alpha3_of(""), "");
}

}  // namespace
}  // namespace bandstand::protocol::device
