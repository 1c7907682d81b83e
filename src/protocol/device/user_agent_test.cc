// user_agent_test: headers as browsers send them.
#include "protocol/device/user_agent.h"

#include <gtest/gtest.h>

namespace bandstand::protocol::device {
namespace {

using domain::Browser;
using domain::DeviceType;
using domain::Os;

struct Case {
  const char* text;
  Os os;
  Browser browser;
  DeviceType type;
};

class UserAgents : public testing::TestWithParam<Case> {};

TEST_P(UserAgents, AreClassified) {
  const UserAgent agent = classify_user_agent(GetParam().text);
  EXPECT_STREQ(domain::name_of(agent.os), domain::name_of(GetParam().os)) << GetParam().text;
  EXPECT_STREQ(domain::name_of(agent.browser), domain::name_of(GetParam().browser)) << GetParam().text;
  EXPECT_STREQ(domain::name_of(agent.type), domain::name_of(GetParam().type)) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Table, UserAgents,
    testing::Values(
        Case{"", Os::unknown, Browser::unknown, DeviceType::unknown},
        Case{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
             "Chrome/120.0.0.0 Safari/537.36",
             Os::windows, Browser::chrome, DeviceType::pc},
        Case{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 "
             "Safari/537.36 "
             "Edg/120.0",
             Os::windows, Browser::edge, DeviceType::pc},
        Case{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
             "Version/17.1 "
             "Safari/605.1.15",
             Os::macos, Browser::safari, DeviceType::pc},
        Case{
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/17.1 Mobile/15E148 Safari/604.1",
            Os::ios, Browser::safari, DeviceType::phone},
        Case{
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Mobile/15E148",
            Os::ios, Browser::in_app, DeviceType::phone},
        Case{"Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
             "CriOS/120.0 "
             "Mobile/15E148 Safari/604.1",
             Os::ios, Browser::chrome, DeviceType::tablet},
        Case{"Mozilla/5.0 (Linux; Android 13; SM-S901B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/112.0 "
             "Mobile "
             "Safari/537.36",
             Os::android, Browser::chrome, DeviceType::phone},
        Case{"Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 (KHTML, like Gecko) "
             "SamsungBrowser/22.0 "
             "Chrome/111.0 Safari/537.36",
             Os::android, Browser::samsung, DeviceType::tablet},
        Case{
            "Mozilla/5.0 (Linux; Android 12; Pixel 6; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
            "Chrome/110.0 Mobile Safari/537.36",
            Os::android, Browser::in_app, DeviceType::phone},
        Case{"Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0", Os::linux_desktop,
             Browser::firefox, DeviceType::pc},
        Case{"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0 "
             "Safari/537.36",
             Os::chrome_os, Browser::chrome, DeviceType::pc},
        Case{"Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; WOW64; Trident/4.0; SLCC2; Tablet PC 2.0)",
             Os::windows, Browser::internet_explorer, DeviceType::pc},
        Case{"Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko", Os::windows,
             Browser::internet_explorer, DeviceType::pc},
        Case{"Mozilla/5.0 (SMART-TV; Linux; Tizen 5.0) AppleWebKit/537.36 (KHTML, like Gecko) "
             "SamsungBrowser/2.2 "
             "Chrome/63.0 TV Safari/537.36",
             Os::tv, Browser::samsung, DeviceType::ctv},
        Case{"Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0 "
             "Safari/537.36 "
             "WebAppManager",
             Os::tv, Browser::chrome, DeviceType::ctv},
        Case{"Roku/DVP-9.10 (519.10E04111A)", Os::tv, Browser::other, DeviceType::ctv},
        Case{"Mozilla/5.0 (Linux; Android 9; AFTSSS) AppleWebKit/537.36 (KHTML, like Gecko) Silk/98.6 like "
             "Chrome/98.0 "
             "Safari/537.36",
             Os::android, Browser::other, DeviceType::ctv},
        Case{"Dalvik/2.1.0 (Linux; U; Android 11; SM-A125F Build/RP1A)", Os::android, Browser::in_app,
             DeviceType::tablet},
        Case{"Opera/9.80 (Windows NT 6.1) Presto/2.12.388 Version/12.18", Os::windows, Browser::opera,
             DeviceType::pc}));

TEST(UserAgents, SystemsAreReadAsExchangesSpellThem) {
  EXPECT_EQ(os_of("iOS"), Os::ios);
  EXPECT_EQ(os_of("Mac OS X"), Os::macos);
  EXPECT_EQ(os_of("OS X"), Os::macos);
  EXPECT_EQ(os_of("Fire OS"), Os::android);
  EXPECT_EQ(os_of("ANDROID"), Os::android);
  EXPECT_EQ(os_of("webOS"), Os::tv);
  EXPECT_EQ(os_of("Chrome OS"), Os::chrome_os);
  EXPECT_EQ(os_of("Windows 10"), Os::windows);
  EXPECT_EQ(os_of("Plan 9"), Os::other);
  EXPECT_EQ(os_of(""), Os::unknown);
}

}  // namespace
}  // namespace bandstand::protocol::device
