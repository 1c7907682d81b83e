// replay_decision: the log into maps, a team from snapshots, the production flow once more.
#include "app/replay_decision.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include "app/logged_data.h"
#include "log/read_topic.h"
#include "orchestrator/auction_flow.h"
#include "orchestrator/policies.h"
#include "protocol/catalogue/catalogue_reader.h"
#include "protocol/decide/decide_codec.h"
#include "protocol/event/event_codec.h"
#include "protocol/openrtb/request_parser.h"
#include "serving/bid_facts.h"
#include "serving/explain.h"

namespace bandstand::app {
namespace {

using base::Nanos;

/// Gives back what the record says that was there.
class RecordedMoney final : public orchestrator::MoneySource {
 public:
  explicit RecordedMoney(const domain::DecisionRecord& record) : record_(record) {}

  Nanos available(std::uint32_t) override {
    while (impression_ < record_.impressions.size() &&
           candidate_ >= record_.impressions[impression_].candidates.size()) {
      ++impression_;
      candidate_ = 0;
    }
    if (impression_ >= record_.impressions.size()) return {};
    return record_.impressions[impression_].candidates[candidate_++].available;
  }
  base::Result<orchestrator::Reserved> reserve(std::uint32_t, base::BidId, Nanos, base::Duration) override {
    while (call_ < record_.calls.size() && record_.calls[call_].stage != domain::Stage::reservation) ++call_;
    const bool held =
        call_ < record_.calls.size() && record_.calls[call_++].outcome == domain::CallOutcome::ok;
    if (!held) return base::fail(base::Code::exhausted, "as recorded");
    return orchestrator::Reserved{};
  }

