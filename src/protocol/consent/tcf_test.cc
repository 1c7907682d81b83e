// tcf_test: consent strings of the specification, of our own making, and torn ones.
#include "protocol/consent/tcf.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/rng.h"
#include "protocol/consent/bit_writer_for_tests.h"

namespace bandstand::protocol::consent {
namespace {

using Ids = std::vector<std::uint16_t>;

// The example of IAB Europe's libraries: purposes 1, 2, 3 consented; vendors 2, 6, 8 with consent and with
// interest.
constexpr std::string_view kExample = "COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA";

TEST(Tcf, ReadsTheExampleOfTheSpecification) {
  const Tcf tcf = decode_tcf(kExample, 6);
  ASSERT_TRUE(tcf.valid);
  EXPECT_EQ(tcf.purpose_consents, 0b111u);
  EXPECT_EQ(tcf.policy_version, 2);
  EXPECT_TRUE(tcf.vendor_consent);
  EXPECT_TRUE(tcf.vendor_interest);
  EXPECT_EQ(tcf.publisher_country, ('A' << 8) | 'A');
  for (const std::uint16_t vendor : Ids{2, 6, 8})
    EXPECT_TRUE(decode_tcf(kExample, vendor).vendor_consent) << vendor;
  for (const std::uint16_t vendor : Ids{0, 1, 3, 7, 9, 65535}) {
    EXPECT_FALSE(decode_tcf(kExample, vendor).vendor_consent) << vendor;
  }
}

struct Made {
  std::uint32_t consents = 0, interests = 0;  // bit n-1 = purpose n
  int policy = 4;
  std::vector<int> vendors;
  bool ranges = false;
  struct Restriction {
    int purpose, type, first, last;
  };
  std::vector<Restriction> restrictions = {};
};

void put_vendors(BitWriter& out, const Made& made) {
  int id_max = 0;
  for (const int vendor : made.vendors) id_max = vendor > id_max ? vendor : id_max;
  out.put(static_cast<std::uint32_t>(id_max), 16);
  out.put(made.ranges ? 1 : 0, 1);
  if (made.ranges) {
    out.put(static_cast<std::uint32_t>(made.vendors.size()), 12);
    for (const int vendor : made.vendors) {
      out.put(0, 1);
      out.put(static_cast<std::uint32_t>(vendor), 16);
    }
    return;
  }
  for (int id = 1; id <= id_max; ++id) {
    bool in = false;
    for (const int vendor : made.vendors) in = in || vendor == id;
    out.put(in ? 1 : 0, 1);
  }
}

std::string encode(const Made& made) {
  BitWriter out;
  out.put(2, 6);
  for (int i = 0; i < 2; ++i) out.put(0, 18), out.put(0, 18);
  out.put(1, 12), out.put(1, 12), out.put(0, 6);
  out.put(0, 12), out.put(100, 12), out.put(static_cast<std::uint32_t>(made.policy), 6);
  out.put(0, 14);
  for (int i = 0; i < 24; ++i) out.put(made.consents >> i & 1, 1);
  for (int i = 0; i < 24; ++i) out.put(made.interests >> i & 1, 1);
  out.put(0, 1), out.put(3 << 6 | 4, 12);
  put_vendors(out, made);
  put_vendors(out, made);
  out.put(static_cast<std::uint32_t>(made.restrictions.size()), 12);
  for (const auto& r : made.restrictions) {
    out.put(static_cast<std::uint32_t>(r.purpose), 6), out.put(static_cast<std::uint32_t>(r.type), 2);
    out.put(1, 12), out.put(1, 1);
    out.put(static_cast<std::uint32_t>(r.first), 16), out.put(static_cast<std::uint32_t>(r.last), 16);
  }
  return out.text();
}

TEST(Tcf, FindsTheVendorInBitFieldAndInRanges) {
  for (const bool ranges : {false, true}) {
    const std::string text = encode({.consents = 0x3ff, .vendors = {3, 77, 1000}, .ranges = ranges});
    for (const std::uint16_t vendor : Ids{3, 77, 1000})
      EXPECT_TRUE(decode_tcf(text, vendor).vendor_consent) << vendor;
    for (const std::uint16_t vendor : Ids{0, 1, 4, 999, 1001}) {
      EXPECT_TRUE(decode_tcf(text, vendor).valid);
      EXPECT_FALSE(decode_tcf(text, vendor).vendor_consent) << vendor;
    }
  }
}

TEST(Tcf, InterestCarriesNoPersonalisationSincePolicyFour) {
  const Made made{.interests = 0x3ff, .policy = 4, .vendors = {9}};
  EXPECT_EQ(decode_tcf(encode(made), 9).purposes(), 0x3ffu & ~0b111101u);
  Made older = made;
  older.policy = 2;
  EXPECT_EQ(decode_tcf(encode(older), 9).purposes(), 0x3ffu & ~1u);
}

TEST(Tcf, ObeysPublisherRestrictions) {
  Made made{.consents = 0x3ff, .interests = 0x3ff, .vendors = {9}};
  made.restrictions = {{7, 0, 1, 20}, {2, 2, 9, 9}, {10, 1, 5, 9}, {8, 0, 10, 20}};
  const Tcf tcf = decode_tcf(encode(made), 9);
  ASSERT_TRUE(tcf.valid);
  EXPECT_EQ(tcf.forbidden, 1u << 6);
  EXPECT_EQ(tcf.interest_required, 1u << 1);
  EXPECT_EQ(tcf.consent_required, 1u << 9);
  EXPECT_EQ(tcf.purposes(), 0x3ffu & ~(1u << 6));

  made.interests = 0;  // interest is required for purpose 2, and there is none
  EXPECT_EQ(decode_tcf(encode(made), 9).purposes(), 0x3ffu & ~(1u << 6 | 1u << 1));
}

TEST(Tcf, WithoutVendorConsentAPurposeIsNotOurs) {
  EXPECT_EQ(decode_tcf(encode({.consents = 0x3ff, .vendors = {8}}), 9).purposes(), 0u);
}

TEST(Tcf, CallsTornAndForeignTextMalformed) {
  EXPECT_FALSE(decode_tcf("", 6).valid);
  EXPECT_FALSE(decode_tcf("BONciguONcjGKADACHENAOLS1rAHDAFAAEAASABQAMwAeACEAFw", 6).valid) << "version 1";
  EXPECT_FALSE(decode_tcf("not a consent string", 6).valid);
  // The example ends in twelve zero bits of restrictions and a few of padding: any shorter core is torn.
  for (std::size_t size = 0; size + 1 < kExample.size(); ++size) {
    EXPECT_FALSE(decode_tcf(kExample.substr(0, size), 6).valid) << size;
  }
}

TEST(Tcf, SurvivesAnyText) {
  base::Rng rng(1);
  std::string text(kExample);
  for (int i = 0; i < 20'000; ++i) {
    std::string broken = text;
    for (int k = 0; k < 3; ++k) broken[rng.below(broken.size())] = static_cast<char>(rng.below(256));
    const Tcf tcf = decode_tcf(broken, 6);
    if (!tcf.valid) {
      EXPECT_EQ(tcf.purposes(), 0u);
    }
  }
}

}  // namespace
}  // namespace bandstand::protocol::consent
