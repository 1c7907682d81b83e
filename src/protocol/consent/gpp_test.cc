// gpp_test: headers, sections and what they decide.
#include "protocol/consent/gpp.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/rng.h"
#include "protocol/consent/bit_writer_for_tests.h"

namespace bandstand::protocol::consent {
namespace {

constexpr std::string_view kTcf = "COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA";

std::string header_of(const std::vector<int>& ids) {
  BitWriter out;
  out.put(3, 6), out.put(1, 6), out.put(static_cast<std::uint32_t>(ids.size()), 12);
  int last = 0;
  for (const int id : ids) {
    out.put(0, 1);
    out.put_fibonacci(static_cast<std::uint32_t>(id - last));
    last = id;
  }
  return out.text();
}

/// `notices` zero fields, then the opt-outs, then `rest` zero fields, two bits each.
std::string us_section(int notices, const std::vector<int>& opt_outs, int rest) {
  BitWriter out;
  out.put(1, 6);
  for (int i = 0; i < notices; ++i) out.put(0, 2);
  for (const int value : opt_outs) out.put(static_cast<std::uint32_t>(value), 2);
  for (int i = 0; i < rest; ++i) out.put(0, 2);
  return out.text();
}

TEST(Gpp, ReadsTheHeadersOfTheSpecification) {
  // "GPP string examples": section 2 alone, and sections 2 and 6.
  const std::string tcf(kTcf);
  const Gpp one = decode_gpp("DBABMA~" + tcf, {}, 6);
  EXPECT_TRUE(one.valid);
  EXPECT_EQ(one.sections, 1u << 2);
  EXPECT_TRUE(one.tcf.vendor_consent);
  const Gpp two = decode_gpp("DBACNYA~" + tcf + "~1YYN", {}, 6);
  EXPECT_TRUE(two.valid);
  EXPECT_EQ(two.sections, 1u << 2 | 1u << 6);
  EXPECT_TRUE(two.us_known);
  EXPECT_TRUE(two.us_opt_out);
  // The specification pads to whole bytes, our writer to whole characters.
  EXPECT_EQ(header_of({2}) + "A", "DBABMA");
  EXPECT_EQ(header_of({2, 6}) + "A", "DBACNYA");
}

struct UsCase {
  int section, notices, opt_outs, rest;
};

TEST(Gpp, FindsEveryOptOutOfTheUsSections) {
  for (const UsCase& c : {UsCase{7, 6, 3, 18}, UsCase{8, 3, 2, 15}, UsCase{9, 3, 2, 12}, UsCase{10, 3, 2, 11},
                          UsCase{11, 4, 2, 12}, UsCase{12, 3, 2, 14}}) {
    const std::string header = header_of({c.section}) + "~";
    std::vector<int> values(static_cast<std::size_t>(c.opt_outs), 2);
    const Gpp none = decode_gpp(header + us_section(c.notices, values, c.rest), {}, 6);
    EXPECT_TRUE(none.valid && none.us_known) << c.section;
    EXPECT_FALSE(none.us_opt_out) << c.section;
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = 1;
      EXPECT_TRUE(decode_gpp(header + us_section(c.notices, values, c.rest), {}, 6).us_opt_out)
          << c.section << " " << i;
      values[i] = 3;
      EXPECT_FALSE(decode_gpp(header + us_section(c.notices, values, c.rest), {}, 6).valid)
          << c.section << " " << i;
      values[i] = 2;
    }
  }
}

TEST(Gpp, ReadsTheGlobalPrivacyControlSegment) {
  BitWriter gpc;
  gpc.put(1, 2), gpc.put(1, 1);
  const std::string text = header_of({7}) + "~" + us_section(6, {2, 2, 2}, 18) + "." + gpc.text();
  EXPECT_TRUE(decode_gpp(text, {}, 6).us_opt_out);
}

TEST(Gpp, IgnoresUsSectionsThatDoNotApply) {
  const std::string text =
      header_of({8, 12}) + "~" + us_section(3, {1, 1}, 15) + "~" + us_section(3, {2, 2}, 14);
  const std::uint16_t connecticut[] = {12};
  const Gpp gpp = decode_gpp(text, connecticut, 6);
  EXPECT_TRUE(gpp.valid && gpp.us_known);
  EXPECT_FALSE(gpp.us_opt_out);
  EXPECT_TRUE(decode_gpp(text, {}, 6).us_opt_out);
}

TEST(Gpp, WantsAsManySectionsAsTheHeaderPromises) {
  EXPECT_FALSE(decode_gpp("DBACNYA~" + std::string(kTcf), {}, 6).valid);
  EXPECT_FALSE(decode_gpp("DBABMA~" + std::string(kTcf) + "~1YYN", {}, 6).valid);
  EXPECT_FALSE(decode_gpp("", {}, 6).valid);
  EXPECT_FALSE(decode_gpp("DBABMA~broken", {}, 6).valid);
}

TEST(Gpp, SurvivesAnyText) {
  base::Rng rng(2);
  const std::string good = "DBACNYA~" + std::string(kTcf) + "~1YYN";
  for (int i = 0; i < 20'000; ++i) {
    std::string broken = good.substr(0, rng.below(good.size() + 1));
    for (int k = 0; k < 2 && !broken.empty(); ++k)
      broken[rng.below(broken.size())] = static_cast<char>(rng.below(256));
    (void)decode_gpp(broken, {}, 6);
  }
}

}  // namespace
}  // namespace bandstand::protocol::consent
