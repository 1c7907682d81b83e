// openrtb_replay_test: recorded auctions through a server with its sockets and threads: every one is
// answered.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "app/replay_openrtb.h"
#include "app/replay_openrtb_recorded.h"
#include "app/serve.h"
#include "app/wiring.h"
#include "serving/server.h"

namespace bandstand::app {
namespace {

using testing::HasSubstr;

constexpr const char* kCatalogue = R"(
advertisers: [{id: 1, name: Acme, domain: acme.example, categories: [IAB2]}]
creatives:
  - {id: 10, name: box, advertiser: 1, type: banner, size: 300x250, markup: "<b>x</b>",
      landing_page: "https://acme.example/"}
campaigns: [{id: 100, name: spring, advertiser: 1, budget: "1500.00", daily_budget: "500.00",
    time_zone: America/New_York}]
line_items: [{id: 1000, name: everyone, campaign: 100, value: "2.50", creatives: [10]}]
)";

constexpr const char* kAuction =
    R"({"exchange":"x","id":"a-1","ipAddress":"69.4.99.1","language":"en","location":{"cityName":"Somerset","countryCode":"US",)"
    R"("dma":613,"postalCode":"715","regionCode":"WI","timezoneOffsetMinutes":-360},"restrictions":{"creativeAttribute":[7],)"
    R"("clickUrl":["bad.example"]},"segments":{"adxVerticals":[[12,0.25]]},"spots":[{"formats":["300x250","728x90"],"id":"1",)"
    R"("reservePrice":0}],"timestamp":1326240000.5,"url":"http://www.site.example:80/home","userAgent":"Mozilla/5.0",)"
    R"("userIds":{"adx":"b","xchg":"u"}})";

std::filesystem::path recorded() {
  const char* root = std::getenv("BANDSTAND_DATA");
  const std::filesystem::path data =
      root != nullptr && *root != '\0' ? root : BANDSTAND_SOURCE_DIR "/../shared/data";
  return data / "openrtb_traffic/datacratic-auctions-00001-15000.jsonl.xz";
}

/// A server with the settings given, on free ports, in a folder of its own.
class Running {
 public:
  explicit Running(bool reasons) {
    std::string name = (std::filesystem::temp_directory_path() / "bandstand-replay-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    serving::ServingSettings settings;
    settings.exchanges[0].nbr_in_200 = settings.exchanges[0].own_nbr_codes = reasons;
    serving::ServerOptions options;
    options.data_dir = folder_ + "/data";
    options.listen = options.admin = "127.0.0.1:0";
    std::filesystem::create_directories(options.data_dir);
    server_ = std::make_unique<serving::Server>(
        settings, options, [](const serving::ServingSettings& s) { return make_team(s, {}); },
        [](serving::Control& control, std::span<const telemetry::MetricSet* const> sets) {
          return make_admin(control, sets);
        },
        [settings] { return parse_catalogue(kCatalogue, "(test)", settings); });
    started_ = server_->start().has_value();
    if (started_) thread_ = std::thread([this] { code_ = server_->run(); });
  }
  ~Running() {
    stop();
    server_.reset();
    std::filesystem::remove_all(folder_);
  }
  int stop() {
    server_->stop();
    if (thread_.joinable()) thread_.join();
    return code_;
  }
  [[nodiscard]] bool started() const { return started_; }
  [[nodiscard]] std::string error() const { return server_->error(); }
  [[nodiscard]] std::string url() const { return "http://" + server_->public_address(); }
  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
  std::unique_ptr<serving::Server> server_;
  std::thread thread_;
  bool started_ = false;
  int code_ = -1;
};

TEST(OpenrtbReplay, TellsRecordedAuctionsFromRequests) {
  const auto recorded = replay_request(kAuction);
  ASSERT_TRUE(recorded) << recorded.error().what;
  EXPECT_EQ(recorded->id, "a-1");
  EXPECT_NEAR(recorded->at_s, 1326240000.5, 1e-6);
  EXPECT_EQ(nlohmann::json::parse(recorded->body).at("imp").at(0).at("id"), "1");
  const std::string plain = R"({"id":"x", "imp":[]})";
  const auto request = replay_request(plain);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->body, plain) << "as it is";
  EXPECT_LT(request->at_s, 0);
}

TEST(OpenrtbReplay, RefusesWhatIsNoRequest) {
  EXPECT_FALSE(replay_request("[]"));
  EXPECT_FALSE(replay_request(R"({"id":"x"})"));
  EXPECT_FALSE(replay_request(R"({"imp":[]})"));
  EXPECT_TRUE(replay_request(R"({"id":"x","imp":[]})"));
}

TEST(OpenrtbReplay, WrongUsageIsTwo) {
  std::ostringstream out, err;
  ReplayOpenrtbOptions options;
  options.file = "/nonexistent";
  options.server = "http://127.0.0.1:1";
  EXPECT_EQ(replay_openrtb(options, out, err), 2);
  options.server = "https://127.0.0.1:1";
  options.speed = "quick";
  EXPECT_EQ(replay_openrtb(options, out, err), 2);
  EXPECT_THAT(err.str(), testing::AllOf(HasSubstr("--server"), HasSubstr("--speed")));
}

TEST(OpenrtbReplay, EveryRecordedAuctionIsAnswered) {
  if (!std::filesystem::exists(recorded()))
    GTEST_SKIP() << recorded() << " not found; set BANDSTAND_DATA to the shared data";
  Running running(true);
  ASSERT_TRUE(running.started()) << running.error();
  for (const char* speed : {"recorded", "max"}) {
    std::ostringstream out, err;
    ReplayOpenrtbOptions options;
    options.file = recorded().string();
    options.server = running.url();
    options.speed = speed;
    options.limit = 300;
    options.json = true;
    EXPECT_EQ(replay_openrtb(options, out, err), 0) << out.str() << err.str();
    const auto json = nlohmann::json::parse(out.str());
    EXPECT_EQ(json["sent"], 300);
    EXPECT_EQ(json["answered"], 300);
    EXPECT_EQ(json["errors"], 0);
    EXPECT_EQ(json["statuses"]["200"], 300) << "each is a bid or a reason";
    // Only at the recorded pace: a burst of a few milliseconds may find the shard's lease spent, and its
    // renewal on the way.
    if (options.speed == "recorded") {
      EXPECT_GT(json["bids"], 0) << out.str();
    }
    std::size_t reasons = 0;
    for (const auto& [reason, count] : json["nbr"].items()) reasons += count.get<std::size_t>();
    EXPECT_EQ(reasons + json["bids"].get<std::size_t>(), 300u) << json.dump(2);
    EXPECT_FALSE(json["nbr"].contains("none"));
  }
  EXPECT_EQ(running.stop(), 0);
}

TEST(OpenrtbReplay, ARefusalByTheServerIsAnError) {
  Running running(false);
  ASSERT_TRUE(running.started()) << running.error();
  const std::string file = running.folder() + "/requests.jsonl";
  std::ofstream(file) << kAuction << '\n';
  std::ostringstream out, err;
  ReplayOpenrtbOptions options;
  options.file = file;
  options.server = running.url() + "/openrtb2/bid/unknown";
  EXPECT_EQ(replay_openrtb(options, out, err), 1);
  EXPECT_THAT(out.str(), HasSubstr("status 404: 1"));
}

}  // namespace
}  // namespace bandstand::app
