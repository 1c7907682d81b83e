// shard: requests in, answers out, and the shard's side of the conversation with control.
#include "serving/shard.h"

#include <algorithm>
#include <charconv>

#include "agents/profile/page_topics.h"
#include "domain/item.h"
#include "domain/topic.h"
#include "protocol/event/event_codec.h"
#include "protocol/openrtb/notice.h"
#include "protocol/openrtb/response_writer.h"
#include "serving/bid_facts.h"

namespace bandstand::serving {
namespace {

using base::MonoTime;
using domain::NoBid;

// Reading the counters costs this thread some 20 us at 1,000 line items, .2 ms at 10,000 and 3 ms at 100,000.
constexpr base::Duration kReportEvery = std::chrono::seconds(1);
constexpr base::Duration kReportEveryIfLarge = std::chrono::seconds(20);
constexpr std::size_t kLargeLineItems = 10'000;
constexpr base::Duration kRefreshEvery = std::chrono::milliseconds(20);

telemetry::Agent agent_label(domain::Stage stage) {
  // Positions in telemetry::Dimensions::agents.
  switch (stage) {
    case domain::Stage::profile: return {0};
    case domain::Stage::targeting: return {1};
    case domain::Stage::budget: return {2};
    case domain::Stage::creative: return {3};
    case domain::Stage::bid: return {4};
    case domain::Stage::fraud: return {5};
    case domain::Stage::oversight: return {6};
    default: return {8};
  }
}

bool is_agent(domain::Stage stage) {
  return stage != domain::Stage::consent && stage != domain::Stage::auction &&
         stage != domain::Stage::reservation;
}

/// "e=midpoint" of a player's progress link, carried by a view token.
domain::EventKind event_kind(ledger::TokenKind kind, std::string_view query) {
  using domain::EventKind;
  switch (kind) {
    case ledger::TokenKind::win: return EventKind::win;
    case ledger::TokenKind::bill: return EventKind::bill;
    case ledger::TokenKind::loss: return EventKind::loss;
    case ledger::TokenKind::impression: return EventKind::impression;
    case ledger::TokenKind::click: return EventKind::click;
    case ledger::TokenKind::conversion: return EventKind::conversion;
    case ledger::TokenKind::view: break;
  }
  static constexpr std::pair<std::string_view, EventKind> kProgress[] = {
      {"e=start", EventKind::video_start},
      {"e=firstQuartile", EventKind::video_first_quartile},
      {"e=midpoint", EventKind::video_midpoint},
      {"e=thirdQuartile", EventKind::video_third_quartile},
      {"e=complete", EventKind::video_complete}};
  for (const auto& [name, event] : kProgress) {
    if (query.find(name) != std::string_view::npos) return event;
  }
  return EventKind::view;
}

}  // namespace

/// The decision's money: the shard's wallet, seen by index in the published catalogue.
class Shard::WalletMoney final : public orchestrator::MoneySource {
 public:
  WalletMoney(Shard& shard) : shard_(shard) {}
  base::Nanos available(std::uint32_t campaign) override {
    return shard_.wallet_.available_at(shard_.places_[campaign]);
  }
  base::Result<orchestrator::Reserved> reserve(std::uint32_t campaign, base::BidId bid, base::Nanos price,
                                               base::Duration life) override {
    const MonoTime now = shard_.clock_.mono();
    const auto reserved = shard_.wallet_.reserve(shard_.published_->catalogue->campaigns[campaign].id, bid,
                                                 price, now, now + life);
    if (!reserved) return reserved.error();
    return orchestrator::Reserved{reserved->lease, reserved->day.value};
  }

