// server_fixture: a server with its sockets and threads in this process, and a client for one request at a
// time.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include "app/serve.h"
#include "app/simulate.h"
#include "serving/http/ask.h"

namespace bandstand::app {

inline constexpr const char* kCatalogue = R"(
advertisers: [{id: 1, name: Acme, domain: acme.example, categories: [IAB2]}]
creatives:
  - {id: 10, name: box, advertiser: 1, size: 300x250, markup: "<a href=\"{CLICK_URL}\">x</a>",
     landing_page: "https://acme.example/l"}
campaigns: [{id: 100, name: spring, advertiser: 1, budget: "15.00", pacing: asap}]
line_items: [{id: 1000, name: everyone, campaign: 100, value: "2.50", creatives: [10]}]
)";
inline constexpr const char* kRequest =
    R"({"id":"r1","at":1,"imp":[{"id":"1","banner":{"w":300,"h":250},"bidfloor":0.5}],"site":{"domain":"news.example"},)"
    R"("device":{"ua":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 )"
    R"((KHTML, like Gecko) Chrome/120.0 Safari/537.36",)"
    R"("ip":"24.5.6.7"},"tmax":200})";

class ServerThread : public testing::Test {
 protected:
  ServerThread() { settings_.public_url = ""; }
  void SetUp() override {
    const auto& test = *testing::UnitTest::GetInstance()->current_test_info();
    data_ = std::filesystem::path(testing::TempDir()) /
            (std::string(test.test_suite_name()) + "-" + test.name());
    std::filesystem::remove_all(data_);
    start();
  }
  void TearDown() override {
    stop();
    std::filesystem::remove_all(data_);
  }

  void start() {
    const serving::ServingSettings settings = settings_;
    serving::ServerOptions options = options_;
    options.data_dir = data_.string();
    options.listen = options.admin = "127.0.0.1:0";
    options.read_model = read_learned;
    server_ = std::make_unique<serving::Server>(
        settings, options, [](const serving::ServingSettings& s) { return make_team(s, TeamNames{}); },
        [this](serving::Control& control, std::span<const telemetry::MetricSet* const> sets) {
          return operators(control, sets);
        },
        [this, settings] { return load(settings); });
    ASSERT_TRUE(server_->start()) << server_->error();
    thread_ = std::thread([this] { server_->run(); });
  }
  void stop() {
    if (server_ == nullptr) return;
    server_->stop();
    thread_.join();
    server_.reset();
  }

  /// What is read at the start and at a reload.
  virtual serving::LoadedCatalogue load(const serving::ServingSettings& settings) {
    return parse_catalogue(catalogue_, "test", settings);
  }

  /// Who answers at the operators' port.
  virtual std::unique_ptr<serving::http::Handler> operators(
      serving::Control& control, std::span<const telemetry::MetricSet* const> sets) {
    return make_admin(control, sets);
  }

  using Got = serving::http::Asked;
  static Got call(const std::string& address, const std::string& method, const std::string& target,
                  const std::string& body = "", const std::string& headers = "") {
    return serving::http::ask(address, method, target, body, headers).value();
  }
  /// Asks until it holds, for 20 s of the wall's clock at most: how often that is depends on the machine. A pause between
  /// two, since an address that asks 1,200 times a minute is suspicious.
  template <class Check>
  static bool eventually(Check check, base::Duration pause = std::chrono::milliseconds(2)) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!check()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(pause);
    }
    return true;
  }
  Got bid() {
    // Leases take a round or two after the start.
    Got got;
    eventually([&] {
      got = call(server_->public_address(), "POST", "/openrtb2/bid/alpha", kRequest);
      return got.status == 200;
    });
    return got;
  }
  static std::string field(const std::string& body, const std::string& name) {
    const auto at = body.find("\"" + name + "\":\"");
    if (at == std::string::npos) return "";
    const auto from = at + name.size() + 4;
    return body.substr(from, body.find('"', from) - from);
  }
  /// Path and query of a notice URL, the macros filled in.
  static std::string target(std::string url, const std::string& price) {
    url.erase(0, url.find("/n/v1/"));
    for (auto at = url.find("${"); at != std::string::npos; at = url.find("${")) {
      const auto end = url.find('}', at);
      url.replace(at, end - at + 1, url.compare(at, 15, "${AUCTION_PRICE") == 0 ? price : "");
    }
    return url;
  }

  serving::ServingSettings settings_ = demo_settings(3'600);  ///< of the next start
  serving::ServerOptions options_;
  std::string catalogue_ = kCatalogue;  ///< read at the start and at a reload
  std::filesystem::path data_;
  std::unique_ptr<serving::Server> server_;
  std::thread thread_;
};

}  // namespace bandstand::app
