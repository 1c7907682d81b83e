// exchange_account: the exchange's own books, kept apart from Bandstand's: what it will send an invoice for.
//
// 1. Exact: integers of nanos.
// 2. An impression is billed here when the exchange knows a clearing price for it and Bandstand has
// acknowledged its
//    billing notice (2xx). What is not acknowledged yet is listed apart; so are renders without a price
//    (AUDIT, or a macro left as it was).
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/money.h"

namespace bandstand::simulation {

struct AccountLine {
  std::uint64_t bids = 0, wins = 0;
  std::uint64_t billed = 0;   ///< impressions, acknowledged
  base::Nanos amount;         ///< of these
  std::uint64_t pending = 0;  ///< billing notices on their way, or refused and tried again
  base::Nanos pending_amount;
  std::uint64_t refused = 0;  ///< given up: answered 4xx, or too many attempts
  base::Nanos refused_amount;
  std::uint64_t unpriced = 0;    ///< acknowledged with ${AUCTION_PRICE} unresolved: outside the books
  base::Nanos unpriced_ceiling;  ///< their bids
  std::uint64_t audits = 0;      ///< quality renders and "test" auctions: never billed
  std::uint64_t clicks = 0, conversions = 0;  ///< acknowledged
  std::uint64_t bot_clicks = 0;
  AccountLine& operator+=(const AccountLine& other);
};

/// By campaign (cid as it came in the bids). Ordered, so that prints are stable.
class ExchangeAccount {
 public:
  AccountLine& line(const std::string& campaign) { return lines_[campaign]; }
  [[nodiscard]] const std::map<std::string, AccountLine>& lines() const { return lines_; }
  [[nodiscard]] AccountLine total() const;
  void merge(const ExchangeAccount& other);
  /// A table, amounts in whole units with all nine decimals.
  [[nodiscard]] std::string print() const;
  /// {"campaigns":{"100":{"billed":3,"amount_nanos":"7500000",...}},"total":{...}}; nanos as decimal strings.
  [[nodiscard]] std::string json() const;

 private:
  std::map<std::string, AccountLine> lines_;
};

}  // namespace bandstand::simulation
