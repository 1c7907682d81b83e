// money: amounts as 64-bit integers of nanos; text in and out without floating point.
//
// 1. One nano is 1e-9 of the account's currency. A CPM price of 1.234567 is 1,234,567 nanos for one
//    impression exactly, since 1 CPM-micro = 1 nano per impression; so one type serves prices and balances.
// 2. Every sum is checked: overflow is a bug (CHECK), never a wrap.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/result.h"

namespace bandstand::base {

/// An amount of money. Range +-9.22 billion units of currency.
struct Nanos {
  std::int64_t value = 0;

  friend constexpr auto operator<=>(const Nanos&, const Nanos&) = default;

  friend constexpr Nanos operator+(Nanos a, Nanos b) {
    Nanos sum;
    BANDSTAND_CHECK(!__builtin_add_overflow(a.value, b.value, &sum.value));
    return sum;
  }
  friend constexpr Nanos operator-(Nanos a, Nanos b) {
    Nanos difference;
    BANDSTAND_CHECK(!__builtin_sub_overflow(a.value, b.value, &difference.value));
    return difference;
  }
  friend constexpr Nanos operator*(Nanos a, std::int64_t times) {
    Nanos product;
    BANDSTAND_CHECK(!__builtin_mul_overflow(a.value, times, &product.value));
    return product;
  }
  constexpr Nanos& operator+=(Nanos other) { return *this = *this + other; }
  constexpr Nanos& operator-=(Nanos other) { return *this = *this - other; }
  [[nodiscard]] constexpr bool is_zero() const { return value == 0; }
};

inline constexpr std::int64_t kNanosPerUnit = 1'000'000'000;

/// Largest CPM that is accepted from outside: 10,000.000000.
inline constexpr Nanos kCpmMax{10'000'000'000};

/// A CPM price from the text of a JSON number, as nanos per impression. Accepts digits, an optional fraction and an
/// exponent of at most two digits ("1e-2"); more than 6 fraction digits are rounded half to even.
/// Errors: `invalid_input` for a sign, hex, NaN, infinity, an empty text, or more than kCpmMax. Never goes
/// through floating point. Cost: about 10 ns.
Result<Nanos> parse_cpm(std::string_view text) noexcept;

/// Writes a CPM price as plain decimals, at most 6 after the point, no exponent ("1.5", "0.000001").
/// `out` holds at least 24 bytes. Returns the number of bytes.
std::size_t format_cpm(Nanos price, char* out) noexcept;
std::string format_cpm(Nanos price);

/// An amount in whole units from decimal text ("1500", "0.25"), at most 9 fraction digits, for catalogues and
/// flags. A leading minus is accepted. Errors: `invalid_input`.
Result<Nanos> parse_amount(std::string_view text) noexcept;

/// An amount as decimals with at least two after the point ("1500.00", "0.123456789").
std::string format_amount(Nanos amount);

}  // namespace bandstand::base
