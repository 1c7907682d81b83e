// notice: parameters, macros, and the many forms of a price.
#include "protocol/openrtb/notice.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "domain/item.h"

namespace bandstand::protocol::openrtb {
namespace {

enum class Field : std::uint8_t {
  auction_id,
  bid_id,
  imp_id,
  seat,
  ad_id,
  price,
  currency,
  market_bid_ratio,
  loss,
  min_to_win,
  multiplier,
  impression_ms,
  discount_percent,
  discount_cpm
};

struct Macro {
  Field field;
  std::string_view parameter;
  std::string_view name;
};

/// The macros of OpenRTB 4.4, each under our parameter's name.
constexpr std::array<Macro, 14> kMacros{{{Field::auction_id, "a", "AUCTION_ID"},
                                         {Field::bid_id, "b", "AUCTION_BID_ID"},
                                         {Field::imp_id, "i", "AUCTION_IMP_ID"},
                                         {Field::seat, "s", "AUCTION_SEAT_ID"},
                                         {Field::ad_id, "d", "AUCTION_AD_ID"},
                                         {Field::price, "p", "AUCTION_PRICE"},
                                         {Field::currency, "c", "AUCTION_CURRENCY"},
                                         {Field::market_bid_ratio, "m", "AUCTION_MBR"},
                                         {Field::loss, "l", "AUCTION_LOSS"},
                                         {Field::min_to_win, "w", "AUCTION_MIN_TO_WIN"},
                                         {Field::multiplier, "x", "AUCTION_MULTIPLIER"},
                                         {Field::impression_ms, "ts", "AUCTION_IMP_TS"},
                                         {Field::discount_percent, "dp", "AUCTION_DISCOUNT_PCT"},
                                         {Field::discount_cpm, "dc", "AUCTION_DISCOUNT_CPM"}}};

bool asked(Field field, NoticeKind kind) {
  switch (field) {
    case Field::price:
    case Field::currency:
    case Field::min_to_win: return true;
    case Field::loss: return kind == NoticeKind::loss;
    case Field::multiplier:
    case Field::impression_ms:
    case Field::discount_cpm:
    case Field::discount_percent: return kind != NoticeKind::loss;
    default: return false;  // the token names the auction, the bid, the seat and the ad
  }
}

/// A value, decoded into a small buffer of its own.
struct Value {
  std::array<char, 96> bytes{};
  std::size_t size = 0;
  bool too_long = false;
  [[nodiscard]] std::string_view view() const { return {bytes.data(), size}; }
};

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Value percent_decoded(std::string_view raw) noexcept {
  Value out;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i] == '+' ? ' ' : raw[i];
    if (c == '%' && i + 2 < raw.size() && hex(raw[i + 1]) >= 0 && hex(raw[i + 2]) >= 0) {
      c = static_cast<char>(hex(raw[i + 1]) * 16 + hex(raw[i + 2]));
      i += 2;
    }
    if (c == ' ' && out.size == 0) continue;
    if (out.size == out.bytes.size()) {
      out.too_long = true;
      return out;
    }
    out.bytes[out.size++] = c;
  }
  while (out.size > 0 && out.bytes[out.size - 1] == ' ') --out.size;
  return out;
}

/// Base64, standard or URL alphabet, padding optional. Size 0 if it is none.
Value base64_decoded(std::string_view text) noexcept {
  Value out;
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    int six = -1;
    if (c >= 'A' && c <= 'Z')
      six = c - 'A';
    else if (c >= 'a' && c <= 'z')
      six = c - 'a' + 26;
    else if (c >= '0' && c <= '9')
      six = c - '0' + 52;
    else if (c == '+' || c == '-')
      six = 62;
    else if (c == '/' || c == '_')
      six = 63;
    if (six < 0 || out.size == out.bytes.size()) return {};
    bits = bits << 6 | static_cast<std::uint32_t>(six);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out.bytes[out.size++] = static_cast<char>(bits >> held & 0xff);
    }
  }
  return out;
}

