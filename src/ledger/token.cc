// token: the payload's layout, signing and verifying.
#include "ledger/token.h"

#include <cstring>

namespace bandstand::ledger {
namespace {

constexpr std::uint8_t kTokenVersion = 1;
constexpr std::size_t kMacBytes = 16;
constexpr std::size_t kPayloadChars = (kTokenBytes * 4 + 2) / 3;
constexpr std::size_t kMacChars = (kMacBytes * 4 + 2) / 3;
static_assert(kPayloadChars + 1 + kMacChars == kTokenChars);

using Payload = std::array<std::uint8_t, kTokenBytes>;

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

Payload encode(const Token& token, std::uint8_t key_id) {
  BANDSTAND_CHECK(token.price_max.value >= 0 && token.price_max.value < std::int64_t{1} << 40);
  BANDSTAND_CHECK(token.day.value <= 0xffff && token.lives_s < 1u << 24 && token.bid_time.ns >= 0);
  Payload payload;
  Cursor to(payload.data());
  to.put(kTokenVersion, 1);
  to.put(key_id, 1);
  to.put(static_cast<std::uint64_t>(token.kind), 1);
  to.put(token.flags, 1);
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
  return payload;
}

Token decode(Payload& payload) {
  Cursor from(payload.data() + 2);
  Token token;
  token.kind = static_cast<TokenKind>(from.get(1));
  token.flags = static_cast<std::uint8_t>(from.get(1));
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

std::string_view view(const Payload& payload) {
  return {reinterpret_cast<const char*>(payload.data()), payload.size()};
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

std::string_view TokenSigner::sign(const Token& token, std::span<char, kTokenChars> out) const noexcept {
  const LiveKey& key = keys_.front();
  const Payload payload = encode(token, key.id);
  const base::Sha256 mac = key.hmac.sign(view(payload));
  base::base64url_encode(payload, out.data());
  out[kPayloadChars] = '.';
  base::base64url_encode(std::span(mac).first<kMacBytes>(), out.data() + kPayloadChars + 1);
  return {out.data(), out.size()};
}

base::Result<Token> TokenSigner::verify(std::string_view text, base::WallTime now) const noexcept {
  Payload payload;
  std::array<std::uint8_t, kMacBytes> mac;
  if (text.size() != kTokenChars || text[kPayloadChars] != '.' ||
      base::base64url_decode(text.substr(0, kPayloadChars), payload) != payload.size() ||
      base::base64url_decode(text.substr(kPayloadChars + 1), mac) != mac.size()) {
    return base::fail(base::Code::invalid_input, "not a token");
  }
  const LiveKey* signer = nullptr;
  for (const LiveKey& key : keys_) {
    if (key.id == payload[1]) signer = &key;
  }
  if (signer == nullptr || !signer->hmac.verify128(view(payload), mac))
    return base::fail(base::Code::forbidden, "token signature");
  // Signed by us, so these can fail only after an upgrade was rolled back.
  if (payload[0] != kTokenVersion) return base::fail(base::Code::invalid_input, "token version");
  const Token token = decode(payload);
  if (token.kind < TokenKind::win || token.kind > TokenKind::conversion)
    return base::fail(base::Code::invalid_input, "token kind");
  if (now >= token.expires()) return base::fail(base::Code::deadline, "token expired");
  return token;
}

}  // namespace bandstand::ledger
