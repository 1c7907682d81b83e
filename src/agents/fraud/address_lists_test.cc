// address_lists_test: claims about addresses, ranges and the formats they come in.
#include "agents/fraud/address_lists.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/rng.h"

namespace bandstand::agents::fraud {
namespace {

std::string data_file(const char* name) {
  const char* root = std::getenv("BANDSTAND_DATA");
  const std::string path =
      (root != nullptr ? std::string(root) : std::string(BANDSTAND_SOURCE_DIR "/../shared/data")) + "/" +
      name;
  return std::filesystem::exists(path) ? path : "";
}

base::LineReader lines_of(std::string_view text) {
  return base::LineReader(std::move(*base::open_input_bytes(text)));
}

TEST(Address, TakesStrictTextOnly) {
  EXPECT_EQ(parse_ipv4("1.2.3.4"), 0x01020304u);
  EXPECT_EQ(parse_ipv4("255.255.255.255"), 0xffffffffu);
  for (const char* text : {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", " 1.2.3.4",
                           "0x1.2.3.4", "1..2.3", "1.2.3.", "1234", "1.2.3.0004", "::1"}) {
    EXPECT_FALSE(parse_ipv4(text)) << text;
  }
  EXPECT_EQ(parse_ipv6("::1"), Ipv6{1});
  EXPECT_EQ(mapped_ipv4(*parse_ipv6("::ffff:1.2.3.4")), 0x01020304u);
  EXPECT_FALSE(mapped_ipv4(*parse_ipv6("2001:db8::1")));
  for (const char* text : {"", "1.2.3.4", ":::", "fe80::1%eth0", "2001:db8::1::2"})
    EXPECT_FALSE(parse_ipv6(text)) << text;
}

TEST(Address, BlocksCoverTheirHosts) {
  EXPECT_EQ(parse_ipv4_block("10.1.2.3/8")->first, 0x0a000000u);
  EXPECT_EQ(parse_ipv4_block("10.1.2.3/8")->last, 0x0affffffu);
  EXPECT_EQ(parse_ipv4_block("10.1.2.3")->first, parse_ipv4_block("10.1.2.3/32")->last);
  EXPECT_EQ(parse_ipv4_block("0.0.0.0/0")->last, 0xffffffffu);
  EXPECT_EQ(parse_ipv6_block("::/0")->last, static_cast<Ipv6>(~Ipv6{0}));
  EXPECT_FALSE(parse_ipv4_block("10.0.0.0/33"));
  EXPECT_FALSE(parse_ipv4_block("10.0.0.0/"));
}

// The definition, asked of every address: of the ranges that hold it the narrowest, of equals the later one.
TEST(RangeTable, TheNarrowestRangeWins) {
  base::Rng rng(5);
  for (int round = 0; round < 60; ++round) {
    struct Range {
      std::uint16_t first, last;
      std::uint8_t label;
    };
    std::vector<Range> ranges;
    RangeTable<std::uint32_t>::Builder builder;
    constexpr std::uint32_t kStretch = 1u << 16;  // spreads the ends over the buckets of the table
    for (std::uint64_t i = rng.below(40); i > 0; --i) {
      auto a = static_cast<std::uint16_t>(rng.below(2'000));
      auto b = static_cast<std::uint16_t>(rng.below(2'000));
      if (rng.chance(0.1)) b = 65'535;
      if (a > b) std::swap(a, b);
      ranges.push_back({a, b, static_cast<std::uint8_t>(1 + rng.below(4))});
      builder.add(a * kStretch, b * kStretch + (kStretch - 1), ranges.back().label);
    }
    const auto table = builder.build();
    for (std::uint32_t at = 0; at < 2'010; ++at) {
      const Range* best = nullptr;
      for (const Range& range : ranges) {
        if (at < range.first || at > range.last) continue;
        if (best == nullptr || range.last - range.first <= best->last - best->first) best = &range;
      }
      const std::uint8_t expected = best == nullptr ? 0 : best->label;
      ASSERT_EQ(table.at(at * kStretch), expected) << "round " << round << " address " << at;
      ASSERT_EQ(table.at(at * kStretch + (kStretch - 1)), expected);
    }
    ASSERT_EQ(table.at(0xffffffffu), table.at(65'535u * kStretch));
  }
}

TEST(AddressLists, KnowsWhatIsNoPublicAddress) {
  AddressListsBuilder builder;
  builder.add_reserved();
  const AddressLists lists = builder.build();
  for (const char* text : {"10.0.0.1", "127.0.0.1", "192.168.1.1", "172.31.255.255", "224.0.0.1",
                           "255.255.255.255", "100.64.0.1"}) {
    EXPECT_EQ(lists.at(*parse_ipv4(text)), AddressLabel::reserved) << text;
  }
  for (const char* text : {"8.8.8.8", "172.32.0.0", "11.0.0.0", "223.255.255.255", "100.128.0.0"}) {
    EXPECT_EQ(lists.at(*parse_ipv4(text)), AddressLabel::none) << text;
  }
  EXPECT_EQ(lists.at(*parse_ipv6("fe80::1")), AddressLabel::reserved);
  EXPECT_EQ(lists.at(*parse_ipv6("::ffff:10.0.0.1")), AddressLabel::reserved);
  EXPECT_EQ(lists.at(*parse_ipv6("2600:1700::1")), AddressLabel::none);
}

TEST(AddressLists, ReadsThePublicFormatsAndCountsWhatIsNone) {
  AddressListsBuilder builder;
  auto cidr = lines_of(
      "# a list\n9.0.0.0/24 comment\n\n9.0.1.7\n9.0.2.1-9.0.2.9\n2a00:1::/32\nnonsense\n9.0.0.0/40\n");
  const auto a = builder.add_cidr_list(cidr, AddressLabel::blocked);
  ASSERT_TRUE(a);
  EXPECT_EQ(a->taken, 4u);
  EXPECT_EQ(a->malformed, 2u);
  EXPECT_EQ(a->first_malformed, 7u);
  auto ranges =
      lines_of("150994944,150995199,X\n\"9.0.5.0\",\"9.0.5.255\",\"ZZ\"\n9.0.5.9,9.0.5.1,reversed\n");
  const auto b = builder.add_range_csv(ranges, AddressLabel::data_center);
  ASSERT_TRUE(b);
  EXPECT_EQ(b->taken, 2u);
  EXPECT_EQ(b->malformed, 1u);
  auto systems = lines_of("150996480,150996735,64500,\"A, Inc.\"\n150996736,150996991,64501,B\n");
  const auto c = builder.add_as_csv(systems, {64500});
  ASSERT_TRUE(c);
  EXPECT_EQ(c->taken, 1u);
  const AddressLists lists = builder.build();
  EXPECT_EQ(lists.at(*parse_ipv4("9.0.1.7")), AddressLabel::blocked);
  EXPECT_EQ(lists.at(*parse_ipv4("9.0.1.8")), AddressLabel::none);
  EXPECT_EQ(lists.at(*parse_ipv4("9.0.2.5")), AddressLabel::blocked);
  EXPECT_EQ(lists.at(*parse_ipv4("9.0.5.5")), AddressLabel::data_center);
  EXPECT_EQ(lists.at(*parse_ipv4("9.0.6.1")), AddressLabel::data_center);
  EXPECT_EQ(lists.at(*parse_ipv4("9.0.7.1")), AddressLabel::none);
  EXPECT_EQ(lists.at(*parse_ipv6("2a00:1::5")), AddressLabel::blocked);
}

TEST(AddressLists, FlagsEveryRangeOfTheMethbotFarm) {
  const std::string path = data_file("ua_ip_fraud/METHBOT_ip_ranges_2016.txt");
  if (path.empty()) GTEST_SKIP() << "the shared data is not here";
  AddressListsBuilder builder;
  builder.add_reserved();
  auto lines = base::LineReader::open(path);
  ASSERT_TRUE(lines);
  const auto count = builder.add_cidr_list(*lines, AddressLabel::blocked);
  ASSERT_TRUE(count);
  EXPECT_EQ(count->taken, 223u);
  EXPECT_EQ(count->malformed, 0u);
  const AddressLists lists = builder.build();
  auto again = base::LineReader::open(path);
  std::string_view line;
  std::size_t flagged = 0;
  while (*again->next(line)) {
    const auto block = parse_ipv4_block(line.substr(0, line.find_first_of(" \t#")));
    if (!block) continue;
    EXPECT_EQ(lists.at(block->first), AddressLabel::blocked) << line;
    EXPECT_EQ(lists.at(block->last), AddressLabel::blocked) << line;
    EXPECT_EQ(lists.at(block->first + (block->last - block->first) / 2), AddressLabel::blocked) << line;
    ++flagged;
  }
  EXPECT_EQ(flagged, 223u);
}

TEST(AddressLists, LoadsARealTableOfAutonomousSystems) {
  const std::string path = data_file("ua_ip_fraud/asn-ipv4-num.csv.xz");
  if (path.empty()) GTEST_SKIP() << "the shared data is not here";
  AddressListsBuilder builder;
  auto lines = base::LineReader::open(path);
  ASSERT_TRUE(lines);
  const auto count = builder.add_as_csv(*lines, default_hosting_systems());
  ASSERT_TRUE(count);
  EXPECT_EQ(count->malformed, 0u);
  const AddressLists lists = builder.build();
  std::printf("%zu ranges of %zu hosting systems, %zu pieces, %zu bytes\n", count->taken,
              default_hosting_systems().size(), lists.size(), lists.bytes());
  EXPECT_GT(count->taken, 5'000u);
  // Every line of the file, asked back: its first and last address carry the label of the line's system, save
  // where ranges nest.
  auto again = base::LineReader::open(path);
  std::string_view line;
  std::size_t asked = 0;
  std::size_t differ = 0;
  while (*again->next(line)) {
    const auto first = std::strtoul(std::string(line).c_str(), nullptr, 10);
    const auto comma = line.find(',');
    const auto second = line.find(',', comma + 1);
    const auto system = std::strtoul(std::string(line.substr(second + 1)).c_str(), nullptr, 10);
    const auto expected = default_hosting_systems().contains(static_cast<std::uint32_t>(system))
                              ? AddressLabel::data_center
                              : AddressLabel::none;
    ++asked;
    if (lists.at(static_cast<Ipv4>(first)) != expected) ++differ;
  }
  EXPECT_EQ(asked, 411'961u);
  EXPECT_LE(differ, 2u);
}

}  // namespace
}  // namespace bandstand::agents::fraud
