// local_bandstand: the production shard and control in one thread on virtual time: what the simulator and the bench drive.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "log/memory_log.h"
#include "serving/control.h"
#include "serving/server.h"
#include "serving/shard.h"
#include "simulation/faulty_disk.h"
#include "simulation/world_transport.h"

namespace bandstand::simulation {

/// A whole Bandstand without sockets, threads and files. The clock is its own and moves only through advance_to().
class LocalBandstand final : public Transport {
 public:
  /// `teams` builds the agents (app/wiring). CHECKs that the catalogue opens. Without requests or notices, shard and
  /// control look around once a `round`; longer rounds make quiet days cheap, and leases are renewed all the same
  /// before a request comes.
  LocalBandstand(serving::ServingSettings settings, const serving::TeamFactory& teams, domain::CatalogueSnapshot catalogue,
                 std::string catalogue_text, base::WallTime start,
                 base::Duration round = std::chrono::milliseconds(5));

  void advance_to(base::WallTime now) override;
  bool bid(const BidCall& call, AnswerHandler& handler) override;
  bool get(const GetCall& call, AnswerHandler& handler) override;

  /// One request straight through the shard; the body is copied and padded.
  serving::ShardReply bid_now(std::uint16_t exchange, std::string_view body);
  /// Lets shard and control exchange what is waiting.
  void settle();
  /// Control's clockwork (pacing, publishing) and the shard's (leases) as of now.
  void look_around();

  [[nodiscard]] serving::Control& control() { return *control_; }
  [[nodiscard]] serving::Shard& shard() { return *shard_; }
  [[nodiscard]] telemetry::Metrics& metrics() { return shard_metrics_; }
  [[nodiscard]] base::ManualClock& clock() { return clock_; }
  [[nodiscard]] log::Log& log() { return *log_; }
  [[nodiscard]] const serving::ServingSettings& settings() const { return settings_; }

 private:
  serving::ServingSettings settings_;
  base::ManualClock clock_;
  FaultyDisk disk_;
  std::unique_ptr<log::Log> log_;
  telemetry::Metrics shard_metrics_, control_metrics_;
  telemetry::LogWriter lines_;
  agents::profile::UserTable users_;
  std::unique_ptr<serving::Control> control_;
  serving::ShardLink link_;
  std::unique_ptr<serving::Shard> shard_;
  std::string body_;
  base::Duration round_;
  base::MonoTime next_round_;
  int replied_ = 0;
};

}  // namespace bandstand::simulation