enum class Form : std::uint8_t { number, empty, unresolved, audit, negative, other };

bool equals_ignoring_case(std::string_view text, std::string_view upper) {
  return text.size() == upper.size() &&
         std::equal(text.begin(), text.end(), upper.begin(),
                    [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 32 : a) == b; });
}

Form form_of(std::string_view text, base::Nanos& number) noexcept {
  if (text.empty()) return Form::empty;
  if (text.starts_with("${") || text.find("AUCTION_") != std::string_view::npos) return Form::unresolved;
  if (equals_ignoring_case(text, "AUDIT")) return Form::audit;
  if (text[0] == '-') return base::parse_cpm(text.substr(1)) ? Form::negative : Form::other;
  const auto parsed = base::parse_cpm(text);
  if (!parsed) return Form::other;
  number = *parsed;
  return Form::number;
}

/// A value in whatever coat it came: percent-encoded, base64 where we asked for it, plain where it came
/// anyway.
Form read_decimal(std::string_view raw, bool base64, base::Nanos& number) noexcept {
  const Value plain = percent_decoded(raw);
  if (plain.too_long) return Form::other;
  if (base64) {
    const Value decoded = base64_decoded(plain.view());
    if (decoded.size > 0) {
      const Form form = form_of(decoded.view(), number);
      if (form != Form::other && form != Form::empty) return form;
    }
  }
  return form_of(plain.view(), number);
}

std::int64_t read_integer(std::string_view raw, bool base64, std::int64_t otherwise) noexcept {
  const Value plain = percent_decoded(raw);
  const Value decoded = base64 ? base64_decoded(plain.view()) : Value{};
  for (const std::string_view text : {decoded.view(), plain.view()}) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc{} && end == text.data() + text.size() && !text.empty()) return value;
  }
  return otherwise;
}

domain::PriceForm price_form_of(Form form) {
  switch (form) {
    case Form::number: return domain::PriceForm::price;
    case Form::empty: return domain::PriceForm::empty;
    case Form::unresolved: return domain::PriceForm::unresolved;
    case Form::audit: return domain::PriceForm::audit;
    case Form::negative: return domain::PriceForm::negative;
    case Form::other: return domain::PriceForm::malformed;
  }
  return domain::PriceForm::malformed;
}

void read_field(Field field, std::string_view raw, bool base64, Notice& notice) noexcept {
  base::Nanos number;
  switch (field) {
    case Field::auction_id: notice.auction_id = raw; return;
    case Field::bid_id: notice.bid_id = raw; return;
    case Field::imp_id: notice.imp_id = raw; return;
    case Field::seat: notice.seat = raw; return;
    case Field::ad_id: notice.ad_id = raw; return;
    case Field::currency: notice.currency = raw.size() == 3 ? raw : std::string_view{}; return;
    case Field::price:
      notice.price_form = price_form_of(read_decimal(raw, base64, number));
      notice.price = number;
      notice.audit = notice.audit || notice.price_form == domain::PriceForm::audit;
      return;
    case Field::min_to_win:
      if (read_decimal(raw, base64, number) == Form::number) notice.min_to_win = number;
      return;
    case Field::market_bid_ratio:
      if (read_decimal(raw, base64, number) == Form::number) notice.market_bid_ratio = number;
      return;
    case Field::discount_cpm:
      if (read_decimal(raw, base64, number) == Form::number) notice.discount_cpm = number;
      return;
    case Field::discount_percent:
      if (read_decimal(raw, base64, number) == Form::number) notice.discount_percent = number;
      return;
    case Field::multiplier: {
      const Form form = read_decimal(raw, base64, number);
      notice.audit = notice.audit || form == Form::audit;
      if (form == Form::number && number.value > 0) {
        notice.multiplier_e6 = static_cast<std::uint32_t>(std::min<std::int64_t>(number.value, UINT32_MAX));
      }
      return;
    }
    case Field::loss: {
      const std::int64_t code = read_integer(raw, base64, -1);
      notice.has_loss_reason = code >= 0 && code <= UINT16_MAX;
      if (notice.has_loss_reason) notice.loss_reason = static_cast<std::uint16_t>(code);
      return;
    }
    case Field::impression_ms:
      notice.impression_ms = std::max<std::int64_t>(read_integer(raw, base64, 0), 0);
      return;
  }
}

