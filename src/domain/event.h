// event: what happened, in the past tense, identified, and safe to apply twice.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "base/money.h"
#include "domain/auction.h"
#include "domain/identity.h"
#include "domain/user_vector.h"
#include "domain/vocabulary.h"

namespace bandstand::domain {

enum class EventKind : std::uint8_t {
  win = 1, bill = 2, loss = 3, impression = 4, view = 5, click = 6, conversion = 7,
  video_start = 8, video_first_quartile = 9, video_midpoint = 10, video_third_quartile = 11, video_complete = 12
};
const char* name_of(EventKind kind) noexcept;

/// How an `${AUCTION_PRICE}` arrived.
enum class PriceForm : std::uint8_t { price, absent, empty, unresolved, audit, malformed, above_bid, negative };
const char* name_of(PriceForm form) noexcept;

/// A notice or event as it entered, after its token was verified. Identified by (bid, kind).
struct Event {
  EventKind kind = EventKind::win;
  base::BidId bid;
  base::CampaignId campaign;
  base::LineItemId line_item;
  base::CreativeId creative;
  std::uint16_t exchange = 0;
  base::WallTime at;             ///< arrival
  base::WallTime bid_at;         ///< when the bid was made (from the token)
  base::Nanos price;             ///< clearing price per impression; meaning by price_form
  PriceForm price_form = PriceForm::absent;
  base::Nanos min_to_win;        ///< ${AUCTION_MIN_TO_WIN}; -1 = withheld
  std::uint16_t loss_reason = 0; ///< OpenRTB loss code
  std::uint32_t multiplier_e6 = 1'000'000;
  base::Nanos conversion_value;  ///< of a conversion, if sent
  UserKey user;                  ///< 0 = unknown or no consent
  std::uint64_t item = 0;        ///< item_of the page or product that it is about, if the sender says so; 0 = none
  bool test = false;
  bool suspicious = false;       ///< kept out of money and of learning
  std::uint8_t suspicion = 0;    ///< reason code of the fraud agent
};

/// What was known when a bid was made: the part of the decision that learners need, without looking it up again.
struct BidFacts {
  base::BidId bid;
  base::CampaignId campaign;
  base::LineItemId line_item;
  base::CreativeId creative;
  std::uint16_t exchange = 0;
  std::uint8_t media = 1;             ///< MediaType
  std::uint8_t device = 0;            ///< DeviceType
  std::uint8_t at = 2;                ///< auction type
  bool first_party = false;
  bool test = false, suspicious = false;  ///< kept out of money and of learning
  bool personal = false;              ///< consent to use interests: what the user clicks on may be remembered
  Size size;                          ///< of the creative
  base::WallTime at_time;
  base::Duration life{0};             ///< until when it may be billed
  base::Nanos price, floor;
  double value = 0;                   ///< predicted, nanos
  float mu = 1;
  float click_rate = 0, conversion_rate = 0;  ///< predicted
  float propensity = 1;               ///< of the creative
  std::uint32_t user_topic = 0;       ///< agents::creative::ResponseContext
  float user_topic_weight = 0;
  std::uint16_t impressions_seen = 0;
  std::uint32_t placement = 0;        ///< topic_of(tag id)
  Taste taste{};                      ///< of the profile's model, as the creative agent was told it
  UserKey user;                       ///< 0 = unknown or no consent
};

/// A bid joined with what followed: what learners see. Emitted once per bid and kind.
struct Outcome {
  /// price: win or loss is known, or the bid's life ended in silence (neither). response: the click window has closed.
  /// conversion: so has the conversion window.
  enum class Kind : std::uint8_t { price, response, conversion } kind = Kind::price;
  BidFacts facts;
  bool won = false, lost = false, billed = false;
  std::uint16_t loss_reason = 0;
  base::Nanos clearing_price;         ///< per impression; meaningful if won
  base::Nanos min_to_win{-1};         ///< -1 = withheld
  bool clicked = false, converted = false, viewed = false;
  bool suspicious = false;
  base::Nanos reward;            ///< outcomes/rewards: value of what happened minus what it cost
};

}  // namespace bandstand::domain
