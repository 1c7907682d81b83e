// local_bandstand: time, requests and notices in the order in which the world makes them happen.
#include "simulation/local_bandstand.h"

#include "base/check.h"

namespace bandstand::simulation {
namespace {

constexpr base::Duration kQuiet = std::chrono::milliseconds(20);  // the shard looks after its leases this often

}  // namespace

LocalBandstand::LocalBandstand(serving::ServingSettings settings, const serving::TeamFactory& teams,
                               domain::CatalogueSnapshot catalogue, std::string catalogue_text, base::WallTime start,
                               base::Duration round)
    : settings_(std::move(settings)), clock_(start), disk_(1), log_(log::open_memory_log(log::make_memory_store(), clock_)),
      lines_(clock_, 2), users_(settings_.users_max), link_(settings_.decision_ring_bytes), round_(round) {
  if (settings_.token_keys.empty()) settings_.token_keys.push_back({1, "a key for virtual time only, 32 b"});
  if (settings_.user_salt == 0) settings_.user_salt = 0x5EED;
  serving::ControlParts parts{disk_, *log_, clock_, control_metrics_, lines_.open("control"), users_};
  auto control = serving::Control::open(settings_, parts, std::move(catalogue), catalogue_text);
  BANDSTAND_CHECK(control.has_value());
  control_ = std::move(*control);
  serving::ShardOptions options;
  options.node = {1};
  options.boot_epoch = control_->boot_epoch();
  auto signer = ledger::TokenSigner::make(settings_.token_keys);
  BANDSTAND_CHECK(signer.has_value());
  shard_ = std::make_unique<serving::Shard>(settings_, options, teams(settings_), users_, *signer, clock_, shard_metrics_,
                                            lines_.open("shard"), link_);
  shard_->on_reply = [this](serving::ReplyTag, int status) { replied_ = status; };
  control_->attach(link_);
  settle();
}

void LocalBandstand::settle() {
  for (int i = 0; i < 3; ++i) {
    BANDSTAND_CHECK(control_->step().has_value());
    shard_->poll();
  }
}

void LocalBandstand::advance_to(base::WallTime now) {
  while (clock_.wall() < now) {
    const base::Duration left = now - clock_.wall();
    const base::Duration to_round = next_round_ - clock_.mono();
    if (to_round > left) {
      clock_.advance(left);
      return;
    }
    if (to_round.count() > 0) clock_.advance(to_round);
    next_round_ = clock_.mono() + round_;
    look_around();
  }
}

void LocalBandstand::look_around() {
  shard_->poll();
  BANDSTAND_CHECK(control_->step().has_value());
  shard_->poll();
}

serving::ShardReply LocalBandstand::bid_now(std::uint16_t exchange, std::string_view body) {
  body_.assign(body);
  body_.append(64, '\0');
  if (round_ > kQuiet) look_around();
  return shard_->bid(exchange, std::string_view(body_).substr(0, body.size()), clock_.mono(), base::Duration{0});
}

bool LocalBandstand::bid(const BidCall& call, AnswerHandler& handler) {
  std::size_t exchange = 0;
  while (exchange < settings_.exchanges.size() && settings_.exchanges[exchange].name != call.exchange) ++exchange;
  if (exchange == settings_.exchanges.size()) {
    handler.on_answer({call.ticket, 404, {}, base::Duration{0}});
    return true;
  }
  const serving::ShardReply reply = bid_now(static_cast<std::uint16_t>(exchange), call.body);
  handler.on_answer({call.ticket, reply.status, reply.body, base::Duration{0}});
  return true;
}

bool LocalBandstand::get(const GetCall& call, AnswerHandler& handler) {
  const auto query = call.target.find('?');
  const std::string_view path = call.target.substr(0, query);
  int status = 404;
  if (path.substr(0, 6) == "/n/v1/" || path.substr(0, 6) == "/e/v1/") {
    const auto reply = shard_->notice(path.substr(6), query == std::string_view::npos ? "" : call.target.substr(query + 1), 1);
    status = reply.status;
    if (reply.kind == serving::NoticeReply::Kind::later) {
      replied_ = 0;
      for (int i = 0; i < 4 && replied_ == 0; ++i) {
        BANDSTAND_CHECK(control_->step().has_value());
        shard_->poll();
      }
      status = replied_;
    }
  }
  handler.on_answer({call.ticket, status, {}, base::Duration{0}});
  return true;
}

}  // namespace bandstand::simulation
