// explain_words: the tables.
#include "serving/explain_words.h"

#include <iterator>

namespace bandstand::serving {

std::string_view words_of(domain::NoBid reason) noexcept {
  static constexpr std::string_view kStandard[] = {"no reason was recorded",
                                                   "something failed inside",
                                                   "the request was not valid",
                                                   "the caller is a known web crawler",
                                                   "the traffic does not look human",
                                                   "the address belongs to a data centre or proxy",
                                                   "the device cannot show what there is",
                                                   "the publisher or site is blocked",
                                                   "the user is not known",
                                                   "the user has seen enough today",
                                                   "the domain has had enough today",
                                                   "ads.txt could not be read",
                                                   "ads.txt does not authorise the seller",
                                                   "ads.cert could not be checked",
                                                   "ads.cert does not match",
                                                   "too little time was left to decide",
                                                   "the supply chain is incomplete",
                                                   "a node of the supply chain is blocked"};
  static constexpr std::string_view kOurs[] = {
      "no line item fits this impression",     "every line item that fits has spent its plan for now",
      "no lease holds enough money for a bid", "no price between the floor and what it is worth",
      "no creative fits this impression",      "consent does not allow what every fitting line item needs",
      "oversight removed every bid",           "shed: the server is overloaded",
      "test requests are not bid on here",     "a deal is required and none of its line items can bid"};
  const auto code = static_cast<std::size_t>(reason);
  if (code < std::size(kStandard)) return kStandard[code];
  if (code >= 510 && code - 510 < std::size(kOurs)) return kOurs[code - 510];
  return "a code that this version does not know";
}

std::string_view words_of(domain::Refusal reason) noexcept {
  static constexpr std::string_view kWords[] = {"its bid is in the answer",
                                                "outside its flight, or switched off",
                                                "not for this exchange",
                                                "no creative of a wanted media type",
                                                "no creative of a wanted size",
                                                "place not targeted",
                                                "device not targeted",
                                                "operating system not targeted",
                                                "browser not targeted",
                                                "language not targeted or not wanted",
                                                "site not on its list, or excluded",
                                                "app not on its list, or excluded",
                                                "user in none of its segments, or in an excluded one",
                                                "keywords or key values do not match",
                                                "not at this hour of the week",
                                                "placement or position not targeted",
                                                "a category is blocked",
                                                "its advertiser is blocked",
                                                "deal does not match",
                                                "the user has seen it often enough",
                                                "has spent its plan for now",
                                                "no lease with enough money",
                                                "no creative fits",
                                                "the impression's limits exclude its creatives",
                                                "its price would be below the floor",
                                                "worth nothing here",
                                                "another of ours bids more",
                                                "removed by oversight",
                                                "consent does not allow it",
                                                "https only, and its creative is not",
                                                "more line items fit than are considered; others look better",
                                                "its currency is not accepted"};
  static_assert(std::size(kWords) == domain::kRefusals);
  const auto index = static_cast<std::size_t>(reason);
  return index < std::size(kWords) ? kWords[index] : "a code that this version does not know";
}

std::string_view words_of(domain::ConsentBasis basis) noexcept {
  using domain::ConsentBasis;
  switch (basis) {
    case ConsentBasis::not_regulated: return "no regulation applies: the user may be recognised";
    case ConsentBasis::consented: return "the user has consented: the user may be recognised";
    case ConsentBasis::coppa: return "a child (COPPA): context only";
    case ConsentBasis::gdpr_no_consent: return "GDPR applies and consent is missing: context only";
    case ConsentBasis::gdpr_malformed: return "GDPR applies and the consent string is broken: context only";
    case ConsentBasis::us_opt_out: return "the user has opted out (US): context only";
    case ConsentBasis::limit_ad_tracking: return "the device limits ad tracking: context only";
    case ConsentBasis::global_privacy_control: return "Global Privacy Control is on: context only";
    case ConsentBasis::unknown_region: return "where the user is, is unknown: context only";
  }
  return "a code that this version does not know";
}

std::string_view words_of(domain::CallOutcome outcome) noexcept {
  using domain::CallOutcome;
  switch (outcome) {
    case CallOutcome::ok: return "ok";
    case CallOutcome::error: return "failed";
    case CallOutcome::late: return "late";
    case CallOutcome::breaker_open: return "breaker open";
    case CallOutcome::no_time: return "no time";
    case CallOutcome::off: return "off";
  }
  return "unknown";
}

}  // namespace bandstand::serving
