// decide_codec: the first-party decision API (POST /v1/decide): JSON to an auction and a decision back to JSON.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "domain/auction.h"
#include "domain/identity.h"

namespace bandstand::protocol::decide {

/// What is wrong with a request: answered as {"code","field","message"}.
struct Refusal {
  std::string_view code = "invalid_request";
  char field[96] = {};
  std::string_view message;
};

/// A request of the form
///   {"id": "...", "placements": [{"id": "top", "sizes": ["300x250"], "floor": "0.50"}], "user": {...}, ...}
/// All fields: docs/formats/decide.md.
/// Only `placements` is required; `device.country` is a short form of `device.geo.country`. Unknown fields
/// are passed over, a known one of another type is refused. Views point into the arena.
struct ParsedDecide {
  domain::Auction auction;
  domain::SealedIdentity identity;
  domain::PrivacySignals privacy;
  std::span<const domain::Segment> sealed_segments;
  Refusal refusal;
};

/// Opens what the consent allows: segments; the exact place, else its zip is taken away and its position
/// rounded to a tenth of a degree (about 10 km).
void admit(const domain::Consent& consent, ParsedDecide& request);

/// One per shard; not thread-safe.
class DecideParser {
 public:
  explicit DecideParser(std::uint16_t vendor_id);
  ~DecideParser();
  /// False: out.refusal says why. `body` needs 64 readable bytes past its end. About 5 us.
  bool parse(std::string_view body, base::Arena& arena, ParsedDecide& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// One chosen creative for one placement.
struct DecisionOut {
  std::string_view placement, decision_id;
  std::uint32_t campaign = 0, line_item = 0, creative = 0;
  domain::MediaType type = domain::MediaType::banner;
  domain::Size size;
  std::string_view markup;     ///< HTML, VAST or native JSON
  std::string_view click_url, impression_url, view_url, conversion_url, landing_page;
};

/// Appends {"id":..,"decisions":[..],"unfilled":[{"placement","reason"}]}.
class DecideWriter {
 public:
  explicit DecideWriter(std::string& out) : out_(out) {}
  void begin(std::string_view request_id, std::string_view decision_id);
  void add(const DecisionOut& decision);
  void add_unfilled(std::string_view placement, std::string_view reason);
  void end();

 private:
  std::string& out_;
  bool first_ = true;
  bool unfilled_ = false;
};

/// {"code":..,"field":..,"message":..}
void append_refusal(const Refusal& refusal, std::string& out);

}  // namespace bandstand::protocol::decide
