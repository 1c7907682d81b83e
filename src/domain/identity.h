// identity: who the user is, sealed until consent opens it, so that code without consent cannot read an id.
//
// SealedIdentity has no getter. open() needs a Consent that allows identity; only the consent gate makes one.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/hash.h"

namespace bandstand::domain {

enum class Tri : std::int8_t { unknown = -1, no = 0, yes = 1 };

/// What the request says about privacy, decoded from its strings. Unknown stays unknown.
struct PrivacySignals {
  Tri gdpr = Tri::unknown;         ///< regs.gdpr, or a GPP section that says so
  bool tcf_present = false;        ///< a consent string that could be decoded
  bool tcf_malformed = false;
  bool tcf_vendor_consent = false; ///< for our vendor id
  /// Bit n-1: purpose n may be pursued by us (consent, or legitimate interest where allowed, restrictions applied).
  std::uint32_t tcf_purposes = 0;
  bool us_opt_out = false;         ///< us_privacy, a GPP US section, or GPC
  bool us_known = false;
  bool coppa = false;
  bool lmt = false;
  bool dnt = false;
  bool gpc = false;
  bool gpp_malformed = false;
};

enum class ConsentBasis : std::uint8_t {
  not_regulated, consented, coppa, gdpr_no_consent, gdpr_malformed, us_opt_out, limit_ad_tracking,
  global_privacy_control, unknown_region
};
const char* name_of(ConsentBasis basis) noexcept;

class SealedIdentity;

/// What may be done with this request. Made by consent_gate() alone.
class Consent {
 public:
  [[nodiscard]] bool may_identify() const { return may_identify_; }        ///< read and write a profile, count frequency
  [[nodiscard]] bool may_personalise() const { return may_personalise_; }  ///< use interests and segments
  [[nodiscard]] bool may_measure() const { return may_measure_; }          ///< tie outcomes to this user
  [[nodiscard]] bool may_locate() const { return may_locate_; }            ///< precise position, full address
  [[nodiscard]] ConsentBasis basis() const { return basis_; }

 private:
  friend Consent consent_gate(const PrivacySignals& signals) noexcept;
  bool may_identify_ = false, may_personalise_ = false, may_measure_ = false, may_locate_ = false;
  ConsentBasis basis_ = ConsentBasis::unknown_region;
};

/// The rules of protocol.md 1.8: COPPA, then GDPR (TCF purposes 1, 3, 4, 7), then US opt-outs, then lmt and dnt.
/// Missing consent in a regulated region means no use of identity. Pure; a few ns.
Consent consent_gate(const PrivacySignals& signals) noexcept;

/// A user as agents see one: a keyed hash, never the id itself.
struct UserKey {
  std::uint64_t value = 0;
  friend constexpr bool operator==(UserKey, UserKey) = default;
};

/// The key of a user who asks to be forgotten, which needs no consent. Of no use for anything else.
inline UserKey key_to_erase(std::string_view id, std::uint64_t salt) noexcept { return {base::hash64(id, salt) | 1}; }

/// The request's user id (buyeruid, else id, else the first-party key), readable only through open().
class SealedIdentity {
 public:
  SealedIdentity() = default;
  explicit SealedIdentity(std::string_view id) : id_(id) {}

  /// The user's key if there is an id and consent to use it. `salt` is the installation's secret.
  [[nodiscard]] std::optional<UserKey> open(const Consent& consent, std::uint64_t salt) const noexcept {
    if (!consent.may_identify() || id_.empty()) return std::nullopt;
    return key_to_erase(id_, salt);
  }
  [[nodiscard]] bool present() const { return !id_.empty(); }

 private:
  std::string_view id_;
};

}  // namespace bandstand::domain
