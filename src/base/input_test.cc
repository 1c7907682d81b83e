// input_test: the five forms of a file read alike, and damage is told.
#include "base/input.h"

#include <bzlib.h>
#include <gtest/gtest.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <fstream>
#include <vector>

namespace bandstand::base {
namespace {

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(text.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string bzip2(const std::string& text) {
  std::string out(text.size() + text.size() / 100 + 1000, '\0');
  auto size = static_cast<unsigned>(out.size());
  BZ2_bzBuffToBuffCompress(out.data(), &size, const_cast<char*>(text.data()), static_cast<unsigned>(text.size()), 1, 0, 0);
  out.resize(size);
  return out;
}

std::string xz(const std::string& text) {
  std::string out(text.size() + 1000, '\0');
  std::size_t size = 0;
  lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, nullptr, reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                          reinterpret_cast<std::uint8_t*>(out.data()), &size, out.size());
  out.resize(size);
  return out;
}

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string sample() {
  std::string text;
  for (int i = 0; i < 60'000; ++i) text += "line " + std::to_string(i * 7919 % 10'007) + "\n";
  return text;
}

Result<std::string> all_of(std::string_view bytes, std::size_t step) {
  BANDSTAND_TRY(input, open_input_bytes(bytes));
  std::string all;
  std::vector<char> part(step);
  for (;;) {
    BANDSTAND_TRY(got, input->read(part));
    if (got == 0) return all;
    all.append(part.data(), got);
  }
}

using Packer = std::string (*)(const std::string&);
constexpr Packer kPackers[] = {gzip, bzip2, xz, zstd};

TEST(Input, ReadsEveryCompressionInAnySteps) {
  const std::string text = sample();
  for (const Packer pack : kPackers) {
    for (const std::size_t step : {std::size_t{7}, std::size_t{4096}, std::size_t{1} << 20}) {
      const auto got = all_of(pack(text), step);
      ASSERT_TRUE(got) << got.error().what;
      EXPECT_EQ(*got, text);
    }
    EXPECT_EQ(*all_of(pack(""), 100), "");
  }
  EXPECT_EQ(*all_of(text, 1000), text);
  EXPECT_EQ(*all_of("", 10), "");
  EXPECT_EQ(*all_of("abc", 10), "abc");
}

TEST(Input, ReadsConcatenatedStreamsAsOne) {
  const std::string text = sample();
  for (const Packer pack : kPackers) {
    const auto got = all_of(pack(text) + pack("tail"), 5000);
    ASSERT_TRUE(got) << got.error().what;
    EXPECT_EQ(*got, text + "tail");
  }
}

TEST(Input, TellsAStreamThatIsCutShortOrDamaged) {
  const std::string text = sample();
  for (const Packer pack : kPackers) {
    const std::string packed = pack(text);
    const auto cut = all_of(packed.substr(0, packed.size() - 6), 5000);
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code, Code::corrupt);
    std::string damaged = packed;
    for (std::size_t i = packed.size() / 2; i < packed.size() / 2 + 40; ++i) damaged[i] = static_cast<char>(~damaged[i]);
    const auto broken = all_of(damaged, 5000);
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().code, Code::corrupt);
  }
}

TEST(Input, NamesAMissingFileAndADirectory) {
  EXPECT_EQ(open_input("no/such/file").error().code, Code::not_found);
  EXPECT_EQ(open_input(testing::TempDir()).error().code, Code::unavailable);
}

TEST(Input, ReadsAWholeFileWithinItsLimit) {
  const std::string path = testing::TempDir() + "input_test.zst";
  std::ofstream(path, std::ios::binary) << zstd(sample());
  EXPECT_EQ(*read_whole_file(path), sample());
  EXPECT_EQ(read_whole_file(path, 1000).error().code, Code::exhausted);
}

std::vector<std::string> lines_of(std::string_view bytes) {
  LineReader reader(*open_input_bytes(bytes));
  std::vector<std::string> lines;
  std::string_view line;
  while (*reader.next(line)) {
    lines.emplace_back(line);
    EXPECT_EQ(reader.number(), lines.size());
  }
  return lines;
}

TEST(LineReader, TakesBothLineEndsAByteOrderMarkAndALastLineWithoutEnd) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(lines_of("a\nb\r\n\nlast"), (Lines{"a", "b", "", "last"}));
  EXPECT_EQ(lines_of("\xef\xbb\xbfhead\nx\n"), (Lines{"head", "x"}));
  EXPECT_EQ(lines_of(""), Lines{});
  EXPECT_EQ(lines_of("\n"), Lines{""});
  EXPECT_EQ(lines_of(gzip(sample())).size(), 60'000u);
}

TEST(LineReader, RefusesALineBeyondItsLimit) {
  const std::string text(300'000, 'x');
  LineReader reader(*open_input_bytes(text), 100'000);
  std::string_view line;
  const auto got = reader.next(line);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::exhausted);
}

}  // namespace
}  // namespace bandstand::base
