// exchange_response: reads a bid response as an exchange does: what it needs, tolerant of the rest.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"

namespace bandstand::simulation {

struct ReadBid {
  std::string id, imp_id, ad_id, creative_id, campaign_id, deal_id, seat;
  std::string win_url, billing_url, loss_url, markup, conversion_url;
  std::string domain, category;  ///< the first of each
  base::Nanos price{-1};         ///< -1: missing or malformed
  std::int32_t type = 0, w = 0, h = 0;
  void clear();
};

/// Valid until the next read; strings keep their memory from one response to the next.
struct ReadResponse {
  std::string id, bid_id, currency;
  std::int32_t no_bid_reason = -1;
  std::size_t bids = 0;
  std::vector<ReadBid> bid;  ///< the first `bids` count
};

class ResponseReader {
 public:
  ResponseReader();
  ~ResponseReader();
  /// False if it is not a JSON object. Prices are read from their text. About 1 us per KB.
  bool read(std::string_view body, ReadResponse& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bandstand::simulation
