// token: the payload's layout, signing and verifying.
#include "ledger/token.h"

#include <algorithm>

namespace bandstand::ledger {
namespace {

constexpr std::uint8_t kTokenVersion = 2;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kTailBytes = 2 + kTagBytes;
static_assert(kTokenHeadBytes % 3 == 0);  // so that the head's characters do not depend on the tail
static_assert((kTokenHeadBytes + kTailBytes) * 4 == kTokenChars * 3);

using Head = std::array<std::uint8_t, kTokenHeadBytes>;

/// Little-endian fields, one after the other.
class Cursor {
 public:
  explicit Cursor(std::uint8_t* at) : at_(at) {}
  void put(std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) *at_++ = static_cast<std::uint8_t>(value >> (8 * i));
  }
  std::uint64_t get(std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value |= std::uint64_t{*at_++} << (8 * i);
    return value;
  }

 private:
  std::uint8_t* at_;
};

std::uint64_t pack_currency(const std::array<char, 3>& code) {
  std::uint64_t packed = 0;
  for (const char c : code) packed = packed << 5 | (static_cast<std::uint64_t>(c) & 31);
  return packed;
}

std::array<char, 3> unpack_currency(std::uint64_t packed) {
  return {static_cast<char>('@' + (packed >> 10 & 31)), static_cast<char>('@' + (packed >> 5 & 31)),
          static_cast<char>('@' + (packed & 31))};
}

Head encode(const Token& token, std::uint8_t key_id) {
  BANDSTAND_CHECK(token.price_max.value >= 0 && token.price_max.value < std::int64_t{1} << 40);
  BANDSTAND_CHECK(token.day.value <= 0xffff && token.lives_s < 1u << 24 && token.bid_time.ns >= 0);
  Head head;
  Cursor to(head.data());
  to.put(kTokenVersion, 1);
  to.put(key_id, 1);
  to.put(0, 2);  // reserved
  to.put(token.exchange.value, 2);
  to.put(token.campaign.value, 4);
  to.put(token.line_item.value, 4);
  to.put(token.creative.value, 4);
  to.put(token.lease.value, 8);
  to.put(token.bid.hi, 8);
  to.put(token.bid.lo, 8);
  to.put(static_cast<std::uint64_t>(token.price_max.value), 5);
  to.put(pack_currency(token.currency), 2);
  to.put(token.day.value, 2);
  to.put(static_cast<std::uint64_t>(token.bid_time.millis()), 6);
  to.put(token.lives_s, 3);
  return head;
}

/// From the bytes of a whole token.
Token decode(std::array<std::uint8_t, kTokenBytes>& bytes) {
  Cursor from(bytes.data() + 4);
  Token token;
  token.kind = static_cast<TokenKind>(bytes[kTokenHeadBytes]);
  token.flags = bytes[kTokenHeadBytes + 1];
  token.exchange = {static_cast<std::uint16_t>(from.get(2))};
  token.campaign = {static_cast<std::uint32_t>(from.get(4))};
  token.line_item = {static_cast<std::uint32_t>(from.get(4))};
  token.creative = {static_cast<std::uint32_t>(from.get(4))};
  token.lease = {from.get(8)};
  token.bid.hi = from.get(8);
  token.bid.lo = from.get(8);
  token.price_max = {static_cast<std::int64_t>(from.get(5))};
  token.currency = unpack_currency(from.get(2));
  token.day = {static_cast<std::uint32_t>(from.get(2))};
  token.bid_time = {static_cast<std::int64_t>(from.get(6)) * 1'000'000};
  token.lives_s = static_cast<std::uint32_t>(from.get(3));
  return token;
}

std::string_view view(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Only the first kTagBytes of it are used.
base::Sha256 tag_of(const base::Sha256& bid_key, std::uint8_t kind, std::uint8_t flags) {
  std::array<std::uint8_t, sizeof(base::Sha256) + 2> block;
  std::copy(bid_key.begin(), bid_key.end(), block.begin());
  block[sizeof(base::Sha256)] = kind;
  block[sizeof(base::Sha256) + 1] = flags;
  return base::sha256(view(block));
}

}  // namespace

Command Token::command(CommandKind as, base::Nanos price) const {
  Command command;
  command.kind = as;
  command.test_traffic = (flags & (kTestTraffic | kSuspicious)) != 0;
  command.exchange = exchange;
  command.node = bid.node();
  command.campaign = campaign;
  command.day = day;
  command.lease = lease;
  command.bid = bid;
  command.price = price;
  command.price_max = price_max;
  command.bid_time = bid_time;
  return command;
}

base::Result<TokenSigner> TokenSigner::make(std::span<const TokenKey> keys) {
  if (keys.empty() || keys.size() > 2)
    return base::fail(base::Code::invalid_input, "one or two token keys are needed");
  if (keys.size() == 2 && keys[0].id == keys[1].id)
    return base::fail(base::Code::invalid_input, "two token keys with one id");
  std::vector<LiveKey> live;
  for (const TokenKey& key : keys) {
    if (key.secret.size() < 16)
      return base::fail(base::Code::invalid_input, "a token key has at least 16 bytes");
    live.push_back({key.id, base::Hmac(key.secret)});
  }
  return TokenSigner(std::move(live));
}

std::string_view BidTokens::sign(TokenKind kind, std::uint8_t flags,
                                 std::span<char, kTokenChars> out) const noexcept {
  std::array<std::uint8_t, kTailBytes> tail;
  tail[0] = static_cast<std::uint8_t>(kind);
  tail[1] = flags;
  const base::Sha256 tag = tag_of(key_, tail[0], flags);
  std::copy_n(tag.begin(), kTagBytes, tail.begin() + 2);
  std::copy(head_.begin(), head_.end(), out.begin());
  base::base64url_encode(tail, out.data() + kTokenHeadChars);
  return {out.data(), out.size()};
}

BidTokens TokenSigner::prepare(const Token& facts) const noexcept {
  const LiveKey& key = keys_.front();
  const Head head = encode(facts, key.id);
  BidTokens tokens;
  tokens.key_ = key.hmac.sign(view(head));
  base::base64url_encode(head, tokens.head_.data());
  return tokens;
}

std::string_view TokenSigner::sign(const Token& token, std::span<char, kTokenChars> out) const noexcept {
  return prepare(token).sign(token.kind, token.flags, out);
}

base::Result<Token> TokenSigner::verify(std::string_view text, base::WallTime now) const noexcept {
  std::array<std::uint8_t, kTokenBytes> bytes;
  if (text.size() != kTokenChars || base::base64url_decode(text, bytes) != bytes.size())
    return base::fail(base::Code::invalid_input, "not a token");
  const LiveKey* signer = nullptr;
  for (const LiveKey& key : keys_) {
    if (key.id == bytes[1]) signer = &key;
  }
  if (signer == nullptr) return base::fail(base::Code::forbidden, "token signature");
  const auto whole = std::span(bytes);
  const base::Sha256 bid_key = signer->hmac.sign(view(whole.first<kTokenHeadBytes>()));
  const base::Sha256 tag = tag_of(bid_key, bytes[kTokenHeadBytes], bytes[kTokenHeadBytes + 1]);
  if (!base::equal_in_constant_time(std::span(tag).first<kTagBytes>(), whole.last<kTagBytes>()))
    return base::fail(base::Code::forbidden, "token signature");
  // Signed by us, so these can fail only after an upgrade was rolled back.
  if (bytes[0] != kTokenVersion) return base::fail(base::Code::invalid_input, "token version");
  const Token token = decode(bytes);
  if (token.kind < TokenKind::win || token.kind > TokenKind::conversion)
    return base::fail(base::Code::invalid_input, "token kind");
  if (now >= token.expires()) return base::fail(base::Code::deadline, "token expired");
  return token;
}

}  // namespace bandstand::ledger
