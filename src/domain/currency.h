// currency: exchange rates as integers, so that a converted floor is exact and the same on every machine.
#pragma once

#include <cstdint>
#include <span>

#include "base/money.h"
#include "base/result.h"
#include "domain/auction.h"
#include "domain/vocabulary.h"

namespace bandstand::domain {

/// One unit of `currency` is worth this many nanos of a US dollar.
struct FxRate {
  std::uint64_t currency = pack8("USD");
  std::int64_t usd_nanos = base::kNanosPerUnit;
};

/// Converts and rounds up (a floor must not shrink). Errors: `not_found` if either currency has no rate (USD always has).
[[nodiscard]] inline base::Result<Nanos> convert_ceil(Nanos amount, std::uint64_t from, std::uint64_t to,
                                                      std::span<const FxRate> rates) noexcept {
  if (from == to || amount.is_zero()) return amount;
  const auto rate_of = [&](std::uint64_t currency) -> std::int64_t {
    if (currency == pack8("USD")) return base::kNanosPerUnit;
    for (const FxRate& rate : rates) {
      if (rate.currency == currency) return rate.usd_nanos;
    }
    return 0;
  };
  const std::int64_t a = rate_of(from);
  const std::int64_t b = rate_of(to);
  if (a <= 0 || b <= 0) return base::fail(base::Code::not_found, "no exchange rate for this currency");
  const __int128 converted = (static_cast<__int128>(amount.value) * a + b - 1) / b;
  if (converted > INT64_MAX) return base::fail(base::Code::invalid_input, "converted price is too large");
  return Nanos{static_cast<std::int64_t>(converted)};
}

}  // namespace bandstand::domain
