// control: rounds of take, make durable, answer, learn, publish.
#include "serving/control.h"

#include <algorithm>
#include <cmath>

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

/// A key that repeats with its content: funding twice is harmless, funding anew is not refused.
ledger::IdempotencyKey key_of(std::uint32_t campaign, std::int64_t from, std::int64_t to,
                              std::uint64_t what) {
  return {what << 32 | campaign,
          base::mix64(base::mix64(static_cast<std::uint64_t>(from)) ^ static_cast<std::uint64_t>(to))};
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
  control->replace_catalogue(std::move(catalogue), catalogue_text);
  if (control->journal_->failed())
    return base::fail(base::Code::unavailable, "the ledger could not be written");
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
  publish(true);
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
      board_ == nullptr ? std::make_shared<agents::creative::ResponseModel>() : creative_->publish());
  log_snapshot("catalogue", catalogue_->version, text);
  log_snapshot("creative", board_->model().version(), board_->model().encode());
  next_pace_ = {};
  parts_.metrics.catalogue_line_items.set(static_cast<std::int64_t>(catalogue_->line_items.size()));
  publish(true);
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

void Control::replace_fraud_lists(std::shared_ptr<const agents::fraud::FraudLists> lists) {
  fraud_ = std::move(lists);
  publish(true);
}

base::Result<std::monostate> Control::set_kill_switches(const agents::oversight::KillSwitches& kill) {
  auto next = std::make_shared<agents::oversight::OversightSnapshot>(*oversight_);
  next->kill = kill;
  ++next->options.version;
  oversight_ = std::move(next);
  publish(true);
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
      if (message.kind == ToControl::Kind::lease || message.has_command) {
        message.command.tag = waiting_.size() + 1;
        commands_.push_back(message.command);
      }
      waiting_.push_back({shard, message});
    }
  }
  return waiting_.size();
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
  if (answer == nullptr) return;
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
  matcher_.on_event(joined, billed, outcomes_);
  if (event.kind == EventKind::click) ++totals_.clicks;
  if (event.kind == EventKind::conversion) ++totals_.conversions;
}

// ---- learning
// -----------------------------------------------------------------------------------------------------

void Control::take_learning() {
  for (ShardLink* link : links_) {
    domain::BidFacts facts;
    for (int i = 0; i < 4096 && link->bids.pop(facts); ++i) {
      if (facts.test) continue;
      matcher_.on_bid(facts, outcomes_);
      first_price_share_ += 0.001 * ((facts.at == 1 ? 1.0 : 0.0) - first_price_share_);
      const auto campaign = catalogue_->campaign_index.find(facts.campaign.value);
      if (campaign != catalogue_->campaign_index.end()) pacer_->bid_made(campaign->second);
    }
    OfferMessage offer;
    for (int i = 0; i < 16'384 && link->offers.pop(offer); ++i) {
      if (offer.catalogue_version == catalogue_->version)
        pacer_->offer(offer.campaign, static_cast<double>(offer.value));
    }
    VisitMessage visit;
    for (int i = 0; i < 4096 && link->visits.pop(visit); ++i) {
      parts_.users.update(visit.user, domain::profile_seconds(visit.at), [&](domain::UserState& state) {
        agents::profile::apply_page(state, std::span(visit.topic, visit.topics), visit.at);
      });
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
  matcher_.tick(parts_.clock.wall(), outcomes_);
}

void Control::take_outcomes() {
  for (domain::Outcome& outcome : outcomes_) learn(outcome);
  outcomes_.clear();
}

void Control::learn(const domain::Outcome& outcome) {
  using Kind = domain::Outcome::Kind;
  news_ = true;
  const domain::BidFacts& facts = outcome.facts;
  const auto found = catalogue_->line_item_index.find(facts.line_item.value);
  if (outcome.kind == Kind::price) {
    market_.observe(outcome);
    if (outcome.won) ++totals_.bids_won;
    if (!outcome.won || found == catalogue_->line_item_index.end()) return;
    const domain::LineItem& item = catalogue_->line_items[found->second];
    pacer_->bid_won(item.campaign);
    if (facts.user.value == 0) return;
    const base::WallTime now = parts_.clock.wall();
    const std::uint32_t now_s = domain::profile_seconds(now);
    const auto creative = catalogue_->creative_index.find(facts.creative.value);
    parts_.users.update(facts.user, now_s, [&](domain::UserState& state) {
      ++state.impressions;
      for (const auto& cap : item.caps) {
        const std::uint32_t index =
            creative == catalogue_->creative_index.end() ? UINT32_MAX : creative->second;
        domain::frequency_add(state, domain::frequency_key(cap, *catalogue_, item, index), cap.window_s,
                              now_s);
      }
    });
    return;
  }
  creative_->observe(outcome);
  if (found == catalogue_->line_item_index.end()) return;
  const domain::LineItem& item = catalogue_->line_items[found->second];
  // A response settles what cpm and cpc earn and what the impression cost; a conversion adds what cpa earns.
  domain::Outcome scored = outcome;
  if (outcome.kind == Kind::conversion) scored.billed = false;
  const bool by_action = item.goal == domain::Goal::cpa;
  const bool counts = outcome.kind == Kind::response ? !by_action || scored.billed : by_action;
  if (outcome.kind == Kind::response && item.goal == domain::Goal::cpa) scored.converted = false;
  if (counts) {
    const Nanos reward = outcomes::reward_of(scored, item);
    totals_.reward += reward;
    parts_.metrics.reward.add_n(reward.value);
  }
  if (outcome.kind == Kind::response && outcome.clicked && facts.user.value != 0 && !outcome.suspicious) {
    parts_.users.update(facts.user, domain::profile_seconds(parts_.clock.wall()),
                        [](domain::UserState& state) { ++state.clicks; });
  }
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
    if (changed || new_day) publish(false);
  }
  if (now >= next_publish_) {
    next_publish_ = now + settings_.publish_every;
    market_.advance(wall);
    if (news_) {
      news_ = false;
      if (market_.has_news() || market_snapshot_ == nullptr) {
        market_snapshot_ = market_.publish();
        log_snapshot("market", market_snapshot_->version(), market_snapshot_->encode());
        refresh_costs();
      }
      if (creative_->has_news()) {
        board_ = std::make_shared<agents::creative::ResponseBoard>(catalogue_, creative_->publish());
        log_snapshot("creative", board_->model().version(), board_->model().encode());
      }
      publish(false);
    }
  }
  if (now >= next_metrics_) {
    next_metrics_ = now + kMetricsEvery;
    export_metrics();
    if (on_second) on_second();
  }
  return std::monostate{};
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
void Control::publish(bool) {
  if (links_.empty() || pacer_ == nullptr) return;
  auto bundle = std::make_shared<Published>();
  bundle->catalogue = catalogue_;
  bundle->targeting = targeting_;
  bundle->pacing = pacer_->snapshot();
  bundle->creative = board_;
  bundle->market = market_snapshot_;
  bundle->oversight = oversight_;
  bundle->fraud = fraud_;
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
  BANDSTAND_TRY_VOID(decisions_->flush());
  BANDSTAND_TRY_VOID(events_->flush());
  BANDSTAND_TRY_VOID(snapshots_->flush());
  return journal_->snapshot();
}

}  // namespace bandstand::serving
