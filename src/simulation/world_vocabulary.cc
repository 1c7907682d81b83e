// world_vocabulary: the tables.
#include "simulation/world_vocabulary.h"

namespace bandstand::simulation {
namespace {

constexpr std::array<Topic, kTopics> kTopicTable = {{
    {"IAB1", "IAB1-6", "fan-music", {"music", "concert", "album"}, .09},
    {"IAB2", "IAB2-3", "in-market-auto", {"cars", "hybrid", "test drive"}, .06},
    {"IAB3", "IAB3-4", "small-business", {"invoicing", "startup", "crm"}, .05},
    {"IAB4", "IAB4-5", "job-seeker", {"jobs", "salary", "remote work"}, .04},
    {"IAB5", "IAB5-9", "learner", {"courses", "degree", "exam"}, .05},
    {"IAB6", "IAB6-7", "parent", {"toddler", "school", "stroller"}, .05},
    {"IAB7", "IAB7-1", "fitness", {"running", "yoga", "sleep"}, .07},
    {"IAB8", "IAB8-9", "foodie", {"recipes", "baking", "coffee"}, .08},
    {"IAB9", "IAB9-30", "gamer", {"games", "console", "esports"}, .09},
    {"IAB10", "IAB10-4", "home-improver", {"garden", "sofa", "paint"}, .05},
    {"IAB13", "IAB13-7", "investor", {"stocks", "savings", "mortgage"}, .05},
    {"IAB16", "IAB16-3", "pet-owner", {"dogs", "cats", "vet"}, .04},
    {"IAB17", "IAB17-12", "sports-fan", {"football", "league", "tickets"}, .10},
    {"IAB18", "IAB18-5", "fashion", {"shoes", "dress", "outlet"}, .06},
    {"IAB19", "IAB19-18", "gadget-buyer", {"laptop", "camera", "phone"}, .07},
    {"IAB20", "IAB20-18", "traveller", {"flights", "hotel", "beach"}, .05},
}};

constexpr std::array<Country, 10> kCountryTable = {{
    {"USA",
     "US",
     "en",
     {"CA", "NY", "TX"},
     {"Los Angeles", "New York", "Austin"},
     {"90001", "10001", "73301"},
     38.0f,
     -97.0f,
     73,
     false,
     .38},
    {"GBR",
     "GB",
     "en",
     {"ENG", "SCT", "WLS"},
     {"London", "Edinburgh", "Cardiff"},
     {"EC1A", "EH1", "CF10"},
     52.5f,
     -1.5f,
     86,
     true,
     .12},
    {"DEU",
     "DE",
     "de",
     {"BE", "BY", "HH"},
     {"Berlin", "Munich", "Hamburg"},
     {"10115", "80331", "20095"},
     51.0f,
     10.0f,
     84,
     true,
     .12},
    {"FRA",
     "FR",
     "fr",
     {"IDF", "ARA", "PAC"},
     {"Paris", "Lyon", "Marseille"},
     {"75001", "69001", "13001"},
     47.0f,
     2.5f,
     90,
     true,
     .09},
    {"ESP",
     "ES",
     "es",
     {"MD", "CT", "AN"},
     {"Madrid", "Barcelona", "Seville"},
     {"28001", "08001", "41001"},
     40.2f,
     -3.6f,
     83,
     true,
     .05},
    {"ITA",
     "IT",
     "it",
     {"62", "25", "72"},
     {"Rome", "Milan", "Naples"},
     {"00118", "20121", "80121"},
     42.8f,
     12.5f,
     79,
     true,
     .05},
    {"CAN",
     "CA",
     "en",
     {"ON", "QC", "BC"},
     {"Toronto", "Montreal", "Vancouver"},
     {"M5H", "H2Y", "V6B"},
     50.0f,
     -85.0f,
     70,
     false,
     .06},
    {"BRA",
     "BR",
     "pt",
     {"SP", "RJ", "MG"},
     {"Sao Paulo", "Rio de Janeiro", "Belo Horizonte"},
     {"01001", "20010", "30110"},
     -15.0f,
     -48.0f,
     177,
     false,
     .05},
    {"JPN",
     "JP",
     "ja",
     {"13", "27", "23"},
     {"Tokyo", "Osaka", "Nagoya"},
     {"100", "530", "450"},
     36.0f,
     138.0f,
     126,
     false,
     .04},
    {"AUS",
     "AU",
     "en",
     {"NSW", "VIC", "QLD"},
     {"Sydney", "Melbourne", "Brisbane"},
     {"2000", "3000", "4000"},
     -33.0f,
     147.0f,
     120,
     false,
     .04},
}};

constexpr std::array<DeviceKind, 14> kDeviceTable = {{
    {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
     "Safari/537.36",
     "Windows", "10", "", "", 2, Channel::web, .24},
    {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
     "Safari/537.36 Edg/126.0.0.0",
     "Windows", "11", "", "", 2, Channel::web, .06},
    {"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0", "Windows", "10", "",
     "", 2, Channel::web, .04},
    {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
     "Safari/605.1.15",
     "macOS", "14.5", "Apple", "Macintosh", 2, Channel::web, .06},
    {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
     "Chrome/126.0.0.0 Safari/537.36",
     "macOS", "14.5", "Apple", "Macintosh", 2, Channel::web, .04},
    {"Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Linux", "", "", "", 2,
     Channel::web, .02},
    {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
     "Version/17.5 Mobile/15E148 Safari/604.1",
     "iOS", "17.5", "Apple", "iPhone", 4, Channel::web, .12},
    {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
     "Mobile/15E148",
     "iOS", "17.5", "Apple", "iPhone", 4, Channel::app, .08},
    {"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
     "Mobile Safari/537.36",
     "Android", "14", "Google", "Pixel 8", 4, Channel::web, .11},
    {"Mozilla/5.0 (Linux; Android 13; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 "
     "Chrome/121.0.0.0 Mobile Safari/537.36",
     "Android", "13", "Samsung", "SM-S911B", 4, Channel::web, .05},
    {"Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UD1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) "
     "Version/4.0 Chrome/126.0.0.0 Mobile Safari/537.36",
     "Android", "14", "Google", "Pixel 8", 4, Channel::app, .10},
    {"Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
     "Mobile/15E148 Safari/604.1",
     "iOS", "17.5", "Apple", "iPad", 5, Channel::web, .04},
    {"Mozilla/5.0 (SMART-TV; LINUX; Tizen 7.0) AppleWebKit/537.36 (KHTML, like Gecko) Version/7.0 TV "
     "Safari/537.36",
     "Tizen", "7.0", "Samsung", "SmartTV", 3, Channel::ctv, .025},
    {"Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0.4606.128 "
     "Safari/537.36 WebAppManager",
     "webOS", "22", "LG", "OLED55", 3, Channel::ctv, .015},
}};

constexpr std::array<std::string_view, 6> kCrawlers = {
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 "
    "Safari/537.36",
    "python-requests/2.32.3",
    "curl/8.5.0",
};

constexpr std::array<std::array<std::uint8_t, 2>, 5> kDataCentres = {
    {{52, 94}, {34, 65}, {157, 230}, {20, 42}, {95, 216}}};

using Media = SlotKind::Media;
constexpr std::array<SlotKind, 8> kSlotTable = {{
    {"leader", Media::banner, {{{728, 90}, {970, 90}, {0, 0}}}, 1, .10, 1.0},
    {"box", Media::banner, {{{300, 250}, {336, 280}, {0, 0}}}, 1, .20, 1.1},
    {"side", Media::banner, {{{300, 600}, {160, 600}, {300, 250}}}, 3, -.10, .9},
    {"foot", Media::banner, {{{728, 90}, {0, 0}, {0, 0}}}, 3, -.50, .6},
    {"mobile", Media::banner, {{{320, 50}, {320, 100}, {0, 0}}}, 4, -.05, .7},
    {"inter", Media::banner, {{{320, 480}, {300, 250}, {0, 0}}}, 7, .50, 1.4},
    {"preroll", Media::video, {{{640, 360}, {0, 0}, {0, 0}}}, 7, .00, 2.2},
    {"feed", Media::native, {{{1200, 627}, {0, 0}, {0, 0}}}, 1, .40, 1.2},
}};

constexpr std::array<DealKind, 5> kDealTable = {{
    {"alpha-autos-24", "alpha", 1, 4.00, 1},
    {"alpha-sport-pg", "alpha", 3, 5.50, 12},
    {"beta-finance-7", "beta", 2, 4.50, 10},
    {"beta-travel-3", "beta", 3, 5.00, 15},
    {"beta-music-11", "beta", 2, 3.00, 0},
}};

}  // namespace

std::span<const Topic, kTopics> topics() noexcept { return kTopicTable; }
std::span<const Country> countries() noexcept { return kCountryTable; }
std::span<const DeviceKind> device_kinds() noexcept { return kDeviceTable; }
std::span<const std::string_view> crawler_agents() noexcept { return kCrawlers; }
std::span<const std::array<std::uint8_t, 2>> data_centre_prefixes() noexcept { return kDataCentres; }
std::span<const SlotKind> slot_kinds() noexcept { return kSlotTable; }
std::span<const DealKind> deal_kinds() noexcept { return kDealTable; }

}  // namespace bandstand::simulation
