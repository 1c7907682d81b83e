// control: rounds of take, make durable, answer, learn, publish.
#include "serving/control.h"

#include <algorithm>
#include <cmath>

#include "agents/bid/control_policy.h"
#include "agents/profile/interests.h"
#include "base/hash.h"
#include "domain/frequency.h"
#include "domain/topic.h"
#include "orchestrator/policies.h"
#include "outcomes/rewards.h"
#include "protocol/event/event_codec.h"
#include "serving/kill_switches.h"

namespace bandstand::serving {
namespace {

using base::MonoTime;
using base::Nanos;
using domain::EventKind;

constexpr base::Duration kPaceEvery = std::chrono::milliseconds(250);
constexpr base::Duration kFlushEvery = std::chrono::milliseconds(100);
constexpr base::Duration kMetricsEvery = std::chrono::seconds(1);
constexpr std::size_t kMessagesARound = 4096;  // group commit: also the most that wait for one sync
constexpr int kWorths = 96;
constexpr int kVisitsARound = 16'384;  // of a shard: a full mailbox
constexpr int kRoundsToDrain = 8;
constexpr std::int64_t kVersionsBegin_s = 1'735'689'600;  // 2025-01-01: four versions a second last until 2059

/// A key that repeats with its content: funding twice is harmless, funding anew is not refused.
ledger::IdempotencyKey key_of(std::uint32_t campaign, std::int64_t from, std::int64_t to,
                              std::uint64_t what) {
  return {what << 32 | campaign,
          base::mix64(base::mix64(static_cast<std::uint64_t>(from)) ^ static_cast<std::uint64_t>(to))};
}

/// Told by a browser or a player, and not by an exchange's server.
bool is_of_a_browser(EventKind kind) {
  return kind != EventKind::win && kind != EventKind::bill && kind != EventKind::loss;
}

telemetry::NoticeKind label_of(EventKind kind) {
  switch (kind) {
    case EventKind::win: return telemetry::NoticeKind::win;
    case EventKind::bill: return telemetry::NoticeKind::bill;
    case EventKind::loss: return telemetry::NoticeKind::loss;
    case EventKind::impression: return telemetry::NoticeKind::impression;
    case EventKind::view: return telemetry::NoticeKind::view;
    case EventKind::click: return telemetry::NoticeKind::click;
    case EventKind::conversion: return telemetry::NoticeKind::conversion;
    default: return telemetry::NoticeKind::video;
  }
}

}  // namespace

Control::Control(const ServingSettings& settings, const ControlParts& parts)
    : settings_(settings),
      parts_(parts),
      market_(agents::bid::MarketTracker::Options{}),
      matcher_(settings.matcher),
      watch_(settings.watch),
      in_flight_(parts.users, settings.frequency_hold),
      keeper_(settings, {parts.disk, parts.clock, parts.metrics, parts.lines, parts.users}, what_to_keep()),
      vectors_(parts.clock, parts.metrics, settings.users_max),
      recent_(settings.recent_decisions) {
  oversight_ = std::make_shared<agents::oversight::OversightSnapshot>();
  creative_ =
      std::make_unique<agents::creative::CreativeTracker>(agents::creative::CreativeTracker::Options{});
  for (int i = 0; i < kWorths; ++i)
    worths_.push_back(1e4 * std::pow(1e4, static_cast<double>(i) / (kWorths - 1)));
  costs_.assign(worths_.size(), 0.0f);
}

base::Result<std::unique_ptr<Control>> Control::open(const ServingSettings& settings,
                                                     const ControlParts& parts,
                                                     domain::CatalogueSnapshot catalogue,
                                                     std::string_view catalogue_text) {
  auto control = std::unique_ptr<Control>(new Control(settings, parts));
  BANDSTAND_TRY_VOID(control->open_topics());
  ledger::JournalOptions journal;
  journal.ledger = settings.ledger;
  journal.ledger.nodes = std::max(1u, settings.shards);
  auto opened =
      ledger::Journal::open(parts.log, parts.disk, journal, {parts.clock.mono(), parts.clock.wall()});
  if (!opened) return opened.error();
  control->journal_ = std::move(*opened);
  control->load_switches();
  control->restore_learned();
  control->replace_catalogue(std::move(catalogue), catalogue_text);
  if (control->journal_->failed())
    return base::fail(base::Code::unavailable, "the ledger could not be written");
  control->restore_by_campaign();
  return control;
}

base::Result<std::monostate> Control::open_topics() {
  log::TopicOptions money;
  BANDSTAND_TRY_VOID(parts_.log.create_topic("ledger", money));
  log::TopicOptions records;
  records.retention_bytes = 2ull << 30;
  const auto open = [&](const char* topic,
                        std::unique_ptr<log::Partition>& out) -> base::Result<std::monostate> {
    records.record_bytes_max = 16u << 20;
    BANDSTAND_TRY_VOID(parts_.log.create_topic(topic, records));
    auto partition = parts_.log.open_partition(topic, 0);
    if (!partition) return partition.error();
    out = std::move(*partition);
    return std::monostate{};
  };
  BANDSTAND_TRY_VOID(open("decisions", decisions_));
  BANDSTAND_TRY_VOID(open("events", events_));
  BANDSTAND_TRY_VOID(open("snapshots", snapshots_));
  return std::monostate{};
}

void Control::attach(ShardLink& link) {
  links_.push_back(&link);
  wake_.push_back(0);
  unsent_.emplace_back();
  publish();
}

void Control::replace_catalogue(domain::CatalogueSnapshot catalogue, std::string_view text) {
  catalogue_ = std::move(catalogue);
  std::erase_if(refusals_,
                [&](const auto& one) { return catalogue_->line_item_index.count(one.first) == 0; });
  zones_.clear();
  for (const auto& campaign : catalogue_->campaigns) {
    auto zone = domain::Zone::load(campaign.time_zone);
    zones_.push_back(zone ? *zone : domain::Zone{});
  }
  today_.assign(catalogue_->campaigns.size(), {});
  refresh_days();
  if (const auto funded = fund(); !funded)
    parts_.lines.error("budgets were not taken over", funded.error().what);
  if (pacer_ == nullptr) {
    pacer_ = std::make_unique<agents::budget::Pacer>(settings_.pacing, catalogue_);
  } else {
    pacer_->adopt(catalogue_);
  }
  agents::targeting::TargetingOptions targeting;
  for (const auto& exchange : settings_.exchanges) targeting.seats.push_back(exchange.seat);
  targeting.policy = orchestrator::kTargetingIndex;
  targeting_ = agents::targeting::TargetingIndex::build(catalogue_, targeting);
  creative_->adopt(catalogue_);
  board_ = std::make_shared<agents::creative::ResponseBoard>(
      catalogue_,
      board_ != nullptr              ? creative_->publish()
      : learned_.creative != nullptr ? learned_.creative
                                     : std::make_shared<agents::creative::ResponseModel>());
  log_snapshot("catalogue", catalogue_->version, text);
  log_snapshot("creative", board_->model().version(), board_->model().encode());
  if (published_creative_.tracker() != nullptr) {
    published_creative_.tracker()->adopt(catalogue_);
    publish_learned_board();
  }
  next_pace_ = {};
  parts_.metrics.catalogue_line_items.set(static_cast<std::int64_t>(catalogue_->line_items.size()));
  publish();
}

/// What was stopped before the restart is stopped after it; if nobody can tell what it was, everything is.
void Control::load_switches() {
  auto next = std::make_shared<agents::oversight::OversightSnapshot>(*oversight_);
  if (auto kept = load_kill_switches(parts_.disk)) {
    next->kill = std::move(*kept);
  } else {
    next->kill.everything = true;
    parts_.lines.error("kill switches were not readable: everything is stopped", kept.error().what);
  }
  oversight_ = std::move(next);
}

/// Goes on where the life before left off. What it served is served again, under a number of its own, since the log must not know
/// two snapshots by one number.
void Control::restore_learned() {
  // At most a snapshot a pacing step, so that seconds outrun versions. A first life counts from 1.
  if (snapshots_->end() > 0) {
    const std::int64_t seconds = parts_.clock.wall().seconds() - kVersionsBegin_s;
    first_version_ = static_cast<std::uint32_t>(4 * std::max<std::int64_t>(0, seconds));
  }
  learned_ = keeper_.restore();
  published_creative_.start_at(first_version_);
  published_creative_.keep_for_first(std::move(learned_.published));
  using agents::bid::MarketSnapshot;
  using agents::creative::ResponseModel;
  using telemetry::LearnedKind;
  if (learned_.header.at.ns != 0) first_price_share_ = learned_.header.first_price_share;
  if (const auto& kept = learned_.market; kept != nullptr) {
    const auto version = std::max(first_version_, kept->version() + 1);
    market_snapshot_ = std::make_shared<const MarketSnapshot>(
        version, std::vector(kept->markets().begin(), kept->markets().end()), kept->q_table());
    market_.restore(*market_snapshot_);
    if (!learned_.evidence.empty()) {
      const auto restored = market_.restore_evidence(learned_.evidence, [&](std::uint16_t number) {
        return exchange_now(number, learned_.header.exchanges, names_of_exchanges());
      });
      keeper_.count(LearnedKind::evidence, restored ? nullptr : &restored.error());
    }
    log_snapshot("market", version, market_snapshot_->encode());
    refresh_costs();
  } else if (first_version_ > 0) {
    market_.restore(MarketSnapshot(first_version_, {}, {}));
  }
  if (const auto& kept = learned_.creative; kept != nullptr) {
    learned_.creative = std::make_shared<const ResponseModel>(
        std::max(first_version_, kept->version() + 1), kept->base_logit(), kept->base_conversions(), kept->weights(),
        kept->line_items());
    creative_->restore(*learned_.creative);
    if (!learned_.figures.empty()) {
      const auto restored = creative_->restore_figures(learned_.figures);
      keeper_.count(LearnedKind::figures, restored ? nullptr : &restored.error());
    }
  } else if (first_version_ > 0) {
    const ResponseModel untaught;
    creative_->restore({first_version_, untaught.base_logit(), untaught.base_conversions(), untaught.weights(), {}});
  }
}

/// The parts that need the catalogue.
void Control::restore_by_campaign() {
  using telemetry::LearnedKind;
  pacer_->start_at(first_version_);
  watch_.start_at(first_version_);
  const auto now = parts_.clock.wall();
  if (!learned_.pacing.empty()) {
    const auto restored = pacer_->restore(learned_.pacing, now);
    keeper_.count(LearnedKind::pacing, restored ? nullptr : &restored.error());
  }
  if (!learned_.open_bids.empty() && learned_.header.exchanges == names_of_exchanges()) {
    const auto restored = matcher_.restore(learned_.open_bids, now);
    keeper_.count(LearnedKind::open_bids, restored ? nullptr : &restored.error());
  }
  if (learned_.header.at.ns != 0) {
    telemetry::Line line;
    line.msg = "went on from what was learned before";
    line.value = (now - learned_.header.at) / std::chrono::seconds(1);
    line.unit = "s ago";
    parts_.lines.write(line);
  }
  learned_ = {};
}

std::vector<std::string> Control::names_of_exchanges() const {
  std::vector<std::string> names;
  for (const auto& exchange : settings_.exchanges) names.push_back(exchange.name);
  return names;
}

LearnedKeeper::Sources Control::what_to_keep() {
  LearnedKeeper::Sources out;
  out.header = [this] {
    return LearnedHeader{parts_.clock.wall(), first_price_share_, names_of_exchanges()};
  };
  out.market = [this] { return market_snapshot_ == nullptr ? std::string{} : market_snapshot_->encode(); };
  out.evidence = [this] { return market_.encode(); };
  out.creative = [this] { return board_->model().encode(); };
  out.figures = [this] { return creative_->encode(); };
  out.published = [this] { return published_creative_.encode(); };
  out.pacing = [this] { return pacer_->encode(); };
  out.open_bids = [this] { return matcher_.encode(); };
  return out;
}

void Control::replace_fraud_lists(std::shared_ptr<const agents::fraud::FraudLists> lists) {
  fraud_ = std::move(lists);
  publish();
}

// ---- models
// --------------------------------------------------------------------------------------------------------------

base::Result<std::monostate> Control::serve_models(ModelReader reader) {
  BANDSTAND_TRY(shelf, ModelShelf::open(parts_.log, parts_.clock, std::move(reader)));
  shelf_ = std::move(shelf);
  if (!shelf_->trouble().empty()) parts_.lines.error("a model is not served", shelf_->trouble());
  adopt_models();
  return std::monostate{};
}

/// The shelf has changed, or was opened.
void Control::adopt_models() {
  adopt_creative_model((*shelf_->served())[static_cast<std::size_t>(ModelAgent::creative)]);
  vectors_.adopt((*shelf_->served())[static_cast<std::size_t>(ModelAgent::profile)]);
  adopt_bid_model((*shelf_->served())[static_cast<std::size_t>(ModelAgent::bid)]);
  const ServedModel& fraud = (*shelf_->served())[static_cast<std::size_t>(ModelAgent::fraud)];
  if (fraud.version == 0) {
    watch_.set_model(settings_.watch.model, 0, true);
  } else {
    watch_.set_model(std::dynamic_pointer_cast<const agents::fraud::FraudModel>(fraud.model), fraud.version,
                     fraud.rollout.mode == orchestrator::Mode::live);
  }
  for (std::size_t i = 0; i < kModelAgents; ++i)
    parts_.metrics.model_version.set((*shelf_->served())[i].version, static_cast<telemetry::ModelAgent>(i));
  publish();
}

void Control::adopt_creative_model(const ServedModel& creative) {
  const auto& models = shelf_->seat(ModelAgent::creative).models;
  const std::string id = creative.version == 0 ? std::string{} : models[creative.version - 1].id;
  const auto change = published_creative_.adopt(creative, id, catalogue_);
  if (change.adopted == PublishedCreative::Adopted::unchanged) return;
  response_watch_.forget_reference();
  if (!change.kept || change.adopted == PublishedCreative::Adopted::from_kept)
    keeper_.count(telemetry::LearnedKind::published, change.kept ? nullptr : &change.kept.error());
  if (published_creative_.tracker() != nullptr) publish_learned_board();
}

/// The pacer asks the residual as each window turns.
void Control::adopt_bid_model(const ServedModel& bid) {
  if (const auto policy = std::dynamic_pointer_cast<const agents::bid::ControlPolicy>(bid.model); policy != nullptr) {
    pacer_->use_residual([policy](const agents::budget::PaceReading& at) {
      return static_cast<float>(policy->step({.traffic_left = at.traffic_left,
                                              .budget_left = at.budget_left,
                                              .budget_log = at.budget_log,
                                              .spent_log = at.spent_log,
                                              .spent_log_before = at.spent_log_before,
                                              .win_rate = at.win_rate,
                                              .value_log = at.value_log,
                                              .price_log = at.price_log,
                                              .mu_log = at.mu_log}));
    });
  } else {
    pacer_->use_residual({});
  }
}

/// What learners have to say goes into snapshots, for shards and for the file `learned`.
void Control::lay_out_news() {
  if (market_.has_news() || market_snapshot_ == nullptr) {
    market_snapshot_ = market_.publish();
    log_snapshot("market", market_snapshot_->version(), market_snapshot_->encode());
    refresh_costs();
  }
  if (creative_->has_news()) publish_board();
  if (auto* published = published_creative_.tracker(); published != nullptr && published->has_news()) publish_learned_board();
}

/// What was learned, laid out for the catalogue that board_ is for; in the log first.
void Control::publish_board() {
  board_ = std::make_shared<agents::creative::ResponseBoard>(*board_, creative_->publish());
  log_snapshot("creative", board_->model().version(), board_->model().encode());
}

void Control::publish_learned_board() {
  const auto board = published_creative_.publish(*board_);
  log_snapshot("creative_learned", board->model().version(), board->model().encode());
}

namespace {

tl::unexpected<ModelRefusal> no_shelf() {
  return tl::unexpected<ModelRefusal>(ModelRefusal{base::Code::unavailable, "this server serves no models"});
}

}  // namespace

tl::expected<std::uint32_t, ModelRefusal> Control::publish_model(ModelAgent agent, std::string_view bytes) {
  if (shelf_ == nullptr) return no_shelf();
  auto published = shelf_->publish(agent, bytes);
  parts_.metrics.models.add(static_cast<telemetry::ModelAgent>(agent),
                            published ? telemetry::ModelResult::published : telemetry::ModelResult::refused);
  if (!published) parts_.lines.warning("a model was refused", published.error().what);
  return published;
}

tl::expected<bool, ModelRefusal> Control::roll_out(ModelAgent agent, std::uint32_t version,
                                                   orchestrator::Rollout rollout, std::string_view evaluation,
                                                   std::string_view override_reason) {
  if (shelf_ == nullptr) return no_shelf();
  if (agent == ModelAgent::fraud && !settings_.watch.enabled && rollout.mode != orchestrator::Mode::off) {
    return tl::unexpected<ModelRefusal>(
        ModelRefusal{base::Code::conflict, "a fraud model judges what the watch sees; set fraud.watch and start again"});
  }
  auto done = shelf_->roll_out(agent, version, rollout, evaluation, override_reason);
  parts_.metrics.models.add(static_cast<telemetry::ModelAgent>(agent),
                            done ? telemetry::ModelResult::rolled_out : telemetry::ModelResult::refused);
  if (done) adopt_models();
  return done;
}

tl::expected<std::uint32_t, ModelRefusal> Control::roll_back(ModelAgent agent) {
  if (shelf_ == nullptr) return no_shelf();
  auto done = shelf_->roll_back(agent);
  if (done) {
    parts_.metrics.models.add(static_cast<telemetry::ModelAgent>(agent), telemetry::ModelResult::rolled_back);
    adopt_models();
  }
  return done;
}

bool Control::erase_user(std::string_view id) {
  const domain::UserKey user = domain::key_to_erase(id, settings_.user_salt);
  // What is on its way belongs to the user who leaves. A shard may go on sending meanwhile: that came after.
  for (int i = 0; i < kRoundsToDrain && take_bids() > 0; ++i) {
  }
  take_visits();
  take_outcomes();  // of a bid whose notice was here before it
  in_flight_.forget(user);
  const bool open = matcher_.forget(user) > 0;
  const bool vector = vectors_.erase(user);
  keeper_.write_soon();
  return parts_.users.erase(user) || vector || open;
}

base::Result<std::monostate> Control::set_kill_switches(const agents::oversight::KillSwitches& kill) {
  auto next = std::make_shared<agents::oversight::OversightSnapshot>(*oversight_);
  next->kill = kill;
  ++next->options.version;
  oversight_ = std::move(next);
  publish();
  return store(parts_.disk, kill);
}

/// Brings the ledger's budgets in line with the catalogue's.
base::Result<std::monostate> Control::fund() {
  commands_.clear();
  for (const auto& campaign : catalogue_->campaigns) {
    const auto* book = journal_->ledger().find_campaign(campaign.id);
    const Nanos funded = book == nullptr ? Nanos{} : book->funded();
    if (funded != campaign.budget) {
      ledger::Command command;
      command.kind = ledger::CommandKind::fund;
      command.campaign = campaign.id;
      command.amount = campaign.budget - funded;
      command.key = key_of(campaign.id.value, funded.value, campaign.budget.value, 1);
      commands_.push_back(command);
    }
    if (book == nullptr || book->daily != campaign.daily_budget || book->lifetime != campaign.budget) {
      ledger::Command command;
      command.kind = ledger::CommandKind::set_budget;
      command.campaign = campaign.id;
      command.amount = campaign.budget;
      command.price_max = campaign.daily_budget;
      command.key =
          key_of(campaign.id.value, funded.value ^ campaign.daily_budget.value, campaign.budget.value, 2);
      commands_.push_back(command);
    }
  }
  if (commands_.empty()) return std::monostate{};
  const auto answers = journal_->run(commands_, {parts_.clock.mono(), parts_.clock.wall()});
  if (!answers) return answers.error();
  for (const auto& answer : *answers) {
    if (ledger::is_refusal(answer.outcome))
      parts_.lines.warning("budget change refused", ledger::name_of(answer.outcome));
  }
  return std::monostate{};
}

/// True if a campaign has come into a new day of its own.
bool Control::refresh_days() {
  const base::WallTime now = parts_.clock.wall();
  bool changed = false;
  for (std::size_t i = 0; i < today_.size(); ++i) {
    const std::int64_t local = now.seconds() + zones_[i].offset_s(now);
    const ledger::BudgetDay day{static_cast<std::uint32_t>(local / 86'400)};
    changed = changed || day != today_[i];
    today_[i] = day;
  }
  return changed;
}

// ---- a round
// ------------------------------------------------------------------------------------------------------

base::Result<std::size_t> Control::step() {
  ++totals_.rounds;
  take_sightings();
  take_bids();
  const std::size_t taken = take_messages();
  BANDSTAND_TRY_VOID(run_commands());
  take_learning();
  take_outcomes();
  BANDSTAND_TRY_VOID(keep_time());
  for (std::size_t shard = 0; shard < links_.size(); ++shard) {
    auto& waiting = unsent_[shard];
    std::size_t sent = 0;
    while (sent < waiting.size() && links_[shard]->to_shard.push(waiting[sent])) ++sent;
    if (sent > 0) wake_[shard] = 1;
    waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(sent));
  }
  return taken;
}

std::size_t Control::take_messages() {
  waiting_.clear();
  commands_.clear();
  for (std::size_t shard = 0; shard < links_.size(); ++shard) {
    ToControl message;
    while (waiting_.size() < kMessagesARound && links_[shard]->to_control.pop(message)) {
      if (message.kind == ToControl::Kind::event) judge(message);
      if (message.kind == ToControl::Kind::lease || message.has_command) {
        message.command.tag = waiting_.size() + 1;
        commands_.push_back(message.command);
      }
      waiting_.push_back({shard, message});
    }
  }
  return waiting_.size();
}

/// Marks what does not look like a person's doing, before it moves money or teaches. An exchange's notice is not judged: what it
/// bills we owe.
void Control::judge(ToControl& message) {
  domain::Event& event = message.event;
  const domain::BidFacts* facts = matcher_.find(event.bid);
  if (facts != nullptr) event.user = facts->user;
  if (event.test || !is_of_a_browser(event.kind)) return;
  std::uint64_t placement = 0;
  if (facts != nullptr && facts->placement != 0)
    placement = static_cast<std::uint64_t>(facts->exchange) << 32 | facts->placement;
  using agents::fraud::Reason;
  const auto mark = judge_.judge(event, placement);
  // The matcher remembers more bids than the judge does. Who knows nothing of the bid cannot say that nothing was shown.
  const bool may_have_been_shown = facts == nullptr || matcher_.has_seen(event.bid, EventKind::impression);
  if (mark.suspicious && !(mark.reason == Reason::click_without_impression && may_have_been_shown)) {
    event.suspicious = true;
    event.suspicion = static_cast<std::uint8_t>(mark.reason);
  }
  const bool owed = !event.suspicious;
  if (settings_.watch.enabled) {
    watch_.on_event(event);
    if (!event.suspicious && watch_.suspects(event.bid, event.at)) {
      event.suspicious = true;
      event.suspicion = static_cast<std::uint8_t>(Reason::blocked_party);
    }
  }
  if (!event.suspicious) return;
  ++totals_.suspicious;
  parts_.metrics.fraud_verdicts.add({event.suspicion});
  // Who is blocked after we bid has been shown what we bid for: that is owed to the exchange, and disputed with it elsewhere.
  if (!owed) message.has_command = false;
  parts_.metrics.notices.add(label_of(event.kind), telemetry::NoticeResult::suspicious);
}

base::Result<std::monostate> Control::run_commands() {
  const ledger::Now now{parts_.clock.mono(), parts_.clock.wall()};
  BANDSTAND_TRY_VOID(journal_->tick(now));
  if (waiting_.empty()) return std::monostate{};
  std::vector<const ledger::Answer*> answer_of(waiting_.size() + 1, nullptr);
  if (!commands_.empty()) {
    const MonoTime before = parts_.clock.mono();
    const auto answers = journal_->run(commands_, now);
    if (!answers) return answers.error();
    parts_.metrics.wal_fsync.observe((parts_.clock.mono() - before).count());
    parts_.metrics.wal_batch_records.observe(static_cast<std::int64_t>(commands_.size()));
    ++totals_.syncs;
    for (const ledger::Answer& answer : *answers) answer_of[answer.tag] = &answer;
  }
  for (std::size_t i = 0; i < waiting_.size(); ++i) deliver(waiting_[i], answer_of[i + 1]);
  return std::monostate{};
}

/// What a message's answer means for its sender, the bid's shard, the log and the learners.
void Control::deliver(const Waiting& waiting, const ledger::Answer* answer) {
  const ToControl& message = waiting.message;
  if (message.kind == ToControl::Kind::lease) {
    ToShard out;
    out.kind = ToShard::Kind::lease;
    out.answer = *answer;
    using telemetry::LeaseResult;
    const bool grant = message.command.kind == ledger::CommandKind::grant_lease;
    parts_.metrics.leases.add(!grant                                        ? LeaseResult::returned
                              : answer->outcome == ledger::Outcome::granted ? LeaseResult::granted
                                                                            : LeaseResult::refused);
    if (grant) send(waiting.shard, out);
    return;
  }
  if (answer != nullptr) tell_owner(*answer);
  count_notice(message.event, answer);
  if (message.wants_reply) {
    ToShard out;
    out.kind = ToShard::Kind::reply;
    out.reply = message.reply;
    // Whatever the ledger thought of it, it is on record: the sender has done its part and must not come
    // again.
    out.status = 204;
    send(waiting.shard, out);
  }
  record_event(message.event, answer);
}

/// The shard whose lease the bid was made on frees what the notice freed.
void Control::tell_owner(const ledger::Answer& answer) {
  const std::uint16_t node = answer.bid.node().value;
  if (node == 0 || node > links_.size() || (answer.bid.hi & 0xffffffffffffull) != boot_epoch()) return;
  ToShard out;
  out.bid = answer.bid.decision().bid(answer.bid.slot());
  switch (answer.outcome) {
    case ledger::Outcome::won: out.kind = ToShard::Kind::won; break;
    case ledger::Outcome::settled:
      out.kind = ToShard::Kind::settled;
      out.price = answer.amount;
      break;
    case ledger::Outcome::lost: out.kind = ToShard::Kind::lost; break;
    default: return;
  }
  send(node - 1u, out);
}

void Control::count_notice(const domain::Event& event, const ledger::Answer* answer) {
  using telemetry::NoticeResult;
  if (answer == nullptr) {
    if (!event.suspicious) parts_.metrics.notices.add(label_of(event.kind), NoticeResult::new_);
    return;
  }
  NoticeResult result = NoticeResult::new_;
  switch (answer->outcome) {
    case ledger::Outcome::duplicate:
    case ledger::Outcome::order:
      result = NoticeResult::duplicate;
      ++totals_.duplicates;
      break;
    case ledger::Outcome::conflict:
      result = NoticeResult::conflict;
      ++totals_.conflicts;
      break;
    default:
      if (ledger::is_refusal(answer->outcome)) {
        result = NoticeResult::refused;
        ++totals_.refused_notices;
      }
  }
  if (answer->outcome == ledger::Outcome::settled) ++totals_.bills;
  if (answer->outcome == ledger::Outcome::won) ++totals_.wins;
  if (answer->outcome == ledger::Outcome::lost) ++totals_.losses;
  parts_.metrics.notices.add(label_of(event.kind), result);
}

void Control::record_event(const domain::Event& event, const ledger::Answer* answer) {
  bytes_.clear();
  protocol::event::encode(event, bytes_);
  (void)events_->append(protocol::event::id_bytes(event.bid), bytes_);
  if (event.test) return;
  const bool billed = answer != nullptr && answer->outcome == ledger::Outcome::settled &&
                      answer->kind == ledger::CommandKind::bill;
  domain::Event joined = event;
  if (billed) joined.price = answer->amount;
  using outcomes::Join;
  using outcomes::Subject;
  const Join join = matcher_.on_event(joined, billed, outcomes_);
  if (event.kind == EventKind::click) ++totals_.clicks;
  if (event.kind == EventKind::conversion) ++totals_.conversions;
  parts_.metrics.outcomes.add(join == Join::repeated    ? telemetry::OutcomeJoin::duplicate
                              : join == Join::late      ? telemetry::OutcomeJoin::late
                              : join == Join::unmatched ? telemetry::OutcomeJoin::unmatched
                                                        : telemetry::OutcomeJoin::matched);
  if (join != Join::repeated) {  // with what is suspicious: a click farm is what the watch is for
    for (const auto& [subject, id] : {std::pair(Subject::campaign, event.campaign.value),
                                      std::pair(Subject::exchange, std::uint32_t{event.exchange})}) {
      if (billed) anomalies_.paid(subject, id, answer->amount);
      if (event.kind == EventKind::impression) anomalies_.shown(subject, id);
      if (event.kind == EventKind::click) anomalies_.clicked(subject, id);
    }
  }
  if (join == Join::matched && !event.suspicious) learn_interest(event);
}

// ---- learning
// -----------------------------------------------------------------------------------------------------

/// Before bids and events, so that these find who is behind them.
void Control::take_sightings() {
  agents::fraud::Sighting sighting;
  for (ShardLink* link : links_) {
    for (int i = 0; i < 8192 && link->sightings.pop(sighting); ++i) watch_.on_request(sighting);
  }
}

/// First in a round: what comes back in the same round finds its bid.
std::size_t Control::take_bids() {
  std::size_t taken = 0;
  for (ShardLink* link : links_) {
    domain::BidFacts facts;
    for (int i = 0; i < 4096 && link->bids.pop(facts); ++i) {
      ++taken;
      if (facts.test) continue;
      matcher_.on_bid(facts, outcomes_);
      first_price_share_ += 0.001 * ((facts.at == 1 ? 1.0 : 0.0) - first_price_share_);
      const auto campaign = catalogue_->campaign_index.find(facts.campaign.value);
      if (campaign != catalogue_->campaign_index.end()) pacer_->bid_made(campaign->second);
      const auto item = catalogue_->line_item_index.find(facts.line_item.value);
      if (item != catalogue_->line_item_index.end() && !facts.suspicious)
        in_flight_.left(facts, *catalogue_, catalogue_->line_items[item->second]);
    }
  }
  return taken;
}

void Control::take_learning() {
  take_visits();
  std::uint64_t auctions = 0;
  for (ShardLink* link : links_) {
    auctions += link->auctions.load(std::memory_order_relaxed);
    OfferMessage offer;
    for (int i = 0; i < 16'384 && link->offers.pop(offer); ++i) {
      if (offer.catalogue_version == catalogue_->version)
        pacer_->offer(offer.campaign, static_cast<double>(offer.value));
    }
    std::shared_ptr<const RefusalReport> report;
    while (link->refusals.pop(report)) {
      for (const auto& entry : report->entries) {
        if (catalogue_->line_item_index.count(entry.line_item.value) == 0) continue;
        refusals_[entry.line_item.value][static_cast<std::size_t>(entry.reason)] += entry.count;
      }
    }
    std::string_view record;
    for (int i = 0; i < 4096 && link->decisions.front(record); ++i) {
      (void)decisions_->append("", record);
      recent_.keep(record);
      ++totals_.decisions_logged;
      link->decisions.pop();
    }
  }
  pacer_->saw_traffic(auctions - auctions_seen_);
  auctions_seen_ = auctions;
  matcher_.tick(parts_.clock.wall(), outcomes_);
}

void Control::take_outcomes() {
  for (domain::Outcome& outcome : outcomes_) {
    // What was found out since the event came is not learned from either; it has been paid for.
    const bool response = outcome.kind != domain::Outcome::Kind::price;
    if (settings_.watch.enabled && response && watch_.suspects(outcome.facts.bid, parts_.clock.wall())) outcome.suspicious = true;
    learn(outcome);
  }
  outcomes_.clear();
}

void Control::learn(const domain::Outcome& outcome) {
  using Kind = domain::Outcome::Kind;
  news_ = true;
  const domain::BidFacts& facts = outcome.facts;
  const auto found = catalogue_->line_item_index.find(facts.line_item.value);
  const domain::LineItem* known =
      found == catalogue_->line_item_index.end() ? nullptr : &catalogue_->line_items[found->second];
  if (outcome.kind == Kind::price) return learn_price(outcome, known);
  creative_->observe(outcome);
  if (auto* published = published_creative_.tracker()) published->observe(outcome);
  watch_response(outcome);
  if (known == nullptr) return;
  const Nanos reward = outcomes::reward_added(outcome, *known);
  totals_.reward += reward;
  parts_.metrics.reward.add_n(reward.value);
}

/// Whether click rates that were promised come true, on impressions that were won: by whichever policy promised them.
void Control::watch_response(const domain::Outcome& outcome) {
  const domain::BidFacts& facts = outcome.facts;
  if (outcome.kind != domain::Outcome::Kind::response || !outcome.won || outcome.suspicious || facts.suspicious || facts.test)
    return;
  const auto promised = static_cast<double>(facts.click_rate);
  const std::size_t device = facts.device < device_watch_.size() ? facts.device : 0;
  if (model::ResponseMonitor& watch = device_watch_[device]; watch.add(promised, outcome.clicked)) {
    parts_.metrics.response_calibration_device.set(static_cast<std::int64_t>(1e6 * watch.last().calibration),
                                                   static_cast<telemetry::Device>(device));
  }
  if (!response_watch_.add(promised, outcome.clicked)) return;
  parts_.metrics.response_calibration.set(static_cast<std::int64_t>(1e6 * response_watch_.last().calibration));
  parts_.metrics.response_shift.set(static_cast<std::int64_t>(1e6 * response_watch_.last().psi));
}

/// Won, lost or never heard of again. What is suspicious is paid for, and neither teaches nor counts as seen.
void Control::learn_price(const domain::Outcome& outcome, const domain::LineItem* item) {
  const domain::BidFacts& facts = outcome.facts;
  const base::WallTime now = parts_.clock.wall();
  market_.observe(outcome);
  if (outcome.won) ++totals_.bids_won;
  const bool suspicious = outcome.suspicious || facts.suspicious;
  if (!suspicious) {
    anomalies_.bid_resolved(outcomes::Subject::campaign, facts.campaign.value, outcome.won);
    anomalies_.bid_resolved(outcomes::Subject::exchange, facts.exchange, outcome.won);
  }
  if (!outcome.won || suspicious || item == nullptr) {
    in_flight_.lost(facts.bid, now);
    return;
  }
  pacer_->bid_won(item->campaign);
  if (facts.user.value == 0) return;
  const std::uint32_t now_s = domain::profile_seconds(now);
  parts_.users.update(facts.user, now_s, [&](domain::UserState& state) {
    ++state.impressions;
    in_flight_.won(facts, *catalogue_, *item, now_s, state);
  });
}

/// Visits of known users: topics raise interests, items renew vectors. Who withdrew on one shard may have been seen by another
/// just before: withdrawals come last.
void Control::take_visits() {
  vectors_.begin_round();
  withdrawn_.clear();
  for (ShardLink* link : links_) {
    VisitMessage visit;
    for (int i = 0; i < kVisitsARound && link->visits.pop(visit); ++i) {
      if (!visit.personal) {
        withdrawn_.push_back(visit);
        continue;
      }
      vectors_.visit(visit);
      parts_.users.update(visit.user, domain::profile_seconds(visit.at), [&](domain::UserState& state) {
        agents::profile::apply_page(state, std::span(visit.topic, visit.topics), visit.at);
      });
    }
  }
  for (const VisitMessage& visit : withdrawn_) vectors_.visit(visit);
}

/// A click or a conversion, once: what was shown is what the user cares for. Counting it needs consent to know the user,
/// remembering the topic consent to personalise.
void Control::learn_interest(const domain::Event& event) {
  if (const domain::BidFacts* facts = matcher_.find(event.bid); facts != nullptr) vectors_.event(event, *facts);
  if (event.kind != EventKind::click && event.kind != EventKind::conversion) return;
  const domain::BidFacts* facts = matcher_.find(event.bid);
  if (facts == nullptr || facts->user.value == 0 || facts->suspicious) return;
  std::vector<std::uint32_t> topics;
  const auto creative = catalogue_->creative_index.find(event.creative.value);
  const auto found = catalogue_->line_item_index.find(event.line_item.value);
  if (facts->personal && found != catalogue_->line_item_index.end()) {
    const domain::LineItem& item = catalogue_->line_items[found->second];
    for (const auto& category : catalogue_->advertiser_of(item).categories)
      topics.push_back(domain::topic_of(category));
    if (creative != catalogue_->creative_index.end()) {
      for (const auto& category : catalogue_->creatives[creative->second].categories)
        topics.push_back(domain::topic_of(category));
    }
    std::sort(topics.begin(), topics.end());
    topics.erase(std::unique(topics.begin(), topics.end()), topics.end());
  }
  const base::WallTime now = parts_.clock.wall();
  parts_.users.update(facts->user, domain::profile_seconds(now), [&](domain::UserState& state) {
    agents::profile::apply_event(state, event, topics, now);
  });
}

// ---- time
// ---------------------------------------------------------------------------------------------------------

base::Result<std::monostate> Control::keep_time() {
  const MonoTime now = parts_.clock.mono();
  const base::WallTime wall = parts_.clock.wall();
  if (now >= next_flush_) {
    next_flush_ = now + kFlushEvery;
    BANDSTAND_TRY_VOID(decisions_->flush());
    BANDSTAND_TRY_VOID(events_->flush());
    BANDSTAND_TRY_VOID(snapshots_->flush());
  }
  if (now >= next_pace_) {
    next_pace_ = now + kPaceEvery;
    const bool new_day = refresh_days();
    money_.resize(catalogue_->campaigns.size());
    for (std::size_t i = 0; i < money_.size(); ++i) {
      const auto* book = journal_->ledger().find_campaign(catalogue_->campaigns[i].id);
      money_[i] = {};
      if (book == nullptr) continue;
      money_[i].charged = book->charged();
      money_[i].charged_today = book->on(today_[i]).charged;
      money_[i].paused = book->paused;
    }
    const bool changed = pacer_->tick(wall, money_, [this](double bid) { return cost_of_bid(bid); });
    if (changed) log_snapshot("pacing", pacer_->snapshot()->version, pacer_->snapshot()->encode());
    if (changed || new_day) publish();
  }
  if (now >= next_publish_) {
    next_publish_ = now + settings_.publish_every;
    market_.advance(wall);
    if (news_) {
      news_ = false;
      lay_out_news();
      publish();
    }
  }
  if (auto watchlist = watch_.tick(wall)) {
    watchlist_ = std::move(watchlist);
    log_snapshot("watchlist", watchlist_->version, watch_.changes().encode());
    publish();
  }
  if (now >= next_metrics_) {
    next_metrics_ = now + kMetricsEvery;
    export_metrics();
    watch();
    vectors_.tick();
    if (on_second) on_second();
  }
  in_flight_.tick(wall);
  keeper_.step();
  return std::monostate{};
}

/// Looks at rates; a flag that is new is counted and told.
void Control::watch() {
  using outcomes::Subject;
  const auto is_live = [&](Subject subject, std::uint32_t id) {
    if (subject == Subject::exchange) return true;
    const auto found = catalogue_->campaign_index.find(id);
    const auto paces = pacer_->snapshot();
    return found != catalogue_->campaign_index.end() && paces != nullptr && found->second < paces->campaigns.size() &&
           (paces->campaigns[found->second].open ||
            paces->campaigns[found->second].why == domain::Refusal::paced);
  };
  for (const auto& flag : anomalies_.tick(parts_.clock.wall(), is_live)) {
    parts_.metrics.anomalies.add(flag.watch == outcomes::Watch::spend      ? telemetry::AnomalyKind::spend
                                 : flag.watch == outcomes::Watch::win_rate ? telemetry::AnomalyKind::win_rate
                                                                           : telemetry::AnomalyKind::ctr);
    const std::string detail = std::string(name_of(flag.subject)) + " " +
                               (flag.subject == Subject::exchange && flag.id < settings_.exchanges.size()
                                    ? settings_.exchanges[flag.id].name
                                    : std::to_string(flag.id)) +
                               ": " + name_of(flag.watch);
    telemetry::Line line;
    line.level = telemetry::Level::warning;
    line.msg = "a rate has left its usual course";
    line.reason = name_of(flag.reading.state);
    line.detail = detail;
    line.value = static_cast<std::int64_t>(flag.reading.z);
    line.unit = "deviations";
    parts_.lines.write(line);
  }
}

void Control::refresh_costs() {
  const auto first = market_snapshot_->expected_costs({}, 1, worths_);
  const auto second = market_snapshot_->expected_costs({}, 2, worths_);
  const auto share = static_cast<float>(first_price_share_);
  for (std::size_t i = 0; i < costs_.size(); ++i) costs_[i] = share * first[i] + (1 - share) * second[i];
}

double Control::cost_of_bid(double bid) const {
  if (bid <= worths_.front()) return static_cast<double>(costs_.front());
  const double at =
      std::log(bid / worths_.front()) / std::log(worths_.back() / worths_.front()) * (kWorths - 1);
  const auto low = static_cast<std::size_t>(at);
  if (low >= costs_.size() - 1) return static_cast<double>(costs_.back());
  const double rest = at - static_cast<double>(low);
  return static_cast<double>(costs_[low]) * (1 - rest) + static_cast<double>(costs_[low + 1]) * rest;
}

void Control::log_snapshot(std::string_view kind, std::uint64_t version, std::string_view content) {
  bytes_.clear();
  protocol::event::encode(protocol::event::SnapshotRecord{kind, version, parts_.clock.wall(), content},
                          bytes_);
  (void)snapshots_->append(kind, bytes_);
}

/// Shards get one immutable bundle; what a decision used can be found in the log by its versions.
void Control::publish() {
  if (links_.empty() || pacer_ == nullptr) return;
  auto bundle = std::make_shared<Published>();
  bundle->catalogue = catalogue_;
  bundle->targeting = targeting_;
  bundle->pacing = pacer_->snapshot();
  bundle->creative = board_;
  bundle->creative_learned = published_creative_.board();
  bundle->models = shelf_ == nullptr ? nullptr : shelf_->served();
  bundle->market = market_snapshot_;
  bundle->oversight = oversight_;
  bundle->fraud = fraud_;
  bundle->watchlist = watchlist_;
  bundle->vectors = vectors_.vectors();
  bundle->today = today_;
  if (bundle->pacing == nullptr || bundle->pacing->catalogue_version != catalogue_->version)
    return;  // after the next pace
  for (std::size_t shard = 0; shard < links_.size(); ++shard) {
    ToShard out;
    out.kind = ToShard::Kind::published;
    out.published = bundle;
    send(shard, std::move(out));
  }
}

void Control::send(std::size_t shard, ToShard message) {
  wake_[shard] = 1;
  if (unsent_[shard].empty() && links_[shard]->to_shard.push(message)) return;
  unsent_[shard].push_back(std::move(message));
}

bool Control::take_wake(std::size_t shard) {
  const bool wake = wake_[shard] != 0;
  wake_[shard] = 0;
  return wake;
}

ServedVersions Control::versions() const {
  ServedVersions out;
  out.catalogue = catalogue_->version;
  if (pacer_->snapshot() != nullptr) out.pacing = pacer_->snapshot()->version;
  out.creative = board_->model().version();
  if (const auto& board = published_creative_.board()) out.creative_learned = board->model().version();
  if (market_snapshot_ != nullptr) out.market = market_snapshot_->version();
  out.oversight = oversight_->options.version;
  return out;
}

Nanos Control::imbalance() const {
  Nanos sum;
  for (const auto& book : journal_->ledger().campaigns()) {
    for (const Nanos balance : book.balance) sum += balance;
  }
  return sum;
}

void Control::export_metrics() {
  Nanos leased;
  for (const auto& book : journal_->ledger().campaigns()) leased += book.of(ledger::Account::lease);
  parts_.metrics.ledger_imbalance.set(imbalance().value);
  parts_.metrics.lease_outstanding.set(leased.value);
  std::uint64_t dropped = 0;
  for (const ShardLink* link : links_) dropped += link->decisions.dropped();
  totals_.decisions_dropped = dropped;
}

base::Result<std::monostate> Control::close() {
  lay_out_news();
  keeper_.write_all();
  BANDSTAND_TRY_VOID(decisions_->flush());
  BANDSTAND_TRY_VOID(events_->flush());
  BANDSTAND_TRY_VOID(snapshots_->flush());
  return journal_->snapshot();
}

}  // namespace bandstand::serving
