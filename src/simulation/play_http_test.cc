// play_http_test: the world over real sockets on loopback.
#include "simulation/play_http.h"

#include <gtest/gtest.h>

#include "serving/http/server.h"
#include "simulation/world.h"
#include "simulation/world_test_bidder.h"

namespace bandstand::simulation {
namespace {

namespace http = serving::http;

/// Answers over HTTP what ConstantBidder answers in process.
class Endpoint final : public http::Handler {
 public:
  void handle(const http::Request& request, http::Response& response) override {
    struct Take final : AnswerHandler {
      void on_answer(const simulation::Answer& answer) override {
        status = answer.status;
        body = answer.body;
      }
      int status = 0;
      std::string body;
    } take;
    if (request.path.starts_with("/openrtb2/bid/")) {
      bidder.bid({request.path.substr(14), request.body, 1, {}}, take);
    } else {
      bidder.get({request.target, "", "", 1, {}}, take);
      forwarded += !request.header(http::Header::x_forwarded_for).empty();
    }
    response.send(http::Answer{take.status, "application/json", take.body, {}});
  }
  ConstantBidder bidder;
  int forwarded = 0;
};

TEST(PlayHttp, KeepsTheSameBooksOverSockets) {
  const base::SystemClock clock;
  http::EventLoop loop(clock);
  Endpoint endpoint;
  telemetry::Metrics metrics;
  http::HttpServer server(loop, endpoint, metrics);
  ASSERT_TRUE(server.listen("127.0.0.1:0"));
  PlayHttp transport(loop, server.bound());
  WorldOptions options;
  options.population.users = 1'000;
  options.notices.win_delay_ms = options.notices.render_delay_ms = 1;
  options.notices.lost_share = options.notices.late_share = 0;
  options.notices.retry_first = std::chrono::milliseconds(5);
  options.start = clock.wall();
  World world(options);
  const base::MonoTime start = clock.mono();
  while (world.report().total().requests < 300 && clock.mono() - start < std::chrono::seconds(20)) {
    world.run_until(clock.wall(), transport);
    loop.poll(std::chrono::milliseconds(1));
  }
  world.stop_traffic();
  while ((!world.settled() || transport.under_way() > 0) && clock.mono() - start < std::chrono::seconds(40)) {
    world.run_until(clock.wall(), transport);
    loop.poll(std::chrono::milliseconds(1));
  }
  ASSERT_TRUE(world.settled());
  const ExchangeReport total = world.report().total();
  EXPECT_EQ(total.answers, total.requests);
  EXPECT_EQ(endpoint.bidder.requests, total.requests);
  EXPECT_GT(world.report().bid_latency.quantile(.5).count(), 0);
  EXPECT_EQ(world.account().total().billed + world.account().total().audits, total.rendered);
  EXPECT_GT(endpoint.forwarded, 0) << "browsers send their address";
}

}  // namespace
}  // namespace bandstand::simulation
