// token_test: a token says what was signed, and nothing that was altered is believed.
#include "ledger/token.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"

namespace bandstand::ledger {
namespace {

const TokenKey kKey{1, "0123456789abcdef0123"};
const TokenKey kOther{2, "another secret, 20 by"};
constexpr base::WallTime kBidTime{1'700'000'000'123'000'000};

Token random_token(base::Rng& rng) {
  Token token;
  token.kind = static_cast<TokenKind>(1 + rng.below(7));
  token.flags = static_cast<std::uint8_t>(rng.below(8));
  token.exchange = {static_cast<std::uint16_t>(rng.next())};
  token.campaign = {static_cast<std::uint32_t>(rng.next())};
  token.line_item = {static_cast<std::uint32_t>(rng.next())};
  token.creative = {static_cast<std::uint32_t>(rng.next())};
  token.lease = {rng.next()};
  token.bid = {rng.next(), rng.next()};
  token.price_max = {static_cast<std::int64_t>(rng.below(std::uint64_t{1} << 40))};
  token.currency = {'E', 'U', 'R'};
  token.day = {static_cast<std::uint32_t>(rng.below(65536))};
  token.bid_time = kBidTime;
  token.lives_s = static_cast<std::uint32_t>(1 + rng.below((1u << 24) - 1));
  return token;
}

TokenSigner signer_of(std::initializer_list<TokenKey> keys) {
  auto signer = TokenSigner::make(std::vector<TokenKey>(keys));
  EXPECT_TRUE(signer.has_value());
  return *signer;
}

TEST(Token, ReadsBackWhatWasSigned) {
  const TokenSigner signer = signer_of({kKey});
  base::Rng rng(1);
  for (int i = 0; i < 2000; ++i) {
    const Token token = random_token(rng);
    std::array<char, kTokenChars> text;
    const auto read = signer.verify(signer.sign(token, text), kBidTime);
    ASSERT_TRUE(read.has_value());
    ASSERT_EQ(*read, token);
    for (const char c : text) ASSERT_TRUE(std::isalnum(c) || c == '-' || c == '_');
  }
}

TEST(Token, OfOneBidIsTheSameWhetherPreparedOnceOrEachTime) {
  const TokenSigner signer = signer_of({kKey});
  base::Rng rng(7);
  Token token = random_token(rng);
  const BidTokens tokens = signer.prepare(token);
  for (int kind = 1; kind <= 7; ++kind) {
    token.kind = static_cast<TokenKind>(kind);
    token.flags = static_cast<std::uint8_t>(kind % 3);
    std::array<char, kTokenChars> prepared, whole;
    EXPECT_EQ(tokens.sign(token.kind, token.flags, prepared), signer.sign(token, whole));
  }
}

TEST(Token, RefusesTheTagOfAnotherKindOrOtherFlags) {
  // A loss notice must not become a bill by carrying the loss's tag.
  const TokenSigner signer = signer_of({kKey});
  base::Rng rng(8);
  const BidTokens tokens = signer.prepare(random_token(rng));
  std::array<char, kTokenChars> loss, bill;
  tokens.sign(TokenKind::loss, 0, loss);
  tokens.sign(TokenKind::bill, Token::kBills, bill);
  std::array<std::uint8_t, kTokenBytes> mixed, other;
  base::base64url_decode({loss.data(), loss.size()}, mixed);
  base::base64url_decode({bill.data(), bill.size()}, other);
  std::copy_n(other.begin() + kTokenHeadBytes, 2, mixed.begin() + kTokenHeadBytes);
  std::array<char, kTokenChars> text;
  base::base64url_encode(mixed, text.data());
  EXPECT_EQ(signer.verify({text.data(), text.size()}, kBidTime).error().code, base::Code::forbidden);
}

TEST(Token, RefusesEveryOneOfAHundredAndFiftyThousandMutations) {
  const TokenSigner signer = signer_of({kKey, kOther});
  base::Rng rng(2);
  std::uint64_t malformed = 0;
  std::uint64_t forged = 0;
  for (int i = 0; i < 150'000; ++i) {
    std::array<char, kTokenChars> text;
    signer.sign(random_token(rng), text);
    const auto before = text;
    const std::uint64_t changes = 1 + rng.below(3);
    for (std::uint64_t n = 0; n < changes; ++n) {
      // Half of the time within the alphabet, so that the form still holds.
      static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
      text[rng.below(text.size())] =
          rng.chance(0.5) ? kAlphabet[rng.below(64)] : static_cast<char>(rng.next());
    }
    if (text == before) continue;
    const auto read = signer.verify({text.data(), text.size()}, kBidTime);
    ASSERT_FALSE(read.has_value());
    if (read.error().code == base::Code::invalid_input) ++malformed;
    if (read.error().code == base::Code::forbidden) ++forged;
  }
  EXPECT_GT(malformed, 10'000u);
  EXPECT_GT(forged, 10'000u);
}

TEST(Token, RefusesEverySingleBitFlipAndEveryOtherLength) {
  const TokenSigner signer = signer_of({kKey});
  base::Rng rng(3);
  std::array<char, kTokenChars> text;
  signer.sign(random_token(rng), text);
  const std::string whole(text.begin(), text.end());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string altered = whole;
      altered[at] = static_cast<char>(altered[at] ^ (1 << bit));
      ASSERT_FALSE(signer.verify(altered, kBidTime).has_value()) << at << " " << bit;
    }
    ASSERT_FALSE(signer.verify(whole.substr(0, at), kBidTime).has_value());
  }
  EXPECT_FALSE(signer.verify(whole + "A", kBidTime).has_value());
  EXPECT_FALSE(signer.verify("", kBidTime).has_value());
}

TEST(Token, TellsForgedFromExpiredFromMalformed) {
  const TokenSigner signer = signer_of({kKey});
  Token token;
  token.bid_time = kBidTime;
  token.lives_s = 60;
  std::array<char, kTokenChars> text;
  const std::string_view signed_text = signer.sign(token, text);
  EXPECT_TRUE(signer.verify(signed_text, kBidTime + std::chrono::seconds(59)).has_value());
  EXPECT_EQ(signer.verify(signed_text, kBidTime + std::chrono::seconds(60)).error().code,
            base::Code::deadline);
  EXPECT_EQ(signer.verify("n/v1", kBidTime).error().code, base::Code::invalid_input);
  const TokenSigner stranger = signer_of({{1, "the same id, another secret"}});
  EXPECT_EQ(stranger.verify(signed_text, kBidTime).error().code, base::Code::forbidden);
}

TEST(Token, LivesOnUnderAnOldKeyUntilThatIsRetired) {
  const TokenSigner before = signer_of({kKey});
  const TokenSigner rotated = signer_of({kOther, kKey});
  const TokenSigner after = signer_of({kOther});
  Token token;
  token.bid_time = kBidTime;
  token.lives_s = 60;
  std::array<char, kTokenChars> text;
  const std::string old(before.sign(token, text));
  EXPECT_TRUE(rotated.verify(old, kBidTime).has_value());
  EXPECT_EQ(after.verify(old, kBidTime).error().code, base::Code::forbidden);
  EXPECT_TRUE(after.verify(rotated.sign(token, text), kBidTime).has_value());
}

TEST(Token, RefusesToSignWithWeakOrAmbiguousKeys) {
  const auto code = [](std::vector<TokenKey> keys) { return TokenSigner::make(keys).error().code; };
  EXPECT_EQ(code({}), base::Code::invalid_input);
  EXPECT_EQ(code({{1, "short"}}), base::Code::invalid_input);
  EXPECT_EQ(code({kKey, {1, "a second key with the same id"}}), base::Code::invalid_input);
  EXPECT_EQ(code({kKey, kOther, {3, "a third key is one too many"}}), base::Code::invalid_input);
}

TEST(Token, RefusesAVersionAndAKindThatItDoesNotKnow) {
  // Signed with our key, as a newer release might have done before it was rolled back.
  const TokenSigner signer = signer_of({kKey});
  const base::Hmac hmac(kKey.secret);
  const auto forge = [&](std::size_t at, std::uint8_t value) {
    Token token;
    token.bid_time = kBidTime;
    token.lives_s = 60;
    std::array<char, kTokenChars> text;
    signer.sign(token, text);
    std::array<std::uint8_t, kTokenBytes> bytes;
    base::base64url_decode({text.data(), text.size()}, bytes);
    bytes[at] = value;
    const auto text_of = [](std::span<const std::uint8_t> part) {
      return std::string(reinterpret_cast<const char*>(part.data()), part.size());
    };
    const auto whole = std::span(bytes);
    const base::Sha256 key = hmac.sign(text_of(whole.first<kTokenHeadBytes>()));
    const base::Sha256 tag = base::sha256(text_of(key) + text_of(whole.subspan<kTokenHeadBytes, 2>()));
    std::copy_n(tag.begin(), 16, bytes.end() - 16);
    base::base64url_encode(bytes, text.data());
    return signer.verify({text.data(), text.size()}, kBidTime);
  };
  EXPECT_TRUE(forge(kTokenHeadBytes + 1, 1).has_value());
  EXPECT_EQ(forge(0, 9).error().code, base::Code::invalid_input);
  EXPECT_EQ(forge(kTokenHeadBytes, 0).error().code, base::Code::invalid_input);
  EXPECT_EQ(forge(kTokenHeadBytes, 8).error().code, base::Code::invalid_input);
}

TEST(Token, BecomesTheLedgersCommand) {
  base::Rng rng(4);
  Token token = random_token(rng);
  token.flags = Token::kBills;
  const Command command = token.command(CommandKind::bill, {77});
  EXPECT_EQ(command.kind, CommandKind::bill);
  EXPECT_EQ(command.bid, token.bid);
  EXPECT_EQ(command.lease, token.lease);
  EXPECT_EQ(command.campaign, token.campaign);
  EXPECT_EQ(command.day, token.day);
  EXPECT_EQ(command.price, base::Nanos{77});
  EXPECT_EQ(command.price_max, token.price_max);
  EXPECT_EQ(command.bid_time, token.bid_time);
  EXPECT_EQ(command.exchange, token.exchange);
  EXPECT_EQ(command.node, token.bid.node());
  EXPECT_FALSE(command.test_traffic);
  token.flags = Token::kTestTraffic;
  EXPECT_TRUE(token.command(CommandKind::bill, {77}).test_traffic);
  token.flags = Token::kSuspicious;
  EXPECT_TRUE(token.command(CommandKind::bill, {77}).test_traffic);
}

}  // namespace
}  // namespace bandstand::ledger
