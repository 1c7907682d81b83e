// control: the slow loop without its thread: the ledger's only writer, the log's, the learners', and what
// shards are told.
//
// 1. All mutable truth of the process lives here and is touched by one thread.
// 2. A round takes what shards have sent, makes it durable in one sync, and only then answers.
// 3. Nothing learned changes a decision before it is published as an immutable snapshot, which is logged
// first.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agents/bid/market_tracker.h"
#include "agents/budget/pacer.h"
#include "agents/creative/creative_tracker.h"
#include "agents/fraud/event_judge.h"
#include "agents/fraud/traffic_watch.h"
#include "agents/profile/user_table.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/disk.h"
#include "domain/zone.h"
#include "ledger/journal.h"
#include "log/log.h"
#include "model/response_monitor.h"
#include "outcomes/anomaly_board.h"
#include "outcomes/matcher.h"
#include "serving/bids_in_flight.h"
#include "serving/learned_keeper.h"
#include "serving/messages.h"
#include "serving/model_shelf.h"
#include "serving/published_creative.h"
#include "serving/recent_decisions.h"
#include "serving/settings.h"
#include "serving/shard.h"
#include "serving/user_vector_feed.h"
#include "telemetry/catalogue.h"
#include "telemetry/log.h"

namespace bandstand::serving {

/// What a control needs from outside. All outlive it.
struct ControlParts {
  base::Disk& disk;
  log::Log& log;
  const base::Clock& clock;
  telemetry::Metrics& metrics;
  telemetry::Log& lines;
  agents::profile::UserTable& users;
};

/// Sums for reports and the status page.
struct ControlTotals {
  std::uint64_t decisions_logged = 0, decisions_dropped = 0;
  std::uint64_t wins = 0, losses = 0, bills = 0, clicks = 0, conversions = 0;
  std::uint64_t bids_won = 0;  ///< bids that turned out won, by whatever notice said so first
  std::uint64_t conflicts = 0, refused_notices = 0, duplicates = 0;
  std::uint64_t suspicious = 0;  ///< events of browsers that the judge marked, by any of its rules
  base::Nanos reward;  ///< settled outcomes, by outcomes/rewards
  std::uint64_t rounds = 0, syncs = 0;
};

/// By line item: how often targeting refused it, for each reason.
using RefusalCounts = std::unordered_map<std::uint32_t, std::array<std::uint64_t, domain::kRefusals>>;

/// Which snapshots are being served; 0 = none yet.
struct ServedVersions {
  std::uint64_t catalogue = 0;
  std::uint32_t pacing = 0, creative = 0, creative_learned = 0, market = 0, oversight = 0;
};

class Control {
 public:
  /// Opens topics and ledger (recovering both) and takes the first catalogue. Errors: those of the log and
  /// the journal.
  static base::Result<std::unique_ptr<Control>> open(const ServingSettings& settings,
                                                     const ControlParts& parts,
                                                     domain::CatalogueSnapshot catalogue,
                                                     std::string_view catalogue_text);

  /// Before the shards start. The link outlives the control.
  void attach(ShardLink& link);
  /// A new catalogue (already checked): budgets follow, campaigns keep their state.
  void replace_catalogue(domain::CatalogueSnapshot catalogue, std::string_view text);
  /// The fraud agents' lists (already checked), from the next publication on.
  void replace_fraud_lists(std::shared_ptr<const agents::fraud::FraudLists> lists);
  /// Opens the shelf of models: what was rolled out before a restart answers again. Without it, models() is nullptr and none can
  /// be published. Errors: those of the log.
  base::Result<std::monostate> serve_models(ModelReader reader);
  [[nodiscard]] const ModelShelf* models() const { return shelf_.get(); }
  /// As of ModelShelf; shards are told at once.
  tl::expected<std::uint32_t, ModelRefusal> publish_model(ModelAgent agent, std::string_view bytes);
  tl::expected<bool, ModelRefusal> roll_out(ModelAgent agent, std::uint32_t version, orchestrator::Rollout rollout,
                                            std::string_view evaluation, std::string_view override_reason);
  tl::expected<std::uint32_t, ModelRefusal> roll_back(ModelAgent agent);
  /// Forgets a user by the id that requests name it by: profile, vector, counts of caps, and whose its open bids were. Logs keep
  /// what they hold. True if anything was known. Linear in the open bids.
  bool erase_user(std::string_view id);
  /// In force at once, and kept on disk. An error means that the disk would not take them: they hold until a
  /// restart.
  base::Result<std::monostate> set_kill_switches(const agents::oversight::KillSwitches& kill);
  [[nodiscard]] const agents::oversight::KillSwitches& kill_switches() const { return oversight_->kill; }

