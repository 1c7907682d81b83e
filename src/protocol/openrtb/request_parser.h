// request_parser: the bytes of an OpenRTB 2.x bid request to an auction, a sealed identity and privacy
// signals.
//
// 1. Nothing of the caller's buffer is kept: the body is copied into the arena, and all views point there.
// 2. After warm-up nothing is allocated but from the arena.
// 3. Strict in form, tolerant in content: what is not JSON by RFC 8259 is malformed, down to fields that
// nobody reads;
//    unknown fields and values pass; a bad medium, impression or deal is left out, and the request is refused
//    when none remains.
// 4. Of equal keys in one object the first counts. A key written with escapes ("\u0069d") is an unknown key.
// 5. Prices are read from the digits of the number, never through floating point.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "domain/auction.h"
#include "domain/identity.h"
#include "protocol/openrtb/fault.h"

namespace bandstand::protocol::openrtb {

/// Limits and our place in the trade. The defaults are those of reliability.md 2e.
struct ParserOptions {
  std::size_t body_bytes_max = 256 * 1024;
  std::size_t depth_max = 64;
  std::size_t impressions_max = 64;
  std::uint16_t tcf_vendor_id =
      0;  ///< ours in IAB Europe's Global Vendor List; 0: no vendor consent can be found
};

/// A request, read. Valid until the arena is reset.
struct ParsedRequest {
  Outcome outcome = Outcome::malformed;
  FaultAt refusal;             ///< why not ok
  std::uint64_t oddities = 0;  ///< bit n: Fault n was met and got over (counted once a request)
  FaultAt first_oddity;

  domain::Auction auction;  ///< segments are empty and the position is exact until admit()
  domain::SealedIdentity identity;
  domain::PrivacySignals privacy;
  std::span<const domain::Segment> sealed_segments;  ///< user.data; for admit()
  domain::Texts sealed_keywords;  ///< auction.keywords followed by those of user; for admit()
  bool debug = false;  ///< ext.debug or ext.prebid.debug asked for; honour it for authorised callers only

  [[nodiscard]] bool has(Fault fault) const { return (oddities >> static_cast<int>(fault) & 1u) != 0; }
};
static_assert(kFaults <= 64);

/// Applies what the consent gate decided. If interests may be used, user.data and the user's keywords enter
/// the auction. Without may_locate the position is rounded to 0.1 degree, the postal code is dropped, and the
/// address loses its last octet (IPv6: all but its first three groups).
void admit(const domain::Consent& consent, base::Arena& arena, ParsedRequest& request);

/// One per shard; not thread-safe. Holds about 1 MiB of parser state for a body of the maximal size.
class RequestParser {
 public:
  explicit RequestParser(const ParserOptions& options = {});
  ~RequestParser();
  RequestParser(RequestParser&&) noexcept;
  RequestParser& operator=(RequestParser&&) noexcept;

  /// Reads `body` into `out` (overwritten). Returns out.outcome. About 2 us for 2 KB.
  Outcome parse(std::string_view body, base::Arena& arena, ParsedRequest& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bandstand::protocol::openrtb
