// identity_test: the consent gate, row by row.
#include "domain/identity.h"

#include <gtest/gtest.h>

namespace bandstand::domain {
namespace {

PrivacySignals consented() {
  PrivacySignals s;
  s.gdpr = Tri::yes;
  s.tcf_present = true;
  s.tcf_vendor_consent = true;
  s.tcf_purposes = 0x3ff;
  return s;
}

TEST(ConsentGate, OpensIdentityOutsideRegulatedRegions) {
  const Consent consent = consent_gate({});
  EXPECT_TRUE(consent.may_identify());
  EXPECT_TRUE(SealedIdentity("u1").open(consent, 7).has_value());
  EXPECT_FALSE(SealedIdentity("").open(consent, 7).has_value());
}

TEST(ConsentGate, KeepsIdentitySealedWithoutEveryNeededConsent) {
  EXPECT_TRUE(consent_gate(consented()).may_identify());
  EXPECT_TRUE(consent_gate(consented()).may_personalise());
  const auto sealed = [](auto change) {
    PrivacySignals s = consented();
    change(s);
    const Consent consent = consent_gate(s);
    return !consent.may_identify() && !SealedIdentity("u1").open(consent, 7).has_value();
  };
  EXPECT_TRUE(sealed([](auto& s) { s.tcf_present = false; }));
  EXPECT_TRUE(sealed([](auto& s) { s.tcf_malformed = true; }));
  EXPECT_TRUE(sealed([](auto& s) { s.tcf_vendor_consent = false; }));
  EXPECT_TRUE(sealed([](auto& s) { s.tcf_purposes &= ~1u; }));
  EXPECT_TRUE(sealed([](auto& s) { s.coppa = true; }));
  EXPECT_TRUE(sealed([](auto& s) { s.us_opt_out = true; }));
  EXPECT_TRUE(sealed([](auto& s) { s.gpc = true; }));
  EXPECT_TRUE(sealed([](auto& s) { s.lmt = true; }));
  EXPECT_TRUE(sealed([](auto& s) { s.dnt = true; }));
}

TEST(ConsentGate, PersonalisesOnlyWithPurposesThreeAndFour) {
  PrivacySignals s = consented();
  s.tcf_purposes &= ~(1u << 3);
  EXPECT_TRUE(consent_gate(s).may_identify());
  EXPECT_FALSE(consent_gate(s).may_personalise());
}

}  // namespace
}  // namespace bandstand::domain