 private:
  const domain::DecisionRecord& record_;
  std::size_t impression_ = 0, candidate_ = 0, call_ = 0;
};

/// The bytes of a record without what a clock measured.
std::string timeless(const domain::DecisionRecord& record, base::Arena& arena) {
  domain::DecisionRecord copy = record;
  copy.duration_ns = 0;
  auto calls = arena.array<domain::CallRecord>(record.calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) {
    calls[i] = record.calls[i];
    calls[i].duration_ns = 0;
  }
  copy.calls = calls;
  return std::string(protocol::event::encode(copy, arena));
}

/// Of the lists that the fraud agent had; 0 if it was not asked.
std::uint32_t fraud_version(const domain::DecisionRecord& record) {
  for (const auto& call : record.calls) {
    if (call.stage == domain::Stage::fraud) return call.version;
  }
  return 0;
}

std::string first_difference(const domain::DecisionRecord& a, const domain::DecisionRecord& b) {
  if (fraud_version(a) != fraud_version(b)) {
    return "the fraud lists are others (version " + std::to_string(fraud_version(a)) + " recorded, " +
           std::to_string(fraud_version(b)) + " now)";
  }
  if (a.calls.size() != b.calls.size()) {
    return std::to_string(a.calls.size()) + " calls recorded, " + std::to_string(b.calls.size()) +
           " computed";
  }
  for (std::size_t i = 0; i < a.calls.size(); ++i) {
    const auto& x = a.calls[i];
    const auto& y = b.calls[i];
    if (x.policy != y.policy) {
      return std::string(domain::name_of(x.stage)) + " was asked of " + std::string(orchestrator::name_of(x.policy)) +
             ", these settings say " + std::string(orchestrator::name_of(y.policy)) + "; give the server's --config";
    }
    if (x.stage != y.stage || x.answer != y.answer || x.outcome != y.outcome ||
        x.propensity != y.propensity) {
      return std::string("stage ") + domain::name_of(x.stage) + " of impression " +
             std::to_string(x.impression) + " (answer " + std::to_string(x.answer) + " recorded, " +
             std::to_string(y.answer) + " computed)";
    }
  }
  for (std::size_t i = 0; i < a.impressions.size() && i < b.impressions.size(); ++i) {
    const auto& x = a.impressions[i].candidates;
    const auto& y = b.impressions[i].candidates;
    if (x.size() != y.size()) return "impression " + std::to_string(i) + ": another number of candidates";
    for (std::size_t j = 0; j < x.size(); ++j) {
      if (x[j].line_item != y[j].line_item || x[j].price != y[j].price || x[j].refusal != y[j].refusal ||
          x[j].creative != y[j].creative || x[j].value != y[j].value) {
        return "impression " + std::to_string(i) + ", line item " + std::to_string(x[j].line_item) +
               ": price " + base::format_cpm(x[j].price) + " recorded, " + base::format_cpm(y[j].price) +
               " computed";
      }
    }
  }
  return "a field outside calls and candidates";
}

template <class Each>
base::Result<std::monostate> each_record(log::Log& log, const char* topic, Each each) {
  return log::read_topic(log, topic, 256, [&](const log::Record& record) { each(record.value); });
}

}  // namespace

base::Result<std::unique_ptr<DecisionReplayer>> DecisionReplayer::open(
    log::Log& log, const serving::ServingSettings& settings, const TeamNames& names) {
  auto out = std::unique_ptr<DecisionReplayer>(new DecisionReplayer(settings, names));
  base::Arena arena;
  BANDSTAND_TRY_VOID(each_record(log, "snapshots", [&](std::string_view bytes) {
    const auto snapshot = protocol::event::decode_snapshot(bytes);
    if (snapshot)
      out->snapshots_[{std::string(snapshot->kind), snapshot->version}] = std::string(snapshot->content);
  }));
  const auto models = each_record(log, serving::kModelsTopic, [&](std::string_view bytes) {
    const auto record = protocol::event::decode_snapshot(bytes);
    if (!record || record->kind != std::string("publish ") + serving::name_of(serving::ModelAgent::fraud)) return;
    const auto file = model::decode_model(record->content);
    const auto read = file ? agents::fraud::FraudModel::from(*file) : base::Result<agents::fraud::FraudModel>(file.error());
    if (!read) return;
    const auto version = static_cast<std::uint32_t>(record->version);
    out->fraud_models_[version] = std::make_shared<agents::fraud::FraudModel>(*read);
  });
  if (!models && models.error().code != base::Code::not_found) return models.error();
  BANDSTAND_TRY_VOID(each_record(log, "decisions", [&](std::string_view bytes) {
    arena.reset();
    if (protocol::event::is_shard_state(bytes)) {
      const auto state = protocol::event::decode_shard_state(bytes, arena);
      if (state) {
        out->open_[{state->node.value, state->open_epoch}].assign(state->open_campaigns.begin(),
                                                                  state->open_campaigns.end());
      }
      return;
    }
    base::DecisionId id;
    if (protocol::event::peek_decision_id(bytes, id)) out->decisions_[id] = std::string(bytes);
  }));
  return out;
}

std::vector<base::DecisionId> DecisionReplayer::ids() const {
  std::vector<base::DecisionId> out;
  for (const auto& [id, bytes] : decisions_) out.push_back(id);
  return out;
}

/// Finds or builds every snapshot that the decision used; says what is missing.
std::string DecisionReplayer::missing(const domain::DecisionRecord& record, serving::Published& out) {
  const auto bytes_of = [&](const char* kind, std::uint64_t version) -> const std::string* {
    const auto found = snapshots_.find({kind, version});
    return found == snapshots_.end() ? nullptr : &found->second;
  };
  auto& catalogue = catalogues_[record.catalogue_version];
  if (catalogue == nullptr) {
    const std::string* text = bytes_of("catalogue", record.catalogue_version);
    if (text == nullptr) return "the catalogue of that version is not in the log";
    protocol::catalogue::ExchangeNames exchanges;
    for (const auto& exchange : settings_.exchanges) exchanges.push_back(exchange.name);
    std::vector<protocol::catalogue::Problem> problems;
    catalogue = protocol::catalogue::read_catalogue(*text, exchanges, problems);
    if (catalogue == nullptr) return "the catalogue in the log cannot be read with these settings";
    agents::targeting::TargetingOptions targeting;
    for (const auto& exchange : settings_.exchanges) targeting.seats.push_back(exchange.seat);
    targeting.policy = orchestrator::kTargetingIndex;
    indexes_[record.catalogue_version] = agents::targeting::TargetingIndex::build(catalogue, targeting);
  }
  out.catalogue = catalogue;
  out.targeting = indexes_[record.catalogue_version];
  // Decoded once a version; what is missing in words, or nothing.
  const auto cached = [&](auto& cache, const char* kind, std::uint32_t version, auto decode) -> std::string {
    auto& kept = cache[version];
    if (kept != nullptr) return "";
    const std::string* bytes = bytes_of(kind, version);
    if (bytes == nullptr) return std::string("the ") + kind + " snapshot is not in the log";
    const auto read = decode(*bytes);
    if (!read) return std::string("the ") + kind + " snapshot in the log is damaged";
    kept = *read;
    return "";
  };
  std::string trouble = cached(pacings_, "pacing", record.pacing_version, agents::budget::PacingSnapshot::decode);
  if (!trouble.empty()) return trouble;
  out.pacing = pacings_[record.pacing_version];
  out.creative = board(catalogue, "creative", record.creative_version, trouble);
  if (out.creative == nullptr) return trouble;
  if (record.market_version != 0) {
    trouble = cached(markets_, "market", record.market_version, agents::bid::MarketSnapshot::decode);
    if (!trouble.empty()) return trouble;
    out.market = markets_[record.market_version];
  }
  out.oversight = std::make_shared<agents::oversight::OversightSnapshot>();
  return missing_models(record, out);
}

agents::creative::ResponseBoardPtr DecisionReplayer::board(const domain::CatalogueSnapshot& catalogue, const char* kind,
                                                           std::uint32_t version, std::string& trouble) {
  auto& board = boards_[{kind, catalogue->version, version}];
  if (board != nullptr) return board;
  const auto found = snapshots_.find({kind, version});
  if (found == snapshots_.end()) {
    trouble = std::string("the ") + kind + " model is not in the log";
    return nullptr;
  }
  const auto model = agents::creative::ResponseModel::decode(found->second);
  if (!model) {
    trouble = std::string("the ") + kind + " model in the log is damaged";
    return nullptr;
  }
  return board = std::make_shared<agents::creative::ResponseBoard>(catalogue, *model);
}

/// Learned policies that were asked, live or in shadow, answer again, to the extent that they did: who was in the share of a
/// rollout is in the record.
std::string DecisionReplayer::missing_models(const domain::DecisionRecord& record, serving::Published& out) {
  auto models = std::make_shared<serving::ServedModels>();
  const auto sits = [&](serving::ModelAgent agent, std::uint32_t version, domain::Source source) {
    auto& seat = (*models)[static_cast<std::size_t>(agent)];
    seat.version = version;
    seat.rollout.mode = source == domain::Source::shadow ? orchestrator::Mode::shadow : orchestrator::Mode::live;
    out.models = models;
  };
  // Any version but 0 will do where a board or a watchlist is what decides.
  std::string trouble;
  for (const auto& call : record.calls) {
    if (call.policy == orchestrator::kProfileSequence) sits(serving::ModelAgent::profile, call.version, call.source);
    if (call.policy == orchestrator::kBidLearned) sits(serving::ModelAgent::bid, call.version, call.source);
    if (call.policy == orchestrator::kCreativeLearned) {
      if (call.version != 0) out.creative_learned = board(out.catalogue, "creative_learned", call.version, trouble);
      if (call.version != 0 && out.creative_learned == nullptr) return trouble;
      sits(serving::ModelAgent::creative, 1, call.source);
    }
    const bool learned = call.policy == orchestrator::kFraudLearned;
    if (learned || call.policy == orchestrator::kFraudScore) {
      if (call.version != 0) out.watchlist = watchlist(call.version, trouble);
      if (call.version != 0 && out.watchlist == nullptr) return trouble;
      if (learned) sits(serving::ModelAgent::fraud, 1, call.source);
    }
  }
  return "";
}

/// What the last lists' changes say together.
agents::fraud::WatchlistPtr DecisionReplayer::watchlist(std::uint32_t version, std::string& trouble) {
  using agents::fraud::WatchChanges;
  if (watchlist_ != nullptr && watchlist_->version == version) return watchlist_;
  const auto changes_of = [&](std::uint32_t at) -> base::Result<WatchChanges> {
    const auto found = snapshots_.find({"watchlist", at});
    if (found == snapshots_.end()) return base::fail(base::Code::not_found, "the watchlist is not in the log");
    return WatchChanges::decode(found->second);
  };
  const auto last = changes_of(version);
  auto list = std::make_shared<agents::fraud::Watchlist>();
  const std::uint32_t count = last ? std::min(last->age, WatchChanges::kTurns) : 1;
  for (std::uint32_t at = version - count + 1; at <= version; ++at) {
    const auto changes = changes_of(at);
    if (!changes) {
      trouble = changes.error().what;
      return nullptr;
    }
    for (const auto& entry : changes->entries) list->add(entry);  // who is gone stays, with nothing to say
  }
  list->version = version;
  if (last->model_version != 0) {
    list->model = fraud_models_[last->model_version];
    if (list->model == nullptr) {
      trouble = "the fraud model of the watchlist is not in the log";
      return nullptr;
    }
  }
  return watchlist_ = std::move(list);
}

serving::ShardTeam& DecisionReplayer::team_for(const serving::Published& published) {
  const auto models_of = [](const serving::Published& p) {
    std::vector<std::pair<std::uint32_t, orchestrator::Mode>> sit(serving::kModelAgents);
    for (std::size_t i = 0; p.models != nullptr && i < sit.size(); ++i)
      sit[i] = {(*p.models)[i].version, (*p.models)[i].rollout.mode};
    return sit;
  };
  const bool same = team_ != nullptr && adopted_.catalogue == published.catalogue && adopted_.pacing == published.pacing &&
                    adopted_.market == published.market && adopted_.creative == published.creative &&
                    adopted_.creative_learned == published.creative_learned &&
                    adopted_.watchlist == published.watchlist && models_of(adopted_) == models_of(published);
  if (!same) {
    team_ = make_team(settings_, names_);
    team_->adopt(published);
    adopted_ = published;
    if (on_team) on_team(*team_, published);
  }
  // What one decision's agents did must not close a breaker to the next: the record says what was open.
  orchestrator::Team& team = team_->team();
  const auto reset = [](auto& seat) { seat.baseline_breaker = seat.challenger_breaker = orchestrator::Breaker{}; };
  reset(team.fraud), reset(team.profile), reset(team.targeting), reset(team.budget), reset(team.creative), reset(team.bid),
      reset(team.oversight);
  return *team_;
}

DecisionReplayer::Outcome DecisionReplayer::replay(base::DecisionId id) {
  Outcome out;
  const auto found = decisions_.find(id.decision());
  if (found == decisions_.end()) return out;
  recorded_arena_.reset();
  arena_.reset();
  const auto decoded = protocol::event::decode_decision(found->second, recorded_arena_);
  if (!decoded) return out;
  const domain::DecisionRecord& record = **decoded;
  out.recorded = &record;
  out.verdict = Verdict::missing_snapshot;
  serving::Published published;
  out.detail = missing(record, published);
  out.catalogue = published.catalogue;
  if (!out.detail.empty()) return out;
  const auto open = open_.find({record.id.node().value, record.open_epoch});
  if (open == open_.end()) {
    out.detail = "the shard's set of open campaigns is not in the log";
    return out;
  }
  const domain::Catalogue& catalogue = *published.catalogue;
  std::vector<std::uint64_t> items((catalogue.line_items.size() + 63) / 64);
  for (std::size_t i = 0; i < catalogue.line_items.size(); ++i) {
    const std::uint32_t campaign = catalogue.line_items[i].campaign;
    const bool is_open =
        campaign / 64 < open->second.size() && (open->second[campaign / 64] >> (campaign % 64) & 1u) != 0;
    if (is_open && catalogue.line_items[i].active) items[i / 64] |= std::uint64_t{1} << (i % 64);
  }

  std::string body(record.request);
  body.append(64, '\0');
  const std::string_view request = std::string_view(body).substr(0, record.request.size());
  protocol::openrtb::ParserOptions parser_options;
  parser_options.tcf_vendor_id = settings_.vendor_id;
  protocol::openrtb::RequestParser parser(parser_options);
  protocol::openrtb::ParsedRequest parsed;
  protocol::decide::DecideParser decide_parser(settings_.vendor_id);
  protocol::decide::ParsedDecide decide;
  if (record.first_party) {
    decide_parser.parse(request, arena_, decide);
  } else {
    parser.parse(request, arena_, parsed);
  }
  const domain::Consent consent = domain::consent_gate(record.first_party ? decide.privacy : parsed.privacy);
  if (record.first_party) {
    protocol::decide::admit(consent, decide);
  } else {
    protocol::openrtb::admit(consent, arena_, parsed);
  }
  domain::Auction& auction = record.first_party ? decide.auction : parsed.auction;
  auction.exchange = record.exchange;
  if (!record.first_party && record.exchange < settings_.exchanges.size())
    serving::settle_currencies(settings_.exchanges[record.exchange], arena_, auction);

  serving::ShardTeam& team = team_for(published);
  base::ManualClock clock(record.at);
  orchestrator::AuctionFlow flow(team.team(), clock, serving::flow_options(settings_));
  orchestrator::FlowInput input{.auction = auction, .consent = consent};
  if (record.user != 0) input.user = domain::UserKey{record.user};
  input.state = record.state;
  input.vector = record.user_vector;
  input.rates = {record.rate_address, record.rate_user, record.rate_placement};
  input.open = items;
  input.open_epoch = record.open_epoch;
  input.request = request;
  input.id = record.id;
  input.seed = record.seed;
  input.now = record.at;
  const bool no_time = record.no_bid == domain::NoBid::insufficient_time && record.calls.empty();
  input.deadline = clock.mono() + (no_time ? base::Duration{0} : base::Duration{std::chrono::seconds(1)});
  input.level = record.level;
  input.script = record.calls;
  RecordedMoney money(record);
  const orchestrator::SnapshotVersions versions{record.pacing_version, record.creative_version,
                                                record.market_version, record.profile_version};
  const auto result = flow.decide(input, catalogue, versions, money, arena_);
  for (const auto& bid : result.bids)
    out.bids.push_back(serving::facts_of(bid, result, auction, catalogue, consent.may_personalise()));
  const bool same = timeless(record, arena_) == timeless(*result.record, arena_);
  out.verdict = same ? Verdict::same : Verdict::differs;
  if (!same) out.detail = first_difference(record, *result.record);
  return out;
}

namespace {

using Verdict = DecisionReplayer::Verdict;

/// A data directory's log, opened for one question.
struct OpenLog {
  LoggedData data;
  std::unique_ptr<DecisionReplayer> replayer;
  base::DecisionId id;
};

bool open(const LoggedDecisionOptions& options, OpenLog& to, std::ostream& err) {
  if (!base::parse_id(options.id.data(), options.id.size(), to.id)) {
    err << "bandstand: '" << options.id << "' is no decision's id (32 hexadecimal digits)\n";
    return false;
  }
  if (!open_logged_data(options.config, options.data, to.data, err)) return false;
  auto replayer = DecisionReplayer::open(*to.data.log, to.data.settings.serving, to.data.settings.team);
  if (!replayer) {
    err << "bandstand: cannot read the log below " << to.data.folder << ": " << replayer.error().what << "\n";
    return false;
  }
  to.replayer = std::move(*replayer);
  return true;
}

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::same: return "same";
    case Verdict::differs: return "differs";
    case Verdict::missing_snapshot: return "missing_snapshot";
    case Verdict::unknown_decision: break;
  }
  return "unknown_decision";
}

}  // namespace

