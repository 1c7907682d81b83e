// vocabulary: the small closed lists that the trade agrees on (AdCOM numbers), and text packed into integers.
#pragma once

#include <cstdint>
#include <string_view>

namespace bandstand::domain {

/// Up to eight bytes of text in one integer ("US", "USD", "en", "ios"); equality is one compare. Upper case for countries
/// and currencies, lower case for languages. Longer text packs to 0.
constexpr std::uint64_t pack8(std::string_view text) noexcept {
  if (text.size() > 8) return 0;
  std::uint64_t packed = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    packed |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[i])) << (8 * i);
  }
  return packed;
}

/// AdCOM "Device Types".
enum class DeviceType : std::uint8_t {
  unknown = 0, mobile_or_tablet = 1, pc = 2, ctv = 3, phone = 4, tablet = 5, connected = 6, set_top_box = 7, out_of_home = 8
};
inline constexpr int kDeviceTypes = 9;

enum class Os : std::uint8_t { unknown, android, ios, windows, macos, linux_desktop, chrome_os, tv, other };
inline constexpr int kOses = 9;

enum class Browser : std::uint8_t { unknown, chrome, safari, firefox, edge, opera, samsung, internet_explorer, in_app, other };
inline constexpr int kBrowsers = 10;

enum class MediaType : std::uint8_t { banner = 1, video = 2, audio = 3, native = 4 };  ///< OpenRTB bid.mtype

/// Lower-case names as catalogues and tables spell them; nullptr-safe unknown.
const char* name_of(DeviceType type) noexcept;
const char* name_of(Os os) noexcept;
const char* name_of(Browser browser) noexcept;
const char* name_of(MediaType type) noexcept;

/// OpenRTB 3.0 "No-Bid Reason Codes" 0..17, and ours from 510 (documented in docs/formats/no-bid-reasons.md).
enum class NoBid : std::uint16_t {
  unknown = 0, technical_error = 1, invalid_request = 2, known_crawler = 3, suspected_non_human = 4, data_center_ip = 5,
  unsupported_device = 6, blocked_publisher = 7, unmatched_user = 8, daily_user_cap = 9, daily_domain_cap = 10,
  ads_txt_unavailable = 11, ads_txt_violation = 12, ads_cert_unavailable = 13, ads_cert_violation = 14,
  insufficient_time = 15, incomplete_schain = 16, blocked_schain_node = 17,
  no_eligible_line_item = 510, paced = 511, budget = 512, below_floor = 513, no_creative = 514, consent = 515,
  oversight_veto = 516, overload = 517, test_refused = 518, no_deal = 519
};
const char* name_of(NoBid reason) noexcept;

/// Why a line item left the contest for an impression. Order = order of the checks.
enum class Refusal : std::uint8_t {
  none, flight, exchange, media_type, size, geo, device, os, browser, language, site_list, app_list, segment, keyword,
  hour, placement, category_block, advertiser_block, deal, frequency_cap, paced, no_lease, no_creative, creative_limits,
  below_floor, no_value, outbid_inside, oversight, consent, secure, outranked, count_
};
inline constexpr int kRefusals = static_cast<int>(Refusal::count_);
const char* name_of(Refusal reason) noexcept;

}  // namespace bandstand::domain
