// play_http: the wire to a running server: the world's requests over HTTP/1.1 connections, answers when they
// come.
#pragma once

#include <memory>
#include <string>

#include "serving/http/client.h"
#include "serving/http/event_loop.h"
#include "simulation/world_transport.h"

namespace bandstand::simulation {

struct PlayHttpOptions {
  serving::http::ClientOptions bids{.connections = 8, .pipeline_max = 1};
  /// Notices have connections of their own: their answers wait for the disk.
  serving::http::ClientOptions notices{.connections = 8, .pipeline_max = 1};
};

/// Lives on the loop's thread; the loop, the handler given to bid() and get() (one and the same) outlive it.
class PlayHttp final : public Transport {
 public:
  PlayHttp(serving::http::EventLoop& loop, const serving::http::Address& server,
           const PlayHttpOptions& options = {});
  ~PlayHttp() override;

  bool bid(const BidCall& call, AnswerHandler& handler) override;
  bool get(const GetCall& call, AnswerHandler& handler) override;
  /// Sent, or waiting to be, and not answered.
  [[nodiscard]] std::size_t under_way() const;

 private:
  class Bridge;
  std::unique_ptr<Bridge> bridge_;
  serving::http::EventLoop& loop_;
  serving::http::HttpClient bids_, notices_;
  std::string target_, headers_;
};

}  // namespace bandstand::simulation