 private:
  Shard& shard_;
};

Shard::Shard(const ServingSettings& settings, const ShardOptions& options, std::unique_ptr<ShardTeam> team,
             const agents::profile::UserTable& users, const ledger::TokenSigner& signer,
             const base::Clock& clock, telemetry::Metrics& metrics, telemetry::Log& log, ShardLink& link)
    : settings_(settings),
      options_(options),
      team_(std::move(team)),
      users_(users),
      signer_(signer),
      clock_(clock),
      metrics_(metrics),
      log_(log),
      link_(link),
      parser_([&] {
        protocol::openrtb::ParserOptions parser;
        parser.tcf_vendor_id = settings.vendor_id;
        return parser;
      }()),
      decide_parser_(settings.vendor_id),
      rates_(settings.rates),
      wallet_([&] {
        ledger::WalletOptions wallet;
        wallet.node = options.node;
        wallet.incarnation = static_cast<std::uint32_t>(options.boot_epoch);
        return wallet;
      }()),
      money_(std::make_unique<WalletMoney>(*this)),
      flow_(team_->team(), clock, flow_options(settings)),
      answers_(settings, signer_) {
  // It rises at most once a refresh: a restart that counts from the clock gives no number of the life before again.
  open_epoch_ = static_cast<std::uint32_t>(clock.wall().ns / kRefreshEvery.count());
  response_.reserve(64 * 1024);
  record_.reserve(64 * 1024);
}

Shard::~Shard() = default;

// ---- bid requests
// -------------------------------------------------------------------------------------------------

ShardReply Shard::no_bid(const ExchangeSettings& exchange, std::string_view id, NoBid reason) {
  metrics_.no_bids.add(telemetry::Nbr(static_cast<int>(reason)));
  if (!exchange.nbr_in_200 || id.empty()) return {204, {}};
  response_.clear();
  protocol::openrtb::append_no_bid(id, reason, exchange.own_nbr_codes, response_);
  return {200, response_};
}

/// The request cannot be used: what the parser found says how to answer.
ShardReply Shard::refused(const ExchangeSettings& exchange) {
  const auto& at = request_.refusal;
  metrics_.invalid_input.add(at.path.empty() ? "(whole body)" : at.path.view());
  telemetry::Line line;
  line.level = telemetry::Level::warning;
  line.msg = "bid request refused";
  line.reason = name_of(at.fault);
  line.field = at.path.view();
  line.detail = exchange.name;
  log_.write(line);
  const bool malformed = request_.outcome == protocol::openrtb::Outcome::malformed;
  if (malformed || exchange.unusable_is_400) return {400, {}};
  return no_bid(exchange, request_.auction.id, NoBid::invalid_request);
}

ShardReply Shard::bid(std::uint16_t exchange_index, std::string_view body, MonoTime received,
                      base::Duration waited) {
  using telemetry::BidOutcome;
  const ExchangeSettings& exchange = settings_.exchanges[exchange_index];
  const telemetry::Exchange label{exchange_index};
  const std::uint8_t level = brownout_.observe(waited, received);
  metrics_.brownout_level.set(level);
  if (level >= 4 || !ready()) {
    metrics_.bid_requests.add(label, BidOutcome::shed);
    return {204, {}};
  }
  arena_.reset();
  const auto outcome = parser_.parse(body, arena_, request_);
  if (outcome != protocol::openrtb::Outcome::ok) {
    metrics_.bid_requests.add(label, BidOutcome::invalid);
    return refused(exchange);
  }
  domain::Auction& auction = request_.auction;
  auction.exchange = exchange_index;
  settle_currencies(exchange, arena_, auction);
  const domain::Consent consent = domain::consent_gate(request_.privacy);
  protocol::openrtb::admit(consent, arena_, request_);
  const std::int32_t tmax =
      auction.tmax_ms > 0 ? std::min(auction.tmax_ms, exchange.tmax_cap_ms) : exchange.tmax_default_ms;
  const MonoTime deadline =
      received + (std::chrono::milliseconds(tmax) - exchange.network - exchange.write_margin - waited);
  const auto result = run_flow(auction, consent, request_.identity, body, deadline);
  ShardReply reply;
  if (result.bids.empty()) {
    const bool timeout = result.no_bid == NoBid::insufficient_time;
    metrics_.bid_requests.add(label, timeout ? BidOutcome::timeout : BidOutcome::nobid);
    reply = no_bid(exchange, auction.id, result.no_bid);
  } else {
    metrics_.bid_requests.add(label, BidOutcome::bid);
    reply = {200, answers_.bids(exchange, auction, *published_->catalogue, result, arena_)};
  }
  const MonoTime done = clock_.mono();
  metrics_.bid_request_duration.observe((done - received).count());
  metrics_.bid_deadline_remaining.observe((deadline - done).count());
  return reply;
}

orchestrator::FlowResult Shard::run_flow(domain::Auction& auction, const domain::Consent& consent,
                                         const domain::SealedIdentity& identity, std::string_view body,
                                         MonoTime deadline) {
  const auto decision =
      consent.may_identify() ? telemetry::ConsentDecision::personal : telemetry::ConsentDecision::contextual;
  metrics_.consent_decisions.add({static_cast<std::size_t>(consent.basis())}, decision);
  const base::WallTime now = clock_.wall();
  const auto user = identity.open(consent, settings_.user_salt);
  const domain::UserState* state = user && users_.find(*user, user_state_) ? &user_state_ : nullptr;
  orchestrator::FlowInput input{.auction = auction, .consent = consent};
  input.user = user;
  input.state = state;
  input.rates = rates_.observe(auction, user, now);
  input.open = open_items_;
  input.open_epoch = open_epoch_;
  input.request = body;
  input.id = {static_cast<std::uint64_t>(options_.node.value) << 48 | options_.boot_epoch, ++decisions_ << 8};
  input.seed =
      base::mix64(options_.seed ^ decisions_ ^ (static_cast<std::uint64_t>(options_.node.value) << 56));
  input.now = now;
  input.deadline = deadline;
  input.level = brownout_.level();
  orchestrator::SnapshotVersions versions;
  versions.pacing = published_->pacing->version;
  versions.creative = published_->creative == nullptr ? 0 : published_->creative->model().version();
  versions.market = published_->market == nullptr ? 0 : published_->market->version();
  const auto* vectors = published_->vectors.get();
  if (vectors != nullptr) {
    vector_.resize(vectors->width());  // allocates for the first model of that width alone
    versions.profile = (*published_->models)[static_cast<std::size_t>(ModelAgent::profile)].version;
    if (user && vectors->find(*user, consent, domain::profile_seconds(now), vector_)) input.vector = vector_;
  }
  const auto result = flow_.decide(input, *published_->catalogue, versions, *money_, arena_);
  link_.auctions.store(decisions_, std::memory_order_relaxed);
  if (settings_.watch.enabled && !auction.test) {
    link_.sightings.push({result.record->id.decision(), agents::fraud::parties_of(auction, user), now,
                          result.record->verdict == static_cast<std::uint8_t>(agents::fraud::Verdict::invalid)});
  }
  count(*result.record);
  log_decision(*result.record);
  publish_facts(result, auction, consent.may_personalise());
  if (user) publish_visit(*user, auction, *result.record, consent.may_personalise());
  return result;
}

/// What the profile learns from requests. Who withdrew is told of only while there is something to forget.
void Shard::publish_visit(domain::UserKey user, const domain::Auction& auction, const domain::DecisionRecord& record,
                          bool personal) {
  if (!personal && published_->vectors == nullptr) return;
  VisitMessage visit;
  visit.user = user;
  visit.at = record.at;
  visit.personal = personal;
  if (personal) {
    const auto topics = agents::profile::page_topics(auction, arena_);
    visit.topics = static_cast<std::uint8_t>(std::min<std::size_t>(topics.size(), std::size(visit.topic)));
    std::copy_n(topics.begin(), visit.topics, visit.topic);
    if (!record.test && record.verdict == 0) visit.item = domain::item_of(auction.item);
  }
  link_.visits.push(visit);
}

// ---- first-party decisions
// ----------------------------------------------------------------------------------------

ShardReply Shard::decide(std::string_view body, MonoTime received, base::Duration waited) {
  using telemetry::DecideOutcome;
  const std::uint8_t level = brownout_.observe(waited, received);
  response_.clear();
  if (level >= 5 || !ready()) {
    metrics_.decide_requests.add(DecideOutcome::shed);
    response_ = R"({"code":"unavailable","field":"","message":"not ready, or overloaded; try again"})";
    return {503, response_};
  }
  arena_.reset();
  if (!decide_parser_.parse(body, arena_, decide_request_)) {
    metrics_.decide_requests.add(DecideOutcome::invalid);
    metrics_.invalid_input.add(decide_request_.refusal.field);
    protocol::decide::append_refusal(decide_request_.refusal, response_);
    return {400, response_};
  }
  domain::Auction& auction = decide_request_.auction;
  const domain::Consent consent = domain::consent_gate(decide_request_.privacy);
  protocol::decide::admit(consent, decide_request_);
  const auto result =
      run_flow(auction, consent, decide_request_.identity, body, received + std::chrono::milliseconds(100));
  metrics_.decide_requests.add(result.bids.empty() ? DecideOutcome::empty : DecideOutcome::filled);
  return {200, answers_.decisions(auction, *published_->catalogue, result, arena_)};
}

// ---- after a decision
// ---------------------------------------------------------------------------------------------

void Shard::count(const domain::DecisionRecord& record) {
  for (const auto& call : record.calls) {
    if (!is_agent(call.stage) || call.source == domain::Source::shadow) continue;
    const telemetry::Agent agent = agent_label(call.stage);
    metrics_.agent_duration.observe(call.duration_ns, agent);
    using telemetry::AgentOutcome;
    using telemetry::FallbackReason;
    switch (call.outcome) {
      case domain::CallOutcome::ok: metrics_.agent_requests.add(agent, AgentOutcome::answered); break;
      case domain::CallOutcome::late: metrics_.agent_requests.add(agent, AgentOutcome::late); break;
      case domain::CallOutcome::error:
        metrics_.agent_requests.add(agent, AgentOutcome::failed);
        metrics_.agent_fallback.add(agent, FallbackReason::failed);
        break;
      default:
        metrics_.agent_requests.add(agent, AgentOutcome::skipped);
        metrics_.agent_fallback.add(agent, call.outcome == domain::CallOutcome::off ? FallbackReason::off
                                           : call.outcome == domain::CallOutcome::no_time
                                               ? FallbackReason::deadline
                                               : FallbackReason::breaker_open);
    }
  }
  if (record.verdict_reason != 0) metrics_.fraud_verdicts.add({record.verdict_reason});
  for (const auto& impression : record.impressions) {
    for (const auto& candidate : impression.candidates) {
      if (candidate.refusal != domain::Refusal::none)
        metrics_.refusals.add({static_cast<std::size_t>(candidate.refusal)});
      if (candidate.refusal == domain::Refusal::oversight) metrics_.oversight_vetoes.add({candidate.rule});
    }
  }
}

void Shard::log_decision(const domain::DecisionRecord& record) {
  if (record.bids == 0) {
    const std::uint32_t sample = settings_.log_sample_no_bid * (record.level >= 1 ? 10 : 1);
    if (++skipped_ % std::max(1u, sample) != 0) return;
  }
  link_.decisions.push(protocol::event::encode(record, arena_));
}

void Shard::publish_facts(const orchestrator::FlowResult& result, const domain::Auction& auction, bool personal) {
  const domain::DecisionRecord& record = *result.record;
  const domain::Catalogue& catalogue = *published_->catalogue;
  for (const auto& impression : record.impressions) {
    for (const auto& candidate : impression.candidates) {
      if (candidate.value <= 0) continue;
      const auto found = catalogue.line_item_index.find(candidate.line_item);
      if (found == catalogue.line_item_index.end()) continue;
      link_.offers.push({catalogue.line_items[found->second].campaign, catalogue.version,
                         static_cast<float>(candidate.value)});
    }
  }
  for (const auto& bid : result.bids) {
    link_.bids.push(facts_of(bid, result, auction, catalogue, personal));
  }
}

// ---- notices and events
// -------------------------------------------------------------------------------------------

NoticeReply Shard::reject_token(base::Code code) {
  using telemetry::TokenRejection;
  metrics_.token_rejections.add(code == base::Code::deadline    ? TokenRejection::expired
                                : code == base::Code::forbidden ? TokenRejection::signature
                                                                : TokenRejection::malformed);
  return {NoticeReply::Kind::now, 403, {}};
}

std::string_view Shard::landing_page(base::CreativeId creative) const {
  if (published_ == nullptr) return {};
  const auto found = published_->catalogue->creative_index.find(creative.value);
  return found == published_->catalogue->creative_index.end()
             ? std::string_view{}
             : published_->catalogue->creatives[found->second].landing_page;
}

NoticeReply Shard::notice(std::string_view token_text, std::string_view query, ReplyTag tag) {
  using ledger::TokenKind;
  const base::WallTime now = clock_.wall();
  const auto verified = signer_.verify(token_text, now);
  if (!verified) return reject_token(verified.error().code);
  const ledger::Token& token = *verified;
  auto parsed = protocol::openrtb::parse_notice(query);

  ToControl message;
  message.kind = ToControl::Kind::event;
  domain::Event& event = message.event;
  event.kind = event_kind(token.kind, query);
  event.bid = token.bid;
  event.campaign = token.campaign;
  event.line_item = token.line_item;
  event.creative = token.creative;
  event.exchange = token.exchange.value;
  event.at = now;
  event.bid_at = token.bid_time;
  event.test = (token.flags & ledger::Token::kTestTraffic) != 0 || parsed.audit;
  event.suspicious = (token.flags & ledger::Token::kSuspicious) != 0;
  event.loss_reason = parsed.loss_reason;
  event.min_to_win = parsed.min_to_win;
  event.multiplier_e6 = parsed.multiplier_e6;
  const bool bills = (token.flags & ledger::Token::kBills) != 0;
  if (bills || token.kind == TokenKind::win) {
    protocol::openrtb::settle_price(parsed, token.price_max);
    const __int128 scaled = static_cast<__int128>(parsed.price.value) * parsed.multiplier_e6 / 1'000'000;
    event.price = base::Nanos{static_cast<std::int64_t>(std::min<__int128>(scaled, token.price_max.value))};
  }
  event.price_form = parsed.price_form;
  event.item = parsed.item;
  if (!event.test && !event.suspicious) {
    if (bills) {
      message.command = token.command(ledger::CommandKind::bill, event.price);
      message.has_command = true;
    } else if (token.kind == TokenKind::win || token.kind == TokenKind::loss) {
      message.command = token.command(
          token.kind == TokenKind::win ? ledger::CommandKind::win : ledger::CommandKind::loss, event.price);
      message.has_command = true;
    }
  }
  const std::string_view landing =
      token.kind == TokenKind::click ? landing_page(token.creative) : std::string_view{};
  // What moves money is answered when it is durable; a person waits for a click, so that is answered at once.
  message.wants_reply = message.has_command;
  message.reply = tag;
  if (!link_.to_control.push(message)) return {NoticeReply::Kind::now, 503, {}};  // the sender comes again
  if (on_message) on_message();
  if (message.wants_reply) return {NoticeReply::Kind::later, 0, {}};
  if (token.kind == TokenKind::click) {
    return landing.empty() ? NoticeReply{NoticeReply::Kind::now, 404, {}}
                           : NoticeReply{NoticeReply::Kind::now, 302, landing};
  }
  return {NoticeReply::Kind::now, 204, {}};
}

// ---- conversation with control
// ------------------------------------------------------------------------------------

void Shard::adopt(std::shared_ptr<const Published> published) {
  const bool new_catalogue = published_ == nullptr || published_->catalogue != published->catalogue;
  const bool new_days = published_ == nullptr || published_->today != published->today;
  const auto before = std::move(published_);
  published_ = std::move(published);
  team_->adopt(*published_);
  const domain::Catalogue& catalogue = *published_->catalogue;
  if (new_catalogue || new_days) {
    std::vector<base::Nanos> bid_max(catalogue.campaigns.size());
    items_of_campaign_.assign(catalogue.campaigns.size(), {});
    for (std::uint32_t i = 0; i < catalogue.line_items.size(); ++i) {
      const domain::LineItem& item = catalogue.line_items[i];
      bid_max[item.campaign] = std::max(bid_max[item.campaign], item.bid_max);
      items_of_campaign_[item.campaign].push_back(i);
    }
    if (before != nullptr && new_catalogue) {
      for (const auto& campaign : before->catalogue->campaigns) {
        if (catalogue.campaign_index.count(campaign.id.value) == 0) wallet_.withdraw(campaign.id);
      }
    }
    places_.resize(catalogue.campaigns.size());
    for (std::size_t i = 0; i < catalogue.campaigns.size(); ++i) {
      places_[i] = wallet_.enroll(catalogue.campaigns[i].id, bid_max[i], published_->today[i]);
    }
  }
  if (new_catalogue) {
    open_items_.assign((catalogue.line_items.size() + 63) / 64, 0);
    open_campaigns_.assign((catalogue.campaigns.size() + 63) / 64, 0);
  }
  refresh_open(new_catalogue);
}

/// Which campaigns could spend now; when that changes, the log is told, so that decisions can be recomputed.
void Shard::refresh_open(bool force) {
  if (published_ == nullptr || published_->pacing == nullptr) return;
  const domain::Catalogue& catalogue = *published_->catalogue;
  const auto& paces = published_->pacing->campaigns;
  bool changed = force;
  for (std::uint32_t i = 0; i < catalogue.campaigns.size(); ++i) {
    const bool paced_open = i < paces.size() && paces[i].open;
    const bool open = paced_open && wallet_.available_at(places_[i]).value > 0;
    std::uint64_t& word = open_campaigns_[i / 64];
    const std::uint64_t bit = std::uint64_t{1} << (i % 64);
    if (((word & bit) != 0) == open) continue;
    changed = true;
    word ^= bit;
    for (const std::uint32_t item : items_of_campaign_[i]) {
      if (open && catalogue.line_items[item].active) {
        open_items_[item / 64] |= std::uint64_t{1} << (item % 64);
      } else {
        open_items_[item / 64] &= ~(std::uint64_t{1} << (item % 64));
      }
    }
  }
  if (!changed) return;
  ++open_epoch_;
  record_.clear();
  protocol::event::encode(
      domain::ShardState{options_.node, open_epoch_, catalogue.version, clock_.wall(), open_campaigns_},
      record_);
  link_.decisions.push(record_);
}

void Shard::poll() {
  const MonoTime now = clock_.mono();
  ToShard message;
  while (link_.to_shard.pop(message)) {
    switch (message.kind) {
      case ToShard::Kind::reply:
        if (on_reply) on_reply(message.reply, message.status);
        break;
      case ToShard::Kind::lease: wallet_.accept(message.answer, now); break;
      case ToShard::Kind::won: wallet_.won(message.bid); break;
      case ToShard::Kind::settled: wallet_.settle(message.bid, message.price); break;
      case ToShard::Kind::lost: wallet_.release(message.bid); break;
      case ToShard::Kind::published: adopt(std::move(message.published)); break;
      case ToShard::Kind::none: break;
    }
  }
  if (now < next_refresh_) return;
  next_refresh_ = now + kRefreshEvery;
  wallet_.tick(now);
  commands_.clear();
  wallet_.wants(now, commands_);
  wallet_.returns(commands_);
  bool sent = false;
  for (const ledger::Command& command : commands_) {
    ToControl out;
    out.kind = ToControl::Kind::lease;
    out.command = command;
    sent = link_.to_control.push(out) || sent;
  }
  if (sent && on_message) on_message();
  refresh_open(false);
  if (now >= next_report_ && published_ != nullptr) {
    const bool large = published_->catalogue->line_items.size() > kLargeLineItems;
    next_report_ = now + (large ? kReportEveryIfLarge : kReportEvery);
    report_refusals();
  }
}

/// What targeting has counted, to control. On this thread, since a new catalogue replaces the agent on this
/// thread.
void Shard::report_refusals() {
  const auto& items = published_->catalogue->line_items;
  refusals_.resize(items.size() * domain::kRefusals);
  auto& seat = team_->team().targeting;
  if (seat.baseline != nullptr) seat.baseline->collect_refusals(refusals_);
  auto report = std::make_shared<RefusalReport>();
  for (std::size_t i = 0; i < refusals_.size(); ++i) {
    if (refusals_[i] == 0) continue;
    report->entries.push_back(
        {items[i / domain::kRefusals].id, static_cast<domain::Refusal>(i % domain::kRefusals), refusals_[i]});
    refusals_[i] = 0;
  }
  if (!report->entries.empty()) link_.refusals.push(std::move(report));
}

void Shard::withdraw_all() {
  if (published_ == nullptr) return;
  for (const auto& campaign : published_->catalogue->campaigns) wallet_.withdraw(campaign.id);
  next_refresh_ = {};
  poll();
}

}  // namespace bandstand::serving
