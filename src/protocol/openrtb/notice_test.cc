// notice_test: every way in which an exchange fills in a macro.
#include "protocol/openrtb/notice.h"

#include <gtest/gtest.h>

#include <string>

#include "domain/item.h"

namespace bandstand::protocol::openrtb {
namespace {

using domain::PriceForm;

TEST(NoticeUrl, CarriesTheMacrosOfItsKind) {
  std::string url;
  append_notice_url("https://n.example/win", "TOKEN", NoticeKind::win, MacroEncoding::plain, url);
  EXPECT_EQ(
      url,
      "https://n.example/win?t=TOKEN&p=${AUCTION_PRICE}&c=${AUCTION_CURRENCY}&w=${AUCTION_MIN_TO_WIN}"
      "&x=${AUCTION_MULTIPLIER}&ts=${AUCTION_IMP_TS}&dp=${AUCTION_DISCOUNT_PCT}&dc=${AUCTION_DISCOUNT_CPM}");
  url.clear();
  append_notice_url("https://n.example/x?k=loss", "T", NoticeKind::loss, MacroEncoding::base64, url);
  EXPECT_EQ(url,
            "https://n.example/"
            "x?k=loss&t=T&e=b64&p=${AUCTION_PRICE:B64}&c=${AUCTION_CURRENCY:B64}&l=${AUCTION_LOSS:B64}"
            "&w=${AUCTION_MIN_TO_WIN:B64}");
}

TEST(NoticeUrl, CarriesAllFourteenMacrosOnRequest) {
  std::string url;
  append_notice_url("https://n.example/win", "T", NoticeKind::win, MacroEncoding::plain, url, true);
  std::size_t macros = 0;
  for (std::size_t at = url.find("${AUCTION_"); at != std::string::npos; at = url.find("${AUCTION_", at + 1))
    ++macros;
  EXPECT_EQ(macros, 14u);
}

TEST(Notice, ReadsAllFourteenValues) {
  const Notice n = parse_notice(
      "t=tok&a=auction&b=bid&i=1&s=seat&d=ad&p=1.25&c=USD&m=0.5&l=102&w=1.2&x=0.5&ts=1700000000123&dp=10&dc="
      "0.125");
  EXPECT_EQ(n.token, "tok");
  EXPECT_EQ(n.auction_id, "auction");
  EXPECT_EQ(n.bid_id, "bid");
  EXPECT_EQ(n.imp_id, "1");
  EXPECT_EQ(n.seat, "seat");
  EXPECT_EQ(n.ad_id, "ad");
  EXPECT_EQ(n.price_form, PriceForm::price);
  EXPECT_EQ(n.price.value, 1'250'000);
  EXPECT_EQ(n.currency, "USD");
  EXPECT_EQ(n.market_bid_ratio.value, 500'000);
  EXPECT_TRUE(n.has_loss_reason);
  EXPECT_EQ(n.loss_reason, 102);
  EXPECT_EQ(n.min_to_win.value, 1'200'000);
  EXPECT_EQ(n.multiplier_e6, 500'000u);
  EXPECT_EQ(n.impression_ms, 1'700'000'000'123);
  EXPECT_EQ(n.discount_percent.value, 10'000'000);
  EXPECT_EQ(n.discount_cpm.value, 125'000);
}

struct PriceCase {
  const char* query;
  PriceForm form;
  std::int64_t price;
};

class Prices : public testing::TestWithParam<PriceCase> {};

TEST_P(Prices, AreReadInEveryForm) {
  Notice n = parse_notice(GetParam().query);
  settle_price(n, base::Nanos{2'000'000});
  EXPECT_STREQ(domain::name_of(n.price_form), domain::name_of(GetParam().form));
  EXPECT_EQ(n.price.value, GetParam().price);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Prices,
    testing::Values(
        PriceCase{"p=1.5", PriceForm::price, 1'500'000}, PriceCase{"p=1%2E5", PriceForm::price, 1'500'000},
        PriceCase{"p=%201.5+", PriceForm::price, 1'500'000}, PriceCase{"p=0", PriceForm::price, 0},
        PriceCase{"p=2e0", PriceForm::price, 2'000'000}, PriceCase{"p=1.5&p=9", PriceForm::price, 1'500'000},
        PriceCase{"e=b64&p=MS41", PriceForm::price, 1'500'000},
        PriceCase{"p=MS41&e=b64", PriceForm::price, 1'500'000},
        PriceCase{"e=b64&p=MS4yNQ%3D%3D", PriceForm::price, 1'250'000},
        PriceCase{"e=b64&p=1.5", PriceForm::price, 1'500'000},
        PriceCase{"p=MS41", PriceForm::malformed, 2'000'000},
        PriceCase{"p=2.01", PriceForm::price, 2'010'000}, PriceCase{"p=2.1", PriceForm::above_bid, 2'000'000},
        PriceCase{"p=99999", PriceForm::malformed, 2'000'000}, PriceCase{"", PriceForm::absent, 2'000'000},
        PriceCase{"p=", PriceForm::empty, 2'000'000}, PriceCase{"p", PriceForm::empty, 2'000'000},
        PriceCase{"p=${AUCTION_PRICE}", PriceForm::unresolved, 2'000'000},
        PriceCase{"p=%24%7BAUCTION_PRICE%7D", PriceForm::unresolved, 2'000'000},
        PriceCase{"e=b64&p=${AUCTION_PRICE:B64}", PriceForm::unresolved, 2'000'000},
        PriceCase{"p=AUDIT", PriceForm::audit, 0}, PriceCase{"p=audit", PriceForm::audit, 0},
        PriceCase{"e=b64&p=QVVESVQ", PriceForm::audit, 0}, PriceCase{"p=-1", PriceForm::negative, 0},
        PriceCase{"p=NaN", PriceForm::malformed, 2'000'000},
        PriceCase{"p=1,5", PriceForm::malformed, 2'000'000},
        PriceCase{"p=0x10", PriceForm::malformed, 2'000'000}));

TEST(Notice, ReadsTheItemThatAnEventIsAbout) {
  EXPECT_EQ(parse_notice("item=17").item, 17u);
  EXPECT_EQ(parse_notice("e=start&item=%31%37").item, 17u);
  EXPECT_EQ(parse_notice("item=green%20tea").item, domain::item_of("green tea"));
  EXPECT_EQ(parse_notice("item=green+tea&item=2").item, domain::item_of("green tea"));
  const std::string long_one = "item=" + std::string(257, '1');
  for (const std::string_view query : std::initializer_list<std::string_view>{"p=1", "item=", "item=%3", "item=%zz", long_one})
    EXPECT_EQ(parse_notice(query).item, 0u) << query;
}

TEST(Notice, MarksAQualityRender) {
  EXPECT_TRUE(parse_notice("p=AUDIT").audit);
  EXPECT_TRUE(parse_notice("p=1&x=AUDIT").audit);
  EXPECT_FALSE(parse_notice("p=1").audit);
}

TEST(Notice, ReadsAWithheldMinimumAsUnknown) {
  EXPECT_EQ(parse_notice("w=").min_to_win.value, -1);
  EXPECT_EQ(parse_notice("w=${AUCTION_MIN_TO_WIN}").min_to_win.value, -1);
  EXPECT_EQ(parse_notice("w=0").min_to_win.value, 0);
}

TEST(Notice, KeepsAMultiplierOfOneForWhatIsNoMultiplier) {
  for (const char* query : {"", "x=", "x=0", "x=-2", "x=${AUCTION_MULTIPLIER}", "x=abc"}) {
    EXPECT_EQ(parse_notice(query).multiplier_e6, 1'000'000u) << query;
  }
  EXPECT_EQ(parse_notice("x=3").multiplier_e6, 3'000'000u);
}

TEST(Notice, SurvivesAnyQuery) {
  for (const std::string& query : {std::string("&&==&%&%2&p=%"), std::string(100'000, '&'),
                                   "p=" + std::string(9999, '1'), "e=b64&p=" + std::string(9999, 'A')}) {
    (void)parse_notice(query);
  }
  EXPECT_EQ(parse_notice("p=" + std::string(9999, '1')).price_form, PriceForm::malformed);
}

}  // namespace
}  // namespace bandstand::protocol::openrtb
