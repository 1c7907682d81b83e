// bid_links: the signed URLs of one bid, each written once, into the request's arena.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "ledger/token.h"

namespace bandstand::serving {

/// Lives as long as one bid is being answered. No allocation beyond the arena; about 0.2 us a link.
class BidLinks {
 public:
  /// `flags` of the token that all links share (test traffic, suspicious).
  BidLinks(const ledger::BidTokens& tokens, std::uint8_t flags, std::string_view public_url, base::Arena& arena)
      : tokens_(tokens), flags_(flags), public_url_(public_url), arena_(arena) {}

  /// "<public url>/n/v1/<token><query>". `bills`: this notice makes money move.
  [[nodiscard]] std::string_view notice(ledger::TokenKind kind, bool bills, std::string_view query) const {
    return make("/n/v1/", kind, bills, query);
  }
  /// "<public url>/e/v1/<token><query>".
  [[nodiscard]] std::string_view event(ledger::TokenKind kind, bool bills = false, std::string_view query = {}) const {
    return make("/e/v1/", kind, bills, query);
  }

 private:
  [[nodiscard]] std::string_view make(std::string_view path, ledger::TokenKind kind, bool bills,
                                      std::string_view query) const;

  const ledger::BidTokens& tokens_;
  std::uint8_t flags_;
  std::string_view public_url_;
  base::Arena& arena_;
};

}  // namespace bandstand::serving