/// Calls on_parameter(name, value) for each, in order.
template <class OnParameter>
void each_parameter(std::string_view query, OnParameter&& on_parameter) {
  constexpr int kParametersMax = 64;
  for (int i = 0; i < kParametersMax && !query.empty(); ++i) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    const std::size_t equals = pair.find('=');
    on_parameter(pair.substr(0, equals),
                 equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1));
  }
}

/// The number of a percent-encoded id; 0 if it is empty, too long or badly encoded.
std::uint64_t read_item(std::string_view raw) noexcept {
  std::array<char, 256> text;
  std::size_t size = 0;
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (size == text.size()) return 0;
    char c = raw[i];
    if (c == '%') {
      const int high = i + 2 < raw.size() ? digit(raw[i + 1]) : -1;
      const int low = i + 2 < raw.size() ? digit(raw[i + 2]) : -1;
      if (high < 0 || low < 0) return 0;
      c = static_cast<char>(16 * high + low);
      i += 2;
    } else if (c == '+') {
      c = ' ';
    }
    text[size++] = c;
  }
  return domain::item_of({text.data(), size});
}

}  // namespace

void append_notice_url(std::string_view base_url, std::string_view token, NoticeKind kind,
                       MacroEncoding encoding, std::string& out, bool every_macro) {
  out.append(base_url);
  char separator = base_url.find('?') == std::string_view::npos ? '?' : '&';
  const auto separate = [&] {
    out.push_back(separator);
    separator = '&';
  };
  if (!token.empty()) {
    separate();
    out.append("t=");
    out.append(token);
  }
  if (encoding == MacroEncoding::base64) {
    separate();
    out.append("e=b64");
  }
  for (const Macro& macro : kMacros) {
    if (!every_macro && !asked(macro.field, kind)) continue;
    separate();
    out.append(macro.parameter);
    out.append("=${");
    out.append(macro.name);
    if (encoding == MacroEncoding::base64) out.append(":B64");
    out.push_back('}');
  }
}

Notice parse_notice(std::string_view query) noexcept {
  Notice notice;
  bool base64 = false;
  std::uint32_t seen = 0;
  each_parameter(query, [&](std::string_view name, std::string_view value) {
    base64 = base64 || (name == "e" && value == "b64");
  });
  each_parameter(query, [&](std::string_view name, std::string_view value) {
    if (name == "t" && notice.token.empty()) notice.token = value;
    if (name == "item" && notice.item == 0) notice.item = read_item(value);
    for (const Macro& macro : kMacros) {
      const std::uint32_t bit = 1u << static_cast<int>(macro.field);
      if (macro.parameter != name || (seen & bit) != 0) continue;
      seen |= bit;  // of equal names the first counts
      read_field(macro.field, value, base64, notice);
    }
  });
  return notice;
}

void settle_price(Notice& notice, base::Nanos bid, std::int32_t tolerance_e6) noexcept {
  using domain::PriceForm;
  switch (notice.price_form) {
    case PriceForm::price: {
      const __int128 most = static_cast<__int128>(bid.value) * (1'000'000 + tolerance_e6);
      if (static_cast<__int128>(notice.price.value) * 1'000'000 <= most) return;
      notice.price = bid;
      notice.price_form = PriceForm::above_bid;
      return;
    }
    case PriceForm::audit:
    case PriceForm::negative: notice.price = {}; return;
    case PriceForm::above_bid:
    case PriceForm::absent:
    case PriceForm::empty:
    case PriceForm::unresolved:
    case PriceForm::malformed: notice.price = bid; return;
  }
}

}  // namespace bandstand::protocol::openrtb