int replay_decision(const LoggedDecisionOptions& options, std::ostream& out, std::ostream& err) {
  OpenLog log;
  if (!open(options, log, err)) return 2;
  auto outcome = log.replayer->replay(log.id);
  if (outcome.verdict == Verdict::unknown_decision) outcome.detail = "there is no such decision in the log";
  const int code = outcome.verdict == Verdict::same ? 0 : outcome.verdict == Verdict::differs ? 1 : 2;
  if (options.json) {
    nlohmann::ordered_json json{{"id", options.id}, {"verdict", name_of(outcome.verdict)}};
    if (!outcome.detail.empty()) json["detail"] = outcome.detail;
    if (outcome.recorded != nullptr) json["bids"] = outcome.recorded->bids;
    out << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
    return code;
  }
  switch (outcome.verdict) {
    case Verdict::same: out << "the same, bit for bit: " << outcome.recorded->bids << " bids\n"; break;
    case Verdict::differs: out << "DIFFERS: " << outcome.detail << "\n"; break;
    default: err << "bandstand: " << outcome.detail << "\n"; break;
  }
  return code;
}

int explain(const LoggedDecisionOptions& options, std::ostream& out, std::ostream& err) {
  OpenLog log;
  if (!open(options, log, err)) return 2;
  const auto outcome = log.replayer->replay(log.id);
  if (outcome.recorded == nullptr) {
    err << "bandstand: there is no such decision in the log\n";
    return 2;
  }
  serving::ExplainContext context;
  context.catalogue = outcome.catalogue.get();
  for (const auto& exchange : log.data.settings.serving.exchanges) context.exchanges.push_back(exchange.name);
  out << (options.json ? serving::explain_json(*outcome.recorded, context) + "\n"
                       : serving::explain_text(*outcome.recorded, context));
  return 0;
}

}  // namespace bandstand::app
