// us_privacy_test: the table of the four characters.
#include "protocol/consent/us_privacy.h"

#include <gtest/gtest.h>

namespace bandstand::protocol::consent {
namespace {

TEST(UsPrivacy, ReadsTheOptOutFromTheThirdCharacter) {
  EXPECT_TRUE(decode_us_privacy("1YYN").opt_out);
  EXPECT_TRUE(decode_us_privacy("1nyn").opt_out);
  EXPECT_FALSE(decode_us_privacy("1YNN").opt_out);
  EXPECT_TRUE(decode_us_privacy("1YNN").applies);
}

TEST(UsPrivacy, DashesMeanThatItDoesNotApply) {
  const UsPrivacy us = decode_us_privacy("1---");
  EXPECT_TRUE(us.valid);
  EXPECT_FALSE(us.applies);
  EXPECT_FALSE(us.opt_out);
}

TEST(UsPrivacy, CallsEverythingElseMalformed) {
  for (const char* text : {"", "1", "1YN", "1YNNN", "2YNN", "1XNN", "1YN?", "yynn"}) {
    EXPECT_FALSE(decode_us_privacy(text).valid) << text;
    EXPECT_FALSE(decode_us_privacy(text).opt_out) << text;
  }
}

}  // namespace
}  // namespace bandstand::protocol::consent