  /// One round. Returns how many messages it took. Errors are final: the process must stop and recover.
  base::Result<std::size_t> step();
  /// True if a shard was sent something since the last call: wake its loop.
  bool take_wake(std::size_t shard);

  /// Flushes the log, snapshots the ledger and keeps what was learned; for shutdown.
  base::Result<std::monostate> close();

  [[nodiscard]] const ledger::Journal& journal() const { return *journal_; }
  [[nodiscard]] const domain::Catalogue& catalogue() const { return *catalogue_; }
  [[nodiscard]] const agents::budget::Pacer& pacer() const { return *pacer_; }
  [[nodiscard]] const outcomes::Matcher& matcher() const { return matcher_; }
  [[nodiscard]] const agents::bid::MarketTracker& market() const { return market_; }
  /// The laws that are served; nullptr before there are any.
  [[nodiscard]] const agents::bid::MarketSnapshotPtr& market_snapshot() const { return market_snapshot_; }
  [[nodiscard]] const agents::creative::ResponseModel& response_model() const { return board_->model(); }
  /// What the published creative model has become, as it is served; nullptr: none answers.
  [[nodiscard]] const agents::creative::ResponseModel* published_model() const {
    return published_creative_.board() == nullptr ? nullptr : &published_creative_.board()->model();
  }
  [[nodiscard]] const outcomes::AnomalyBoard& anomalies() const { return anomalies_; }
  [[nodiscard]] const agents::fraud::TrafficWatch& traffic_watch() const { return watch_; }
  [[nodiscard]] const ControlTotals& totals() const { return totals_; }
  [[nodiscard]] ledger::BudgetDay today(std::uint32_t campaign) const { return today_[campaign]; }
  [[nodiscard]] const RecentDecisions& recent_decisions() const { return recent_; }
  /// Since the start; line items that have left the catalogue are dropped. Some seconds behind.
  [[nodiscard]] const RefusalCounts& refusals() const { return refusals_; }
  [[nodiscard]] const ServingSettings& settings() const { return settings_; }
  /// Called about once a second from step(), after the metrics are up to date.
  std::function<void()> on_second;
  [[nodiscard]] ServedVersions versions() const;
  /// Sum over all accounts of all campaigns; anything but 0 is a bug. Linear in the campaigns.
  [[nodiscard]] base::Nanos imbalance() const;
  /// Changes with every start of the process: part of the ids of decisions.
  [[nodiscard]] std::uint64_t boot_epoch() const { return journal_->ledger().epoch(); }

 private:
  struct Waiting {
    std::size_t shard = 0;
    ToControl message;
  };

