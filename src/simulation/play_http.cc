// play_http: headers and paths; the client does the rest.
#include "simulation/play_http.h"

namespace bandstand::simulation {

class PlayHttp::Bridge final : public serving::http::ReplyHandler {
 public:
  void on_reply(const serving::http::Reply& reply) override {
    handler->on_answer({reply.token, reply.status, reply.body, reply.latency});
  }
  AnswerHandler* handler = nullptr;
};

PlayHttp::PlayHttp(serving::http::EventLoop& loop, const serving::http::Address& server,
                   const PlayHttpOptions& options)
    : bridge_(std::make_unique<Bridge>()),
      loop_(loop),
      bids_(loop, server, *bridge_, options.bids),
      notices_(loop, server, *bridge_, options.notices) {}
PlayHttp::~PlayHttp() = default;

namespace {

/// When it should have left, on the loop's monotonic clock: latency counts from there.
base::MonoTime due_of(base::WallTime due, const base::Clock& clock) {
  const base::Duration late = clock.wall() - due;
  return clock.mono() + (late > base::Duration{0} ? -late : base::Duration{0});
}

}  // namespace

bool PlayHttp::bid(const BidCall& call, AnswerHandler& handler) {
  bridge_->handler = &handler;
  target_.assign("/openrtb2/bid/");
  target_ += call.exchange;
  serving::http::Call out;
  out.target = target_;
  out.headers = "Content-Type: application/json\r\nx-openrtb-version: 2.6\r\n";
  out.body = call.body;
  out.token = call.ticket;
  out.due = due_of(call.due, loop_.clock());
  return bids_.submit(out);
}

bool PlayHttp::get(const GetCall& call, AnswerHandler& handler) {
  bridge_->handler = &handler;
  headers_.assign("User-Agent: ");
  headers_ += call.user_agent;
  headers_ += "\r\n";
  if (!call.address.empty()) {
    headers_ += "X-Forwarded-For: ";
    headers_ += call.address;
    headers_ += "\r\n";
  }
  serving::http::Call out;
  out.method = "GET";
  out.target = call.target;
  out.headers = headers_;
  out.token = call.ticket;
  out.due = due_of(call.due, loop_.clock());
  return notices_.submit(out);
}

std::size_t PlayHttp::under_way() const { return bids_.under_way() + notices_.under_way(); }

}  // namespace bandstand::simulation
