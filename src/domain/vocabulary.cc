// vocabulary: names of the lists.
#include "domain/vocabulary.h"

#include <cstddef>
#include <iterator>

namespace bandstand::domain {
namespace {

template <class Enum, std::size_t n>
const char* pick(const char* const (&names)[n], Enum value) noexcept {
  const auto index = static_cast<std::size_t>(value);
  return index < n ? names[index] : "unknown";
}

}  // namespace

const char* name_of(DeviceType type) noexcept {
  static constexpr const char* kNames[] = {"unknown", "mobile", "pc", "ctv", "phone",
                                           "tablet", "connected", "set_top_box", "out_of_home"};
  return pick(kNames, type);
}

const char* name_of(Os os) noexcept {
  static constexpr const char* kNames[] = {"unknown", "android", "ios", "windows", "macos", "linux", "chromeos", "tv", "other"};
  return pick(kNames, os);
}

const char* name_of(Browser browser) noexcept {
  static constexpr const char* kNames[] = {"unknown", "chrome", "safari", "firefox", "edge",
                                           "opera", "samsung", "ie", "in_app", "other"};
  return pick(kNames, browser);
}

const char* name_of(MediaType type) noexcept {
  static constexpr const char* kNames[] = {"unknown", "banner", "video", "audio", "native"};
  return pick(kNames, type);
}

const char* name_of(NoBid reason) noexcept {
  static constexpr const char* kStandard[] = {
      "unknown", "technical_error", "invalid_request", "known_crawler", "suspected_non_human", "data_center_ip",
      "unsupported_device", "blocked_publisher", "unmatched_user", "daily_user_cap", "daily_domain_cap",
      "ads_txt_unavailable", "ads_txt_violation", "ads_cert_unavailable", "ads_cert_violation", "insufficient_time",
      "incomplete_schain", "blocked_schain_node"};
  static constexpr const char* kOurs[] = {"no_eligible_line_item", "paced", "budget", "below_floor", "no_creative",
                                          "consent", "oversight_veto", "overload", "test_refused", "no_deal"};
  const auto code = static_cast<std::size_t>(reason);
  if (code < std::size(kStandard)) return kStandard[code];
  if (code >= 510 && code - 510 < std::size(kOurs)) return kOurs[code - 510];
  return "unknown";
}

const char* name_of(Refusal reason) noexcept {
  static constexpr const char* kNames[] = {
      "none", "flight", "exchange", "media_type", "size", "geo", "device", "os", "browser", "language", "site_list",
      "app_list", "segment", "keyword", "hour", "placement", "category_block", "advertiser_block", "deal", "frequency_cap",
      "paced", "no_lease", "no_creative", "creative_limits", "below_floor", "no_value", "outbid_inside", "oversight",
      "consent", "secure", "outranked"};
  static_assert(std::size(kNames) == kRefusals);
  return pick(kNames, reason);
}

}  // namespace bandstand::domain