  Control(const ServingSettings& settings, const ControlParts& parts);
  base::Result<std::monostate> open_topics();
  void load_switches();
  void restore_learned();
  void restore_by_campaign();
  LearnedKeeper::Sources what_to_keep();
  [[nodiscard]] std::vector<std::string> names_of_exchanges() const;
  base::Result<std::monostate> fund();
  bool refresh_days();
  void take_sightings();
  std::size_t take_bids();
  std::size_t take_messages();
  void judge(ToControl& message);
  base::Result<std::monostate> run_commands();
  void deliver(const Waiting& waiting, const ledger::Answer* answer);
  void tell_owner(const ledger::Answer& answer);
  void record_event(const domain::Event& event, const ledger::Answer* answer);
  void take_visits();
  void take_learning();
  void take_outcomes();
  void learn(const domain::Outcome& outcome);
  void watch_response(const domain::Outcome& outcome);
  void learn_price(const domain::Outcome& outcome, const domain::LineItem* item);
  void learn_interest(const domain::Event& event);
  void watch();
  base::Result<std::monostate> keep_time();
  void publish();
  void adopt_models();
  void adopt_creative_model(const ServedModel& creative);
  void adopt_bid_model(const ServedModel& bid);
  void lay_out_news();
  void publish_board();
  void publish_learned_board();
  void log_snapshot(std::string_view kind, std::uint64_t version, std::string_view content);
  void send(std::size_t shard, ToShard message);
  [[nodiscard]] double cost_of_bid(double bid) const;
  void refresh_costs();
  void export_metrics();
  void count_notice(const domain::Event& event, const ledger::Answer* answer);

  const ServingSettings& settings_;
  ControlParts parts_;
  std::unique_ptr<ledger::Journal> journal_;
  std::unique_ptr<log::Partition> decisions_, events_, snapshots_;
  std::vector<ShardLink*> links_;
  std::vector<char> wake_;
  std::vector<std::vector<ToShard>> unsent_;  ///< what a full mailbox did not take; tried again each round

  domain::CatalogueSnapshot catalogue_;
  std::shared_ptr<const agents::targeting::TargetingIndex> targeting_;
  std::shared_ptr<const agents::oversight::OversightSnapshot> oversight_;
  std::shared_ptr<const agents::fraud::FraudLists> fraud_;
  std::vector<domain::Zone> zones_;  ///< by campaign
  std::vector<ledger::BudgetDay> today_;
  std::unique_ptr<agents::budget::Pacer> pacer_;
  agents::bid::MarketTracker market_;
  std::unique_ptr<agents::creative::CreativeTracker> creative_;
  outcomes::Matcher matcher_;
  agents::fraud::EventJudge judge_;
  agents::fraud::TrafficWatch watch_;
  agents::fraud::WatchlistPtr watchlist_;
  outcomes::AnomalyBoard anomalies_;
  BidsInFlight in_flight_;
  LearnedKeeper keeper_;
  Learned learned_;                  ///< by the life before; empty once it is taken over
  std::uint32_t first_version_ = 0;  ///< of this life: above all that the log knows
  agents::bid::MarketSnapshotPtr market_snapshot_;
  agents::creative::ResponseBoardPtr board_;
  std::unique_ptr<ModelShelf> shelf_;
  PublishedCreative published_creative_;
  UserVectorFeed vectors_;
  std::vector<VisitMessage> withdrawn_;
  model::ResponseMonitor response_watch_{20'000};
  std::vector<model::ResponseMonitor> device_watch_ =  ///< by domain::DeviceType
      std::vector<model::ResponseMonitor>(domain::kDeviceTypes, model::ResponseMonitor(5'000));

  std::vector<Waiting> waiting_;
  std::vector<ledger::Command> commands_;
  std::vector<domain::Outcome> outcomes_;
  std::vector<agents::budget::MoneyState> money_;
  std::vector<float> costs_;  ///< expected cost on worths_
  std::vector<double> worths_;
  double first_price_share_ = 0.5;
  std::string bytes_;
  base::MonoTime next_pace_, next_flush_, next_publish_, next_metrics_;
  bool news_ = true;
  std::uint64_t auctions_seen_ = 0;
  ControlTotals totals_;
  RecentDecisions recent_;
  RefusalCounts refusals_;
};

}  // namespace bandstand::serving
