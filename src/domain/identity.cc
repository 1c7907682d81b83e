// identity: the consent gate.
#include "domain/identity.h"

namespace bandstand::domain {

const char* name_of(ConsentBasis basis) noexcept {
  switch (basis) {
    case ConsentBasis::not_regulated: return "not_regulated";
    case ConsentBasis::consented: return "consented";
    case ConsentBasis::coppa: return "coppa";
    case ConsentBasis::gdpr_no_consent: return "gdpr_no_consent";
    case ConsentBasis::gdpr_malformed: return "gdpr_malformed";
    case ConsentBasis::us_opt_out: return "us_opt_out";
    case ConsentBasis::limit_ad_tracking: return "limit_ad_tracking";
    case ConsentBasis::global_privacy_control: return "global_privacy_control";
    case ConsentBasis::unknown_region: return "unknown_region";
  }
  return "unknown_region";
}

Consent consent_gate(const PrivacySignals& signals) noexcept {
  Consent consent;
  const auto refuse = [&](ConsentBasis basis) {
    consent.basis_ = basis;
    return consent;
  };
  const auto purpose = [&](int n) { return (signals.tcf_purposes >> (n - 1) & 1u) != 0; };

  if (signals.coppa) return refuse(ConsentBasis::coppa);
  if (signals.gdpr == Tri::yes) {
    if (signals.tcf_malformed) return refuse(ConsentBasis::gdpr_malformed);
    if (!signals.tcf_present || !signals.tcf_vendor_consent || !purpose(1) || !purpose(2)) {
      return refuse(ConsentBasis::gdpr_no_consent);
    }
  }
  if (signals.gpc) return refuse(ConsentBasis::global_privacy_control);
  if (signals.us_opt_out || signals.gpp_malformed) return refuse(ConsentBasis::us_opt_out);
  if (signals.lmt || signals.dnt) return refuse(ConsentBasis::limit_ad_tracking);

  const bool regulated = signals.gdpr == Tri::yes;
  consent.may_identify_ = true;
  consent.may_personalise_ = !regulated || (purpose(3) && purpose(4));
  consent.may_measure_ = !regulated || purpose(7);
  consent.may_locate_ = !regulated;
  consent.basis_ = regulated ? ConsentBasis::consented : ConsentBasis::not_regulated;
  return consent;
}

}  // namespace bandstand::domain
