// exchange_macros: one scan over the text.
#include "simulation/exchange_macros.h"

#include <optional>
#include <span>

#include "base/hash.h"

namespace bandstand::simulation {
namespace {

/// The value of the macro with this name (without AUCTION_); none: not a macro that we replace.
std::optional<std::string_view> value_of(std::string_view name, const MacroValues& v) {
  if (name == "PRICE") return v.leave_price ? std::nullopt : std::optional(v.price);
  if (name == "ID") return v.auction_id;
  if (name == "BID_ID") return v.bid_id;
  if (name == "IMP_ID") return v.imp_id;
  if (name == "SEAT_ID") return v.seat_id;
  if (name == "AD_ID") return v.ad_id;
  if (name == "CURRENCY") return v.currency;
  if (name == "LOSS") return v.loss;
  if (name == "MIN_TO_WIN") return v.min_to_win;
  if (name == "MULTIPLIER") return v.multiplier;
  if (name == "IMP_TS") return v.timestamp;
  if (name == "MBR" || name == "DISCOUNT_PCT" || name == "DISCOUNT_CPM") return std::string_view{};
  return std::nullopt;
}

void append_base64url(std::string_view value, std::string& out) {
  const std::span bytes{reinterpret_cast<const std::uint8_t*>(value.data()), value.size()};
  const std::size_t before = out.size();
  out.resize(before + base::base64url_size(value.size()));
  out.resize(before + base::base64url_encode(bytes, out.data() + before));
}

/// Replaces the macro whose name is `name`; false: left alone.
bool replace(std::string_view name, const MacroValues& values, std::string& out) {
  const auto colon = name.find(':');
  const auto value = value_of(name.substr(0, colon), values);
  if (!value) return false;
  if (colon == std::string_view::npos) {
    out += *value;
    return true;
  }
  if (name.substr(colon + 1) != "B64") return false;
  append_base64url(*value, out);
  return true;
}

struct Form {
  std::string_view open, close;
};
constexpr Form kForms[] = {{"${AUCTION_", "}"}, {"%24%7BAUCTION_", "%7D"}};

}  // namespace

void substitute_macros(std::string_view text, const MacroValues& values, std::string& out) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t sign = text.find_first_of("$%", at);
    out += text.substr(at, sign - at);
    if (sign == std::string_view::npos) return;
    at = sign;
    bool replaced = false;
    for (const Form& form : kForms) {
      if (!text.substr(at).starts_with(form.open)) continue;
      const std::size_t name = at + form.open.size();
      const std::size_t end = text.find(form.close, name);
      if (end == std::string_view::npos || !replace(text.substr(name, end - name), values, out)) continue;
      at = end + form.close.size();
      replaced = true;
      break;
    }
    if (!replaced) out += text[at++];
  }
}

}  // namespace bandstand::simulation
