// edges_test: what reaches a decision of the running server from its edges (rates, currencies, fraud lists,
// places), and what must not get out of it.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "app/replay_decision.h"
#include "app/settings.h"
#include "server_fixture.h"

namespace bandstand::app {
namespace {

/// The sample request with another floor, in another currency.
std::string request_with_floor(const std::string& floor, const std::string& currency) {
  std::string request = kRequest;
  const std::string before = "\"bidfloor\":0.5";
  request.replace(request.find(before), before.size(),
                  "\"bidfloor\":" + floor + ",\"bidfloorcur\":\"" + currency + "\"");
  return request;
}

class Rates : public ServerThread {
 protected:
  /// To the nano of the price: 2.00 EUR are 2.50 USD, which is what the line item is worth.
  Rates() { settings_.fx = {{domain::pack8("EUR"), 1'250'000'000}, {domain::pack8("GBP"), 1'250'001'000}}; }
  Got ask(const std::string& floor, const std::string& currency) {
    return call(server_->public_address(), "POST", "/openrtb2/bid/alpha",
                request_with_floor(floor, currency));
  }
};

TEST_F(Rates, OfTheSettingsConvertAFloorExactly) {
  ASSERT_EQ(bid().status, 200);
  const Got just = ask("2.00", "EUR");
  EXPECT_EQ(just.status, 200) << "2.00 * 1.25 is 2.50, just what the line item is worth";
  EXPECT_NE(just.body.find("\"price\":2.5,"), std::string::npos) << just.body;
  EXPECT_EQ(ask("2.00", "GBP").status, 204) << "2.00 * 1.250001 rounds up to a price above 2.50";
  EXPECT_EQ(ask("2.01", "EUR").status, 204);
  EXPECT_EQ(ask("0.10", "JPY").status, 204) << "no rate: the floor is not known to be met";
}

class Currencies : public ServerThread {
 protected:
  Currencies() {
    settings_.exchanges[1].default_currency = domain::pack8("EUR");
    settings_.fx = {{domain::pack8("EUR"), 1'250'000'000}};
  }
};

TEST_F(Currencies, OfARequestThatNamesNoneAreTheExchanges) {
  ASSERT_EQ(bid().status, 200) << "alpha's default is USD, as the campaign's";
  const std::string at = server_->public_address();
  EXPECT_EQ(call(at, "POST", "/openrtb2/bid/beta", kRequest).status, 204) << "beta takes EUR";
  std::string in_usd = kRequest;
  in_usd.insert(1, "\"cur\":[\"USD\"],");
  EXPECT_EQ(call(at, "POST", "/openrtb2/bid/beta", in_usd).status, 200);
}

/// A server with a settings file, and the verbs that read its log.
class LogReaders : public ServerThread {
 protected:
  LogReaders() {
    config_ = write("with-rate.toml", "1.25");
    std::vector<Problem> problems;
    settings_ = load_settings(config_, problems)->serving;
    EXPECT_TRUE(problems.empty());
  }
  static std::string write(const std::string& name, const std::string& rate) {
    const std::string path = testing::TempDir() + "/" + name;
    std::ofstream(path) << "[[exchanges]]\nname = \"alpha\"\n[[fx]]\ncurrency = \"EUR\"\nusd = \"" << rate
                        << "\"\n";
    return path;
  }
  int run(int (*verb)(const LoggedDecisionOptions&, std::ostream&, std::ostream&), const std::string& id,
          const std::string& config, bool json = false) {
    out_.str("");
    std::ostringstream err;
    return verb({id, config, data_.string(), json}, out_, err);
  }

  std::string config_;
  std::ostringstream out_;
};

TEST_F(LogReaders, NeedTheServersSettingsAndTakeThem) {
  Got got;
  eventually([&] {
    got = call(server_->public_address(), "POST", "/openrtb2/bid/alpha", request_with_floor("1.00", "EUR"));
    return got.status == 200;
  });
  ASSERT_EQ(got.status, 200);
  const std::string id = field(got.body, "bidid");
  stop();
  EXPECT_EQ(run(replay_decision, id, config_, true), 0) << out_.str();
  EXPECT_NE(out_.str().find("\"verdict\": \"same\""), std::string::npos) << out_.str();
  EXPECT_EQ(run(replay_decision, id, write("other-rate.toml", "2.60")), 1)
      << "the floor is above what it is worth";
  EXPECT_NE(out_.str().find("DIFFERS"), std::string::npos);
  EXPECT_EQ(run(explain, id, config_), 0);
  EXPECT_NE(out_.str().find("exchange alpha"), std::string::npos) << out_.str();
  EXPECT_EQ(run(replay_decision, id, config_ + ".absent"), 2);
  EXPECT_EQ(run(replay_decision, std::string(32, '0'), config_), 2);
  EXPECT_EQ(run(explain, "no-id", config_), 2);
}

class FraudListFiles : public ServerThread {
 protected:
  FraudListFiles() {
    folder_ = std::filesystem::path(testing::TempDir()) /
              (std::string("fraud-lists-") + testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    named_.fraud.crawlers = write("crawlers", "Hobbyist\n");
    named_.fraud.data_center_ranges = write("ranges", "198.18.0.0/15  # a remark\n9.9.9.0/24\n");
  }
  ~FraudListFiles() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }
  serving::LoadedCatalogue load(const serving::ServingSettings& settings) override {
    named_.serving = settings;
    auto out = load_served(named_, "bandstand.toml");
    if (out.catalogue != nullptr)
      out = {parse_catalogue(catalogue_, "test", settings).catalogue, catalogue_, out.fraud};
    return out;
  }
  int status_of(const std::string& address) {
    std::string request = kRequest;
    request.replace(request.find("24.5.6.7"), 8, address);
    return call(server_->public_address(), "POST", "/openrtb2/bid/alpha", request).status;
  }
  bool status_becomes(const std::string& address, int status) {
    return eventually([&] { return status_of(address) == status; }, std::chrono::milliseconds(50));
  }
  std::string metric(const std::string& name) {
    const std::string all = call(server_->admin_address(), "GET", "/metrics").body;
    const auto at = all.find("\n" + name + " ");
    if (at == std::string::npos) return "";
    const auto from = at + name.size() + 2;
    return all.substr(from, all.find('\n', from) - from);
  }

  std::filesystem::path folder_;
  Settings named_;
};

TEST_F(FraudListFiles, AreServedAndReadAnewAtAReload) {
  ASSERT_EQ(bid().status, 200);
  EXPECT_EQ(status_of("9.9.9.9"), 204);
  EXPECT_EQ(metric("bandstand_fraud_list_entries{list=\"crawlers\"}"), "1");
  EXPECT_EQ(metric("bandstand_fraud_list_entries{list=\"data_center\"}"), "2");
  write("ranges", "24.5.6.0/24\n");
  server_->reload();
  EXPECT_TRUE(status_becomes("24.5.6.7", 204)) << "the new range is a data centre's";
  EXPECT_EQ(status_of("9.9.9.9"), 200) << "the old one no more";
  EXPECT_EQ(metric("bandstand_fraud_list_entries{list=\"data_center\"}"), "1");
  EXPECT_EQ(metric("bandstand_config_reloads_total{result=\"taken\"}"), "1");
}

TEST_F(FraudListFiles, WithAFaultLeaveTheOldOnesInPlace) {
  ASSERT_EQ(bid().status, 200);
  write("ranges", "24.5.6.0/24\nnonsense\n");
  testing::internal::CaptureStderr();
  server_->reload();
  EXPECT_TRUE(eventually([&] { return metric("bandstand_config_reloads_total{result=\"refused\"}") == "1"; }));
  EXPECT_EQ(metric("bandstand_config_last_reload_successful"), "0");
  EXPECT_NE(testing::internal::GetCapturedStderr().find("ranges:2: is no range"), std::string::npos);
  EXPECT_EQ(status_of("24.5.6.7"), 200);
  EXPECT_EQ(status_of("9.9.9.9"), 204);
}

class Places : public ServerThread {
 protected:
  Places() {
    const std::string all = "creatives: [10]}]";
    catalogue_.replace(catalogue_.find(all), all.size(),
                       "creatives: [10], targeting: {countries: [DE], regions: [DE-BY], cities: [munich]}}]");
  }
  std::string unfilled(const std::string& device) {
    const Got got = call(server_->public_address(), "POST", "/v1/decide",
                         R"({"placements":[{"id":"top","sizes":["300x250"]}],"device":)" + device + "}");
    if (got.status != 200) return "status " + std::to_string(got.status);  // 503 until it is ready
    return got.body.find("\"line_item\":\"1000\"") != std::string::npos ? "filled"
                                                                        : field(got.body, "reason");
  }
};

TEST_F(Places, OfAFirstPartyRequestLetTargetedLineItemsCompete) {
  const char* munich = R"({"geo":{"country":"DEU","region":"BY","city":"Munich"}})";
  EXPECT_TRUE(eventually([&] { return unfilled(munich) == "filled"; }));
  EXPECT_NE(unfilled(R"({"geo":{"country":"DE","region":"BE","city":"Berlin"}})"), "filled");
  EXPECT_NE(unfilled("{}"), "filled");
  const Got wrong =
      call(server_->public_address(), "POST", "/v1/decide",
           R"({"placements":[{"id":"top","sizes":["300x250"]}],"device":{"geo":{"country":"Bavaria"}}})");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(field(wrong.body, "code"), "invalid_request");
  EXPECT_EQ(field(wrong.body, "field"), "device.geo.country");
  EXPECT_NE(field(wrong.body, "message"), "");
}

/// A connection that stays open.
class Peer {
 public:
  explicit Peer(const std::string& address) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const auto at = *serving::http::Address::parse(address);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(at.port);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
    const timeval patience{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  Peer(Peer&& other) noexcept : fd_(std::exchange(other.fd_, -1)), connected_(other.connected_) {}
  Peer(const Peer&) = delete;
  ~Peer() {
    if (fd_ >= 0) ::close(fd_);
  }
  /// The answer's head and whatever came with it; "" if the server has hung up.
  std::string ask(const std::string& method, const std::string& target, const std::string& body) {
    const std::string request = method + " " + target +
                                " HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::to_string(body.size()) +
                                "\r\n\r\n" + body;
    if (!connected_ || ::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) < 0) return "";
    std::string got;
    char buffer[65536];
    while (got.find("\r\n\r\n") == std::string::npos) {
      const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
      if (n <= 0) return got;
      got.append(buffer, static_cast<std::size_t>(n));
    }
    return got;
  }

 private:
  int fd_;
  bool connected_ = false;
};

class FewConnections : public ServerThread {
 protected:
  FewConnections() {
    options_.connections_max = 8;
    options_.connections_reserved = 2;
  }
};

TEST_F(FewConnections, AllTakenByBiddersLeaveSomeForNotices) {
  const Got answer = bid();
  ASSERT_EQ(answer.status, 200);
  const std::string at = server_->public_address();
  std::vector<Peer> bidders;
  for (int i = 0; i < 8; ++i) {
    bidders.emplace_back(at);
    EXPECT_EQ(bidders.back().ask("POST", "/openrtb2/bid/alpha", kRequest).substr(0, 12), "HTTP/1.1 200");
  }
  for (int i = 0; i < 20; ++i) {
    const std::string shed = Peer(at).ask("POST", "/openrtb2/bid/alpha", kRequest);
    EXPECT_EQ(shed.substr(0, 12), "HTTP/1.1 204") << "no bid while all connections are taken";
    EXPECT_NE(shed.find("Connection: close"), std::string::npos);
    const std::string billed = Peer(at).ask("GET", target(field(answer.body, "burl"), "1.25"), "");
    EXPECT_EQ(billed.substr(0, 12), "HTTP/1.1 204") << "notice " << i << " was not heard: " << billed;
  }
  EXPECT_EQ(field(call(server_->admin_address(), "GET", "/api/v1/campaigns/100/balance").body, "charged"),
            "1250000");
  EXPECT_EQ(bidders.front().ask("POST", "/openrtb2/bid/alpha", kRequest).substr(0, 12), "HTTP/1.1 200");
}

class Lines : public ServerThread {
 protected:
  Lines() {
    options_.log.least = telemetry::Level::debug;
    options_.log.burst = 1u << 20;
    options_.log.ring_lines = 1u << 14;
  }
};

/// A request whose every field that is, or may hold, something of a person holds a canary.
constexpr std::string_view kPerson =
    R"({"id":"CANARY-auction","at":1,"tmax":200,"imp":[{"id":"1","tagid":"t","banner":{"w":300,"h":250}}],)"
    R"("site":{"domain":"news.example","page":"https://news.example/?mail=CANARY-page","ref":"https://x/CANARY-ref"},)"
    R"("device":{"ua":"Mozilla/5.0 CANARY-ua","ip":"198.51.77.66","ipv6":"2001:db8:beef::77","ifa":"CANARY-ifa",)"
    R"("dpidsha1":"CANARY-dpid","geo":{"country":"USA","zip":"CANARY-zip","city":"CANARY-city"}},)"
    R"("user":{"id":"CANARY-user","buyeruid":"CANARY-buyer","keywords":"CANARY-words","consent":"CANARY-consent",)"
    R"("data":[{"id":"d","segment":[{"id":"CANARY-segment"}]}],)"
    R"("eids":[{"source":"s.example","uids":[{"id":"CANARY-eid","atype":1}]}],"ext":{"CANARY-key":"CANARY-ext"}},)"
    R"("regs":{"us_privacy":"CANARY-us","gpp":"CANARY-gpp"}})";

TEST_F(Lines, HoldNothingOfAPersonWhateverIsWrongWithARequest) {
  ASSERT_EQ(bid().status, 200);
  const std::string at = server_->public_address();
  std::string metrics;
  testing::internal::CaptureStderr();
  const auto send = [&](const std::string& path, std::string body) { call(at, "POST", path, body); };
  // Cut off after each comma; each value in turn of another type; each field in turn renamed.
  for (std::size_t i = 0; i < kPerson.size(); ++i) {
    if (kPerson[i] == ',') send("/openrtb2/bid/alpha", std::string(kPerson.substr(0, i)));
    if (kPerson[i] != ':' || i + 1 == kPerson.size() || kPerson[i - 1] != '"') continue;
    for (const char* instead :
         {"{\"CANARY-in\":", "[\"CANARY-in\",", "-1e999,\"CANARY-in\":", "7,\"CANARY-in\":"}) {
      std::string body(kPerson);
      body.insert(i + 1, instead);
      send("/openrtb2/bid/alpha", body);
    }
  }
  for (const char* body :
       {R"({"placements":[{"id":"CANARY-id","sizes":["CANARY-size"]}],"user":{"key":"CANARY-user"}})",
        R"({"placements":7,"user":{"key":"CANARY-user"},"device":{"ip":"198.51.77.66"}})",
        R"({"placements":[{"id":"a","sizes":["300x250"]}],"device":{"geo":{"country":"CANARY-country"}}})"}) {
    send("/v1/decide", body);
  }
  call(at, "GET", "/n/v1/CANARY-token?p=CANARY-price");
  call(at, "GET", "/e/v1/CANARY-token?user=CANARY-user");
  call(at, "GET", "/CANARY-path");
  metrics = call(server_->admin_address(), "GET", "/metrics").body;
  stop();
  const std::string lines = testing::internal::GetCapturedStderr();
  std::size_t refused = 0;
  for (auto from = lines.find("bid request refused"); from != std::string::npos;
       from = lines.find("bid request refused", from + 1)) {
    ++refused;
  }
  EXPECT_GT(refused, 100u) << "the refusals were logged";
  for (const char* canary : {"CANARY", "198.51.77", "2001:db8:beef"}) {
    for (const std::string& text : {lines, metrics}) {
      const auto found = text.find(canary);
      EXPECT_EQ(found, std::string::npos) << text.substr(found < 200 ? 0 : found - 200, 400);
    }
  }
}

}  // namespace
}  // namespace bandstand::app
