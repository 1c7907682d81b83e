// money: decimal text to nanos and back, digit by digit.
#include "base/money.h"

#include <charconv>
#include <cstring>

namespace bandstand::base {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Splits "123.456e-2" into its digits and the power of ten of the last one.
struct Decimal {
  char digits[64];
  int count = 0;
  int exponent = 0;  ///< value = digits * 10^exponent
  bool sticky = false;  ///< non-zero digits were dropped past the 64th
};

Result<Decimal> scan(std::string_view text) noexcept {
  Decimal out;
  std::size_t i = 0;
  bool seen_point = false;
  bool seen_digit = false;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.') {
      if (seen_point || !seen_digit) return fail(Code::invalid_input, "price: misplaced point");
      seen_point = true;
      continue;
    }
    if (!is_digit(c)) break;
    seen_digit = true;
    if (out.count == 0 && c == '0') {
      out.exponent -= seen_point ? 1 : 0;
      continue;
    }
    if (out.count < 64) {
      out.digits[out.count++] = c;
      out.exponent -= seen_point ? 1 : 0;
    } else {
      out.sticky = out.sticky || c != '0';
      out.exponent += seen_point ? 0 : 1;
    }
  }
  if (!seen_digit || (seen_point && !is_digit(text[i - 1]))) {
    return fail(Code::invalid_input, "price: no digits");
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    int sign = 1;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) sign = text[i++] == '-' ? -1 : 1;
    int power = 0;
    int digits = 0;
    for (; i < text.size() && is_digit(text[i]); ++i, ++digits) power = power * 10 + (text[i] - '0');
    if (digits == 0 || digits > 2) return fail(Code::invalid_input, "price: exponent out of range");
    out.exponent += sign * power;
  }
  if (i != text.size()) return fail(Code::invalid_input, "price: not a decimal number");
  return out;
}

/// digits * 10^exponent * 10^scale, rounded half to even; error above `max`.
Result<Nanos> scaled(const Decimal& decimal, int scale, std::int64_t max) noexcept {
  const int shift = decimal.exponent + scale;
  const int kept = decimal.count + (shift < 0 ? shift : 0);
  std::int64_t value = 0;
  for (int i = 0; i < kept; ++i) {
    if (value > max / 10) return fail(Code::invalid_input, "price: too large");
    value = value * 10 + (decimal.digits[i] - '0');
  }
  for (int i = 0; i < shift && value != 0; ++i) {
    if (value > max / 10) return fail(Code::invalid_input, "price: too large");
    value *= 10;
  }
  if (shift < 0 && kept >= 0 && kept < decimal.count) {
    bool rest = decimal.sticky;
    for (int i = kept + 1; i < decimal.count; ++i) rest = rest || decimal.digits[i] != '0';
    const int digit = decimal.digits[kept] - '0';
    if (digit > 5 || (digit == 5 && (rest || (value & 1) != 0))) ++value;
  }
  if (value > max) return fail(Code::invalid_input, "price: too large");
  return Nanos{value};
}

std::size_t format_scaled(std::int64_t value, int scale, int decimals_min, char* out) noexcept {
  char* p = out;
  std::uint64_t magnitude = static_cast<std::uint64_t>(value);
  if (value < 0) {
    *p++ = '-';
    magnitude = ~magnitude + 1;
  }
  std::uint64_t unit = 1;
  for (int i = 0; i < scale; ++i) unit *= 10;
  p = std::to_chars(p, p + 20, magnitude / unit).ptr;
  std::uint64_t rest = magnitude % unit;
  if (rest != 0 || decimals_min > 0) {
    *p++ = '.';
    int written = 0;
    for (; written < scale && (rest != 0 || written < decimals_min); ++written) {
      unit /= 10;
      *p++ = static_cast<char>('0' + rest / unit);
      rest %= unit;
    }
  }
  return static_cast<std::size_t>(p - out);
}

}  // namespace

Result<Nanos> parse_cpm(std::string_view text) noexcept {
  BANDSTAND_TRY(decimal, scan(text));
  return scaled(decimal, 6, kCpmMax.value);
}

std::size_t format_cpm(Nanos price, char* out) noexcept { return format_scaled(price.value, 6, 0, out); }

std::string format_cpm(Nanos price) {
  char buffer[32];
  return {buffer, format_cpm(price, buffer)};
}

Result<Nanos> parse_amount(std::string_view text) noexcept {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  BANDSTAND_TRY(decimal, scan(text));
  if (decimal.exponent < -9) return fail(Code::invalid_input, "amount: more than 9 decimals");
  BANDSTAND_TRY(amount, scaled(decimal, 9, INT64_MAX / 2));
  return Nanos{negative ? -amount.value : amount.value};
}

std::string format_amount(Nanos amount) {
  char buffer[40];
  return {buffer, format_scaled(amount.value, 9, 2, buffer)};
}

}  // namespace bandstand::base
