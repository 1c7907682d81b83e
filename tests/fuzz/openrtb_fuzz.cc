// openrtb_fuzz: the bid request parser, privacy strings, notices and user agents on arbitrary bytes.
//
// What must hold: no crash; the outcome fits the fault; what is accepted keeps the promises that decision
// code relies on (ids present and unique, a medium in each impression, prices in range); the same bytes read
// twice read the same.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/check.h"
#include "protocol/consent/gpp.h"
#include "protocol/consent/us_privacy.h"
#include "protocol/device/user_agent.h"
#include "protocol/openrtb/notice.h"
#include "protocol/openrtb/recorded.h"
#include "protocol/openrtb/request_parser.h"

namespace {

namespace base = bandstand::base;
namespace consent = bandstand::protocol::consent;
namespace openrtb = bandstand::protocol::openrtb;

bool in_range(base::Nanos price) { return price.value >= 0 && price <= base::kCpmMax; }

void check_accepted(const openrtb::ParsedRequest& request) {
  const auto& auction = request.auction;
  BANDSTAND_CHECK(!auction.id.empty() && !auction.impressions.empty() && auction.tmax_ms >= 0);
  for (std::size_t i = 0; i < auction.impressions.size(); ++i) {
    const auto& imp = auction.impressions[i];
    BANDSTAND_CHECK(!imp.id.empty() && in_range(imp.floor) && imp.quantity_e6 > 0);
    BANDSTAND_CHECK(imp.banner != nullptr || imp.video != nullptr || imp.audio != nullptr ||
                    imp.native != nullptr);
    BANDSTAND_CHECK(imp.video == nullptr ||
                    (!imp.video->mimes.empty() && in_range(imp.video->floor_per_second)));
    BANDSTAND_CHECK(imp.native == nullptr || !imp.native->assets.empty());
    for (const auto& deal : imp.deals) BANDSTAND_CHECK(!deal.id.empty() && in_range(deal.floor));
    for (std::size_t k = 0; k < i; ++k) BANDSTAND_CHECK(auction.impressions[k].id != imp.id);
  }
}

void read_request(std::string_view body) {
  static openrtb::RequestParser parser;
  base::Arena arena;
  openrtb::ParsedRequest request, again;
  const openrtb::Outcome outcome = parser.parse(body, arena, request);
  BANDSTAND_CHECK(outcome == openrtb::outcome_of(request.refusal.fault));
  BANDSTAND_CHECK(parser.parse(body, arena, again) == outcome && again.oddities == request.oddities);
  BANDSTAND_CHECK(again.refusal.path.view() == request.refusal.path.view());
  if (outcome != openrtb::Outcome::ok) return;
  check_accepted(request);
  openrtb::admit(bandstand::domain::consent_gate(request.privacy), arena, request);
}

void read_notice(std::string_view query) {
  openrtb::Notice notice = openrtb::parse_notice(query);
  constexpr base::Nanos kBid{1'000'000};
  openrtb::settle_price(notice, kBid);
  BANDSTAND_CHECK(notice.price.value >= 0 && notice.price.value <= 1'010'000);
  BANDSTAND_CHECK(notice.multiplier_e6 > 0 && notice.min_to_win.value >= -1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A copy of exact size, so that a sanitizer sees a read beyond it.
  const std::string exact(reinterpret_cast<const char*>(data), size);
  read_request(exact);
  read_notice(exact);
  (void)openrtb::convert_recorded(exact);
  const consent::Tcf tcf = consent::decode_tcf(exact, 6);
  BANDSTAND_CHECK(tcf.valid || tcf.purposes() == 0);
  (void)consent::decode_gpp(exact, {}, 6);
  (void)consent::decode_us_privacy(exact);
  (void)bandstand::protocol::device::classify_user_agent(exact);
  return 0;
}
