// one_life: a process of Bandstand in one thread and virtual time, on a machine that outlives it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "app/simulate.h"
#include "log/memory_log.h"
#include "serving/control.h"
#include "serving/shard.h"
#include "simulation/faulty_disk.h"
#include "simulation/world_transport.h"

namespace bandstand::app {

/// A catalogue and the text that it was read from.
struct Catalogue {
  domain::CatalogueSnapshot snapshot;
  std::string text;
};

/// What stays when a process goes: time, the disk, and what of the log was flushed.
struct Machine {
  base::ManualClock clock{{1'764'028'800'000'000'000}};  // 2025-11-25 00:00 UTC
  simulation::FaultyDisk disk{1};
  std::shared_ptr<log::MemoryStore> store = log::make_memory_store();
};

/// The last answer.
struct CaughtAnswer final : simulation::AnswerHandler {
  void on_answer(const simulation::Answer& answer) override {
    status = answer.status;
    body = answer.body;
  }
  int status = 0;
  std::string body;
};

/// A text of a JSON answer; "" if there is none of that name.
inline std::string field(const std::string& body, const std::string& name) {
  const auto at = body.find("\"" + name + "\":\"");
  if (at == std::string::npos) return "";
  const auto from = at + name.size() + 4;
  return body.substr(from, body.find('"', from) - from);
}

/// One process, as simulation/local_bandstand has it; it ends as a killed one does unless its control is closed.
class Life final : public simulation::Transport {
 public:
  Life(Machine& machine, const Catalogue& catalogue, serving::ServingSettings settings)
      : machine_(machine),
        settings_(std::move(settings)),
        log_(log::open_memory_log(machine.store, machine.clock)),
        lines_(machine.clock, 2),
        users_(settings_.users_max),
        link_(settings_.decision_ring_bytes) {
    settings_.token_keys.push_back({1, "a key for virtual time only, 32 b"});
    settings_.user_salt = 0x5EED;
    const serving::ControlParts parts{machine.disk, *log_, machine.clock, metrics_, lines_.open("control"), users_};
    auto control = serving::Control::open(settings_, parts, catalogue.snapshot, catalogue.text);
    EXPECT_TRUE(control) << control.error().what;
    control_ = std::move(*control);
  }

  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  /// From here on it serves.
  void begin() {
    serving::ShardOptions options;
    options.node = {1};
    options.boot_epoch = control_->boot_epoch();
    auto signer = ledger::TokenSigner::make(settings_.token_keys);
    shard_ = std::make_unique<serving::Shard>(settings_, options, make_team(settings_, TeamNames{}), users_, *signer,
                                              machine_.clock, shard_metrics_, lines_.open("shard"), link_);
    shard_->on_reply = [this](serving::ReplyTag, int status) { replied_ = status; };
    control_->attach(link_);
    round();
    round();
  }

  void advance_to(base::WallTime now) override {
    while (machine_.clock.wall() < now) {
      machine_.clock.advance(std::min<base::Duration>(std::chrono::milliseconds(5), now - machine_.clock.wall()));
      round();
    }
  }
  bool bid(const simulation::BidCall& call, simulation::AnswerHandler& handler) override {
    body_.assign(call.body);
    body_.append(64, '\0');
    const auto exchange = static_cast<std::uint16_t>(call.exchange == settings_.exchanges[0].name ? 0 : 1);
    const auto reply = shard_->bid(exchange, std::string_view(body_).substr(0, call.body.size()), machine_.clock.mono(),
                                   base::Duration{0});
    handler.on_answer({call.ticket, reply.status, reply.body, base::Duration{0}});
    return true;
  }
  bool get(const simulation::GetCall& call, simulation::AnswerHandler& handler) override {
    const auto query = call.target.find('?');
    const auto reply = shard_->notice(call.target.substr(0, query).substr(6),
                                      query == std::string_view::npos ? "" : call.target.substr(query + 1), 1);
    replied_ = reply.status;
    if (reply.kind == serving::NoticeReply::Kind::later) round();
    handler.on_answer({call.ticket, replied_, {}, base::Duration{0}});
    return true;
  }

  /// The answer's body to a first-party request.
  std::string decide(std::string body) {
    const std::size_t size = body.size();
    body.append(64, '\0');
    return std::string(shard_->decide(std::string_view(body).substr(0, size), machine_.clock.mono(), {}).body);
  }
  /// Follows a link of an answer as an exchange or a browser does, auctions cleared at 1.25; the status.
  int follow(std::string url, const std::string& query) {
    url.erase(0, url.find("/", 8));
    for (auto at = url.find("${"); at != std::string::npos; at = url.find("${"))
      url.replace(at, url.find('}', at) + 1 - at, url.compare(at, 15, "${AUCTION_PRICE") == 0 ? "1.25" : "");
    CaughtAnswer caught;
    get({url + query, "", "", 1, {}}, caught);
    return caught.status;
  }

  serving::Shard& shard() { return *shard_; }
  serving::Control& control() { return *control_; }
  agents::profile::UserTable& users() { return users_; }
  telemetry::Metrics& metrics() { return metrics_; }
  log::Log& log() { return *log_; }
  const serving::ServingSettings& settings() const { return settings_; }

 private:
  void round() {
    shard_->poll();
    ASSERT_TRUE(control_->step());
    shard_->poll();
  }

  Machine& machine_;
  serving::ServingSettings settings_;
  std::unique_ptr<log::Log> log_;
  telemetry::Metrics metrics_, shard_metrics_;
  telemetry::LogWriter lines_;
  agents::profile::UserTable users_;
  std::unique_ptr<serving::Control> control_;
  serving::ShardLink link_;
  std::unique_ptr<serving::Shard> shard_;
  std::string body_;
  int replied_ = 0;
};

}  // namespace bandstand::app
