// token: what we sign into URLs, so that any node can settle a bid, also one that has lost its memory.
//
// Text form: base64url(head, 60 bytes; kind; flags; tag, 16 bytes); 104 characters. The head is what the five or six
// tokens of a bid share, and is signed once: key of the bid = HMAC-SHA-256(secret, head); tag = the first 128 bits of
// SHA-256(key of the bid, kind, flags). The second step hashes one block of a fixed length, so that there is nothing to
// extend: a pseudo-random function of a pseudo-random key. The exchange's price is not in it (it is filled in later) and
// is therefore clamped to the signed maximum.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/ids.h"
#include "base/money.h"
#include "base/result.h"
#include "ledger/command.h"

namespace bandstand::ledger {

/// What the URL with this token reports.
enum class TokenKind : std::uint8_t { win = 1, bill, loss, impression, view, click, conversion };

/// The signed facts of a bid. The node that holds the lease is `bid.node()`.
struct Token {
  static constexpr std::uint8_t kTestTraffic = 1;  ///< OpenRTB `test`: no money, no learning
  static constexpr std::uint8_t kSuspicious = 2;   ///< fraud agent's mark at bid time: no money, no learning
  static constexpr std::uint8_t kBills = 4;  ///< this event makes money move (`bill_on` of the exchange)

  TokenKind kind = TokenKind::win;
  std::uint8_t flags = 0;
  ExchangeId exchange;
  base::CampaignId campaign;
  base::LineItemId line_item;
  base::CreativeId creative;
  base::LeaseId lease;
  base::BidId bid;
  base::Nanos price_max;                           ///< 0 .. 2^40 - 1
  std::array<char, 3> currency = {'U', 'S', 'D'};  ///< ISO 4217
  BudgetDay day;                                   ///< 0 .. 65535: until 2149
  base::WallTime bid_time;                         ///< kept to the millisecond
  std::uint32_t lives_s = 0;  ///< expires at bid_time + this; at most 2^24 - 1 (194 days)
  friend bool operator==(const Token&, const Token&) = default;

  [[nodiscard]] base::WallTime expires() const { return bid_time + std::chrono::seconds(lives_s); }
  /// The ledger's command for a win, bill or loss at this price.
  [[nodiscard]] Command command(CommandKind as, base::Nanos price) const;
};

inline constexpr std::size_t kTokenHeadBytes = 60;
inline constexpr std::size_t kTokenHeadChars = 80;
inline constexpr std::size_t kTokenBytes = kTokenHeadBytes + 2 + 16;
inline constexpr std::size_t kTokenChars = 104;

/// A signing key; ids are chosen by the operator, so that an old key lives on while its tokens do.
struct TokenKey {
  std::uint8_t id = 0;
  std::string secret;  ///< at least 16 bytes
};

/// The tokens of one bid.
class BidTokens {
 public:
  /// Writes kTokenChars characters. No allocation; about 0.15 us.
  std::string_view sign(TokenKind kind, std::uint8_t flags, std::span<char, kTokenChars> out) const noexcept;

 private:
  friend class TokenSigner;
  base::Sha256 key_;
  std::array<char, kTokenHeadChars> head_;
};

/// Signs with the first of at most two keys and accepts both. Copyable; one per shard.
class TokenSigner {
 public:
  /// Errors: `invalid_input` for no key, more than two, twice the same id, or a short secret.
  static base::Result<TokenSigner> make(std::span<const TokenKey> keys);

  /// What the tokens of a bid share: all of `facts` but kind and flags. About 0.6 us.
  [[nodiscard]] BidTokens prepare(const Token& facts) const noexcept;
  /// prepare() and one sign().
  std::string_view sign(const Token& token, std::span<char, kTokenChars> out) const noexcept;

  /// Reads a token. Errors: `invalid_input` it has not the form of a token; `forbidden` its signature does
  /// not fit (forged, altered, or by a retired key); `deadline` it has expired. All three are answered 403;
  /// metrics tell them apart.
  [[nodiscard]] base::Result<Token> verify(std::string_view text, base::WallTime now) const noexcept;

 private:
  struct LiveKey {
    std::uint8_t id;
    base::Hmac hmac;
  };
  explicit TokenSigner(std::vector<LiveKey> keys) : keys_(std::move(keys)) {}
  std::vector<LiveKey> keys_;
};

}  // namespace bandstand::ledger
