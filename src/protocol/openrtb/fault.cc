// fault: names of the reasons.
#include "protocol/openrtb/fault.h"

#include <iterator>

namespace bandstand::protocol::openrtb {

const char* name_of(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::ok: return "ok";
    case Outcome::malformed: return "malformed";
    case Outcome::unusable: return "unusable";
  }
  return "unknown";
}

const char* name_of(Fault fault) noexcept {
  static constexpr const char* kNames[] = {"none",
                                           "too_large",
                                           "too_deep",
                                           "not_json",
                                           "invalid_utf8",
                                           "not_an_object",
                                           "id_missing",
                                           "no_impression",
                                           "too_many_impressions",
                                           "impression_id_missing",
                                           "impression_id_duplicate",
                                           "several_channels",
                                           "negative",
                                           "gdpr_range",
                                           "no_medium",
                                           "price",
                                           "quantity",
                                           "banner_no_size",
                                           "banner_size_range",
                                           "format_empty",
                                           "format_incomplete",
                                           "mimes_missing",
                                           "native_request_missing",
                                           "native_request_json",
                                           "native_no_assets",
                                           "native_asset_id",
                                           "native_asset_kind",
                                           "native_asset_content",
                                           "native_context",
                                           "native_tracker",
                                           "deal_id_missing",
                                           "wrong_type",
                                           "duplicate_key",
                                           "both_of_a_pair",
                                           "out_of_range",
                                           "privacy_string",
                                           "deprecated_form"};
  static_assert(std::size(kNames) == kFaults);
  const auto index = static_cast<std::size_t>(fault);
  return index < std::size(kNames) ? kNames[index] : "unknown";
}

}  // namespace bandstand::protocol::openrtb
