// hash_test: published vectors.
#include "base/hash.h"

#include <gtest/gtest.h>

namespace bandstand::base {
namespace {

TEST(Hash, Crc32cGivesTheValueOfRfc3720) {
  EXPECT_EQ(crc32c("123456789", 9), 0xE3069283u);
  EXPECT_EQ(crc32c("56789", 5, crc32c("1234", 4)), 0xE3069283u);
}

TEST(Hash, HmacGivesTheVectorsOfRfc4231) {
  EXPECT_EQ(to_hex(Hmac("Jefe").sign("what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(Hmac(std::string(131, '\xaa')).sign("Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hash, Base64urlComesBackAndRefusesSlack) {
  for (std::size_t size = 0; size < 70; ++size) {
    std::vector<std::uint8_t> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 37 + size);
    std::string text(base64url_size(size), '\0');
    ASSERT_EQ(base64url_encode(bytes, text.data()), text.size());
    std::vector<std::uint8_t> back(size + 2);
    ASSERT_EQ(base64url_decode(text, back), size);
    back.resize(size);
    EXPECT_EQ(back, bytes);
  }
  std::uint8_t out[8];
  EXPECT_EQ(base64url_decode("AB", out), SIZE_MAX) << "unused bits must be zero, or two texts would be one token";
  EXPECT_EQ(base64url_decode("A", out), SIZE_MAX);
  EXPECT_EQ(base64url_decode("AA==", out), SIZE_MAX);
}

}  // namespace
}  // namespace bandstand::base
