// frame_test: the bytes of a record, one by one.
#include "log/frame.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/hash.h"

namespace bandstand::log {
namespace {

constexpr std::uint32_t kSalt = 0x12345678;

std::string frame_of(Offset offset, Offset synced, std::string_view key, std::string_view value) {
  std::string bytes(frame_bytes(key.size() + value.size()), '\xff');
  encode_frame(bytes.data(), {offset, {1'700'000'000'000'000'000}, key, value}, synced, kSalt);
  return bytes;
}

TEST(Frame, GivesBackWhatItTook) {
  for (std::size_t size = 0; size < 40; ++size) {
    const std::string value(size, 'v');
    const std::string bytes = frame_of(1000, 993, "key", value);
    EXPECT_EQ(bytes.size() % kFrameAlignment, 0u);
    Frame frame;
    std::size_t missing = 0;
    const std::string longer = bytes + "more";
    ASSERT_TRUE(parse_frame(longer, kSalt, 100, frame, missing));
    EXPECT_EQ(frame.record.offset, 1000u);
    EXPECT_EQ(frame.record.time.ns, 1'700'000'000'000'000'000);
    EXPECT_EQ(frame.record.key, "key");
    EXPECT_EQ(frame.record.value, value);
    EXPECT_EQ(frame.synced, 993u);
    EXPECT_EQ(frame.bytes, bytes.size());
  }
}

TEST(Frame, LiesInTheFileAsTheFormatSays) {
  // The example of docs/formats/log-file.md. A change here is a new version of the format.
  std::string bytes(frame_bytes(5), '\0');
  encode_frame(bytes.data(), {258, {1}, "ab", "xyz"}, 256, 0);
  const std::string_view after_crc(bytes.data() + 4, bytes.size() - 4);
  EXPECT_EQ(after_crc, std::string_view("\x05\0\0\0"
                                        "\x02\x01\0\0\0\0\0\0"
                                        "\x01\0\0\0\0\0\0\0"
                                        "\x02\0\0\0"
                                        "\x02\0\0\0"
                                        "abxyz\0\0\0",
                                        36));
  std::uint32_t crc = 0;
  std::memcpy(&crc, bytes.data(), 4);
  EXPECT_EQ(crc, base::crc32c(after_crc.data(), after_crc.size(), 0));
}

TEST(Frame, NoFlippedBitPasses) {
  const std::string bytes = frame_of(77, 70, "key", "some value");
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    Frame frame;
    std::size_t missing = 0;
    EXPECT_FALSE(parse_frame(flipped, kSalt, 1000, frame, missing)) << bit;
  }
}

TEST(Frame, ACutOneSaysWhatIsMissing) {
  const std::string bytes = frame_of(77, 70, "key", "some value");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Frame frame;
    std::size_t missing = 0;
    ASSERT_FALSE(parse_frame(std::string_view(bytes).substr(0, size), kSalt, 1000, frame, missing));
    EXPECT_EQ(missing, (size < kFrameHeaderBytes ? kFrameHeaderBytes : bytes.size()) - size);
  }
}

TEST(Frame, ZerosAndFramesOfAnotherSegmentAreNone) {
  Frame frame;
  std::size_t missing = 0;
  EXPECT_FALSE(parse_frame(std::string(4096, '\0'), 0, 1000, frame, missing));
  EXPECT_EQ(missing, 0u);
  const std::string bytes = frame_of(77, 70, "key", "some value");
  EXPECT_FALSE(parse_frame(bytes, kSalt + 1, 1000, frame, missing));
  EXPECT_FALSE(parse_frame(bytes, kSalt, 5, frame, missing));  // more than a record of the topic may have
  std::string resealed = bytes + bytes;
  reseal_own_frames(resealed.data(), resealed.size(), kSalt + 1);
  EXPECT_TRUE(parse_frame(std::string_view(resealed).substr(bytes.size()), kSalt + 1, 1000, frame, missing));
}

TEST(Frame, SegmentNamesAndHeadersAreExact) {
  const SegmentId id{123, 7};
  EXPECT_EQ(segment_name(id), "00000000000000000123-0000000007.log");
  SegmentId parsed;
  ASSERT_TRUE(parse_segment_name(segment_name(id), parsed));
  EXPECT_EQ(parsed, id);
  for (const char* bad : {"epoch", "group.g", "00000000000000000123-0000000007.log.new", "123-7.log", "claim.lock",
                          "0000000000000000012x-0000000007.log", "00000000000000000123-00000000x7.log"}) {
    EXPECT_FALSE(parse_segment_name(bad, parsed)) << bad;
  }
  std::string header(kSegmentHeaderBytes, '\0');
  const std::uint32_t salt = encode_segment_header(header.data(), id, {99});
  std::uint32_t read_salt = 0;
  EXPECT_TRUE(parse_segment_header(header, id, read_salt));
  EXPECT_EQ(read_salt, salt);
  EXPECT_FALSE(parse_segment_header(header, {123, 8}, read_salt));
  for (std::size_t bit = 0; bit < header.size() * 8; ++bit) {
    std::string flipped = header;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(parse_segment_header(flipped, id, read_salt)) << bit;
  }
}

}  // namespace
}  // namespace bandstand::log
