// world_test_bidder: the simplest bidder that the world can play against: a constant price on every
// impression. For tests and for measuring the world alone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "simulation/world_transport.h"

namespace bandstand::simulation {

/// Answers at once. Bids on the first impression only; finds id and imp by scanning, not by parsing.
class ConstantBidder : public Transport {
 public:
  std::string price = "2.5";
  bool with_burl = true;
  int bid_every = 1;  ///< every n-th request; the others get 204
  bool keep_bodies = false, keep_targets = false;
  /// Status for a GET by its target; default: 204, clicks 302.
  std::function<int(std::string_view)> on_get;

  std::uint64_t requests = 0, gets = 0;
  std::vector<std::string> bodies, targets;
  base::WallTime now;

  void advance_to(base::WallTime t) override { now = t; }

  bool bid(const BidCall& call, AnswerHandler& handler) override {
    ++requests;
    if (keep_bodies) bodies.emplace_back(call.body);
    if (requests % static_cast<std::uint64_t>(bid_every) != 0) {
      handler.on_answer({call.ticket, 204, {}, base::Duration{0}});
      return true;
    }
    const std::string_view id = text_after(call.body, "\"id\":\"");
    write_response(id, call.exchange);
    handler.on_answer({call.ticket, 200, response_, base::Duration{0}});
    return true;
  }

  bool get(const GetCall& call, AnswerHandler& handler) override {
    ++gets;
    if (keep_targets) targets.emplace_back(call.target);
    const bool click = call.target.find("/c-") != std::string_view::npos;
    const int status = on_get ? on_get(call.target) : click ? 302 : 204;
    handler.on_answer({call.ticket, status, {}, base::Duration{0}});
    return true;
  }

 private:
  static std::string_view text_after(std::string_view text, std::string_view name) {
    const std::size_t at = text.find(name) + name.size();
    return text.substr(at, text.find('"', at) - at);
  }

  void write_response(std::string_view id, std::string_view exchange) {
    const std::string host = "https://ads.example:8080";
    const std::string name(id);
    response_ = "{\"id\":\"" + name + "\",\"bidid\":\"d-" + name +
                "\",\"cur\":\"USD\",\"seatbid\":[{\"seat\":\"s1\",\"bid\":[{";
    response_ += "\"id\":\"b-" + name + "\",\"impid\":\"1\",\"price\":" + price + ",\"cid\":\"7" +
                 std::string(exchange.substr(0, 1)) + "\",\"crid\":\"" + std::to_string(1 + requests % 4) +
                 "\",\"adomain\":[\"acme.example\"],";
    response_ += "\"nurl\":\"" + host + "/n/v1/w-" + name + "?p=${AUCTION_PRICE}&w=${AUCTION_MIN_TO_WIN}\",";
    if (with_burl) response_ += "\"burl\":\"" + host + "/n/v1/b-" + name + "?p=${AUCTION_PRICE}\",";
    response_ += "\"lurl\":\"" + host + "/n/v1/l-" + name + "?l=${AUCTION_LOSS}&w=${AUCTION_MIN_TO_WIN}\",";
    response_ += "\"adm\":\"<a href=\\\"" + host + "/e/v1/c-" + name + "\\\">x</a><img src=\\\"" + host +
                 "/e/v1/i-" + name + "?p=${AUCTION_PRICE}\\\">\",\"ext\":{\"conversion_url\":\"" + host +
                 "/e/v1/v-" + name + "\"}}]}]}";
  }

  std::string response_;
};

}  // namespace bandstand::simulation
