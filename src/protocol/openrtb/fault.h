// fault: why a bid request is refused, or what was odd in it: a closed list for metrics, and the exact place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace bandstand::protocol::openrtb {

/// What became of a request (protocol.md 1.1).
enum class Outcome : std::uint8_t {
  ok,
  malformed,  ///< HTTP 400 with an empty body
  unusable,   ///< well-formed, but against the rules: 204, nbr 2 or 400, by the exchange's setting
};
const char* name_of(Outcome outcome) noexcept;

/// The reasons. Metrics carry name_of(); the numbers may change. The comment says what happens to the
/// request: whole requests are refused, single media, impressions and deals are left out, oddities are
/// tolerated and counted.
enum class Fault : std::uint8_t {
  none,
  // Malformed.
  too_large,  ///< body over the limit; not read
  too_deep,   ///< nested deeper than 64
  not_json,   ///< syntax, truncation, trailing bytes, a bad escape or lone surrogate in a field that we read
  invalid_utf8,
  not_an_object,
  id_missing,  ///< no id, an empty one, or no text
  // Unusable.
  no_impression,
  too_many_impressions,
  impression_id_missing,
  impression_id_duplicate,
  several_channels,  ///< more than one of site, app, dooh
  negative,          ///< a number that must not be negative is
  gdpr_range,        ///< regs.gdpr neither 0 nor 1
  // What they refer to is left out; unusable if no impression remains.
  no_medium,          ///< an impression without banner, video, audio or native
  price,              ///< bidfloor, mincpmpersec or durfloors: no decimal number from 0 to 10,000
  quantity,           ///< qty.multiplier not above 0
  banner_no_size,     ///< neither format nor w and h
  banner_size_range,  ///< only wmin, wmax, hmin, hmax, which 2.6 no longer has
  format_empty,       ///< neither {w, h} nor {wmin, wratio, hratio}
  format_incomplete,  ///< part of {wmin, wratio, hratio}
  mimes_missing,
  native_request_missing,
  native_request_json,  ///< the string in native.request is no JSON object
  native_no_assets,
  native_asset_id,       ///< given twice, or for some assets only
  native_asset_kind,     ///< not exactly one of title, img, data, video
  native_asset_content,  ///< title.len, data.type, or video mimes, durations, protocols missing or unknown
  native_context,        ///< neither 1 to 3 nor 500 and up, or a contextsubtype of another context
  native_tracker,        ///< an event tracker without event or methods
  deal_id_missing,
  // Tolerated, counted.
  wrong_type,       ///< another JSON type than specified; read if the meaning is clear, else as absent
  duplicate_key,    ///< the first one counts
  both_of_a_pair,   ///< wseat and bseat ...: both apply
  out_of_range,     ///< clamped
  privacy_string,   ///< consent, gpp or us_privacy cannot be decoded; read as refusal
  deprecated_form,  ///< a 2.5 place (regs.ext.gdpr ...), lifted
  count_
};
inline constexpr int kFaults = static_cast<int>(Fault::count_);
const char* name_of(Fault fault) noexcept;

/// The outcome of a request refused for this reason.
constexpr Outcome outcome_of(Fault fault) noexcept {
  if (fault == Fault::none || fault >= Fault::wrong_type) return Outcome::ok;
  return fault <= Fault::id_missing ? Outcome::malformed : Outcome::unusable;
}

/// Where: "imp[0].video.mimes". Fixed size; longer paths are cut. Printable ASCII only: keys of strangers
/// never get here but through the names that we look for.
class FieldPath {
 public:
  [[nodiscard]] std::string_view view() const { return {text_, size_}; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  void clear() { size_ = 0; }
  void append(std::string_view part) {
    const std::size_t kept = part.size() < sizeof text_ - size_ ? part.size() : sizeof text_ - size_;
    std::memcpy(text_ + size_, part.data(), kept);
    size_ = static_cast<std::uint8_t>(size_ + kept);
  }

 private:
  char text_[95] = {};
  std::uint8_t size_ = 0;
};

/// A fault with its place.
struct FaultAt {
  Fault fault = Fault::none;
  FieldPath path;
};

}  // namespace bandstand::protocol::openrtb
