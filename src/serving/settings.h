// settings: what an operator decides about serving: exchanges, addresses, keys, windows; plain values with
// defaults in place.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agents/budget/pacer.h"
#include "agents/fraud/rate_sketch.h"
#include "agents/fraud/traffic_watch.h"
#include "base/arena.h"
#include "base/clock.h"
#include "domain/currency.h"
#include "ledger/ledger.h"
#include "ledger/token.h"
#include "orchestrator/auction_flow.h"
#include "outcomes/matcher.h"

namespace bandstand::serving {

/// Which report makes money move for bids at an exchange: exactly one of them. Video and audio, and
/// first-party inventory, always bill on the impression.
enum class BillOn : std::uint8_t { burl, nurl, impression };

/// One exchange, as agreed with it. Its index in the list is its number everywhere.
struct ExchangeSettings {
  std::string name;  ///< in the path: /openrtb2/bid/{name}
  std::string seat = "bandstand";
  BillOn bill_on = BillOn::burl;
  std::uint64_t default_currency = domain::pack8("USD");
  std::int32_t tmax_default_ms = 120;
  std::int32_t tmax_cap_ms = 300;
  base::Duration network = std::chrono::milliseconds(20);  ///< both ways, p95: taken off tmax
  base::Duration write_margin = std::chrono::milliseconds(1);
  bool nbr_in_200 = false;       ///< no-bid as 200 with nbr instead of 204
  bool own_nbr_codes = false;    ///< codes from 500 up are agreed
  bool unusable_is_400 = false;  ///< well-formed but unusable requests: 400 instead of a no-bid
  bool macros_base64 = false;
};

struct ServingSettings {
  std::string public_url =
      "http://127.0.0.1:8080";  ///< how exchanges and browsers reach us: base of all signed links
  std::vector<ExchangeSettings> exchanges{ExchangeSettings{"default"}};
  std::uint16_t vendor_id = 0;  ///< IAB Global Vendor List; 0 = none: no consent under GDPR can be found
  std::uint64_t user_salt = 0;  ///< keys user ids; made at first start and kept with the data
  std::vector<ledger::TokenKey> token_keys;
  std::uint32_t token_life_s = 86'400;  ///< of clicks and conversions; notices too
  std::uint32_t shards = 1;
  std::size_t users_max = 1u << 18;
  agents::fraud::RateSketchOptions rates;  ///< of each shard's counts by address, user and placement
  agents::fraud::WatchOptions watch;       ///< of what requests do, in the slow loop; for fraud policies beyond the rules
  orchestrator::FlowOptions flow;
  agents::budget::PacerOptions pacing;
  ledger::LedgerOptions ledger;
  outcomes::MatcherOptions matcher;
  std::vector<domain::FxRate> fx;
  base::Duration publish_every = std::chrono::seconds(2);  ///< models to shards
  base::Duration keep_learned_every = std::chrono::minutes(2);  ///< what was learned, to disk
  base::Duration frequency_hold =
      std::chrono::seconds(10);  ///< a bid counts as an impression so long, unless it is lost before
  std::uint32_t log_sample_no_bid =
      1;  ///< every n-th decision without a bid is logged; decisions with bids always are
  std::size_t decision_ring_bytes = 16u << 20;
  std::size_t recent_decisions = 4096;  ///< kept in memory for the operators' API; at most 64 MiB of them
};

/// The flow's options with the settings' own rates in them; `settings` outlives whoever keeps the result.
inline orchestrator::FlowOptions flow_options(const ServingSettings& settings) {
  orchestrator::FlowOptions options = settings.flow;
  options.fx = settings.fx;
  return options;
}

/// A request without `cur` takes bids in the currency agreed with its exchange (OpenRTB 2.6, 3.2.1). The flow
/// itself reads an empty list as US dollars, so nothing is done for those.
inline void settle_currencies(const ExchangeSettings& exchange, base::Arena& arena,
                              domain::Auction& auction) {
  if (!auction.currencies.empty() || exchange.default_currency == domain::pack8("USD")) return;
  char code[3];
  for (int i = 0; i < 3; ++i) code[i] = static_cast<char>(exchange.default_currency >> (8 * i));
  auto list = arena.array<std::string_view>(1);
  list[0] = arena.copy({code, 3});
  auction.currencies = list;
}

}  // namespace bandstand::serving
