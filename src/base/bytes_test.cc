// bytes_test: what was written is read back, and what is cut short says so.
#include "base/bytes.h"

#include <gtest/gtest.h>

#include "base/checksum.h"

namespace bandstand::base {
namespace {

TEST(Bytes, ReadsBackWhatWasWritten) {
  std::string bytes;
  ByteWriter out(bytes);
  out.put(std::uint8_t{7});
  out.put(-2.5);
  out.put_text("price");
  const std::vector<std::uint32_t> numbers{1, 2, 3};
  out.put_all<std::uint32_t>(numbers);

  ByteReader in(bytes);
  EXPECT_EQ(in.get<std::uint8_t>(), 7);
  EXPECT_EQ(in.get<double>(), -2.5);
  EXPECT_EQ(in.get_text(), "price");
  EXPECT_EQ(in.get_all<std::uint32_t>(10), numbers);
  EXPECT_TRUE(in.done());
}

TEST(Bytes, EveryCutIsNoticedAndReadsZeros) {
  std::string bytes;
  ByteWriter out(bytes);
  out.put(std::uint64_t{9});
  out.put_text("abc");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ByteReader in(std::string_view(bytes).substr(0, size));
    (void)in.get<std::uint64_t>();
    (void)in.get_text();
    EXPECT_FALSE(in.ok()) << size;
    EXPECT_EQ(in.get<std::uint32_t>(), 0u);
  }
}

TEST(Bytes, AnAbsurdCountAllocatesNothing) {
  std::string bytes;
  ByteWriter(bytes).put(~std::uint64_t{0});
  ByteReader in(bytes);
  EXPECT_TRUE(in.get_all<double>(1000).empty());
  EXPECT_FALSE(in.ok());
}

TEST(Checksum, StandsBehindItsBytesAndSeesEveryFlipAndCut) {
  std::string bytes = "before";
  append_checksum(bytes += "content", 6);
  const std::string sealed = bytes.substr(6);
  EXPECT_EQ(without_checksum(sealed), "content");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string flipped = sealed;
    flipped[i] ^= 1;
    EXPECT_FALSE(without_checksum(flipped)) << i;
    EXPECT_FALSE(without_checksum(std::string_view(sealed).substr(0, i))) << i;
  }
}

}  // namespace
}  // namespace bandstand::base
