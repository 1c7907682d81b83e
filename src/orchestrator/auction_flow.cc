// auction_flow: the walk itself, one function a stage.
#include "orchestrator/auction_flow.h"

#include <algorithm>
#include <cmath>
#include <variant>

namespace bandstand::orchestrator {
namespace {

using agents::AgentContext;
using base::Arena;
using base::ArenaList;
using base::MonoTime;
using base::Nanos;
using domain::CallOutcome;
using domain::CallRecord;
using domain::CandidateRecord;
using domain::Refusal;
using domain::Source;
using domain::Stage;

/// A candidate on its way through an impression.
struct Contender {
  std::uint32_t candidate = 0;  ///< index into the impression's records
  std::uint32_t line_item = 0;  ///< index in the catalogue
  std::uint32_t creative = 0;
  std::uint8_t deal = agents::targeting::kOpenAuction;
  double outlook = 0;  ///< value / mu by the line item's best creative
  float residual = 0;  ///< of the budget agent's answer
  Nanos floor, price;
};

double value_of(const domain::LineItem& item, float click_rate, float conversion_rate) {
  const auto value = static_cast<double>(item.value.value);
  switch (item.goal) {
    case domain::Goal::cpm: return value;
    case domain::Goal::cpc: return value * static_cast<double>(click_rate);
    case domain::Goal::cpa: return value * static_cast<double>(conversion_rate);
  }
  return 0;
}

/// Of length 1. A vector that is wider than what travels with a bid is none: a part of it would mean something else.
domain::Taste taste_of(std::span<const float> vector) {
  domain::Taste out{};
  if (vector.size() > out.size()) return out;
  float squares = 0;
  for (const float x : vector) squares += x * x;
  if (!(squares > 0) || !std::isfinite(squares)) return out;
  const float scale = 1 / std::sqrt(squares);
  for (std::size_t i = 0; i < vector.size(); ++i) out[i] = scale * vector[i];
  return out;
}

/// One decision under way. Lives on the stack of decide().
class Walk {
 public:
  Walk(Team& team, const base::Clock& clock, const FlowOptions& options, const FlowInput& input,
       const domain::Catalogue& catalogue, MoneySource& money, Arena& arena)
      : team_(team),
        clock_(clock),
        options_(options),
        input_(input),
        catalogue_(catalogue),
        money_(money),
        arena_(arena),
        calls_(arena, 16),
        bids_(arena, 4),
        started_(clock.mono()),
        last_(started_),
        subject_(input.user ? input.user->value : base::hash64(input.auction.id)) {}

  FlowResult run(const SnapshotVersions& versions) {
    record_ = arena_.make<domain::DecisionRecord>();
    describe(versions);
    record_->impressions = arena_.array<domain::ImpressionRecord>(input_.auction.impressions.size());
    for (std::size_t i = 0; i < record_->impressions.size(); ++i) {
      record_->impressions[i].id = input_.auction.impressions[i].id;
    }
    const domain::NoBid stopped = whole_request();
    if (stopped == kGoOn) {
      for (std::size_t i = 0; i < input_.auction.impressions.size() && i < 256; ++i) {
        one_impression(static_cast<std::uint8_t>(i));
      }
    } else {
      for (auto& impression : record_->impressions) impression.no_bid = stopped;
    }
    return finish(stopped);
  }

 private:
  static constexpr auto kGoOn = static_cast<domain::NoBid>(0xffff);

  void describe(const SnapshotVersions& versions) {
    domain::DecisionRecord& r = *record_;
    r.id = input_.id;
    r.at = input_.now;
    r.exchange = input_.auction.exchange;
    r.first_party = input_.auction.first_party;
    r.test = input_.auction.test;
    r.request = input_.request;
    r.seed = input_.seed;
    r.catalogue_version = catalogue_.version;
    r.pacing_version = versions.pacing;
    r.creative_version = versions.creative;
    r.market_version = versions.market;
    r.profile_version = versions.profile;
    r.open_epoch = input_.open_epoch;
    r.user = input_.user ? input_.user->value : 0;
    r.state = input_.state;
    r.user_vector = input_.vector;
    r.basis = input_.consent.basis();
    r.rate_address = input_.rates.by_address;
    r.rate_user = input_.rates.by_user;
    r.rate_placement = input_.rates.by_placement;
    r.level = input_.level;
  }

  FlowResult finish(domain::NoBid stopped) {
    record_->calls = calls_.span();
    record_->bids = static_cast<std::uint32_t>(bids_.size());
    record_->no_bid = domain::NoBid::unknown;
    if (bids_.empty()) {
      record_->no_bid = stopped != kGoOn ? stopped : domain::NoBid::no_eligible_line_item;
      // The reason of the impression that came farthest: codes are not ordered, the stages behind them are.
      for (const auto& impression : record_->impressions) {
        if (stopped == kGoOn && impression.no_bid != domain::NoBid::no_eligible_line_item)
          record_->no_bid = impression.no_bid;
      }
    }
    record_->duration_ns = static_cast<std::uint32_t>((clock_.mono() - started_).count());
    return {bids_.span(), record_->no_bid, record_, response_facts_};
  }

  // ---- calling agents -------------------------------------------------------------------------------------

  [[nodiscard]] base::Rng rng_of(Stage stage, std::uint8_t impression, bool shadow) const {
    return base::Rng(base::mix64(input_.seed ^ (static_cast<std::uint64_t>(stage) << 32) ^
                                 (static_cast<std::uint64_t>(impression) << 8) ^ (shadow ? 1u : 0u)));
  }

  [[nodiscard]] base::Duration share_of(Stage stage) const {
    return (input_.deadline - started_) * row_of(stage).share_percent / 100;
  }

  /// The recorded call that a replay follows, if there is one.
  const CallRecord* scripted(Stage stage, std::uint8_t impression) {
    for (; script_at_ < input_.script.size(); ++script_at_) {
      const CallRecord& call = input_.script[script_at_];
      if (call.source == Source::shadow) continue;
      if (call.stage != stage || call.impression != impression) return nullptr;
      ++script_at_;
      return &call;
    }
    return nullptr;
  }

  /// Asks whoever sits in `seat`: `ask(agent, context)` fills `call` (policy, version, propensity, answer)
  /// and says whether the answer can be used. Returns false if the stage has to do without: the caller falls
  /// back.
  template <class Agent, class Ask>
  bool call(Stage stage, Seat<Agent>& seat, std::uint8_t impression, Ask ask) {
    const bool challenger = seat.challenger_answers(subject_);
    Agent* agent = challenger ? seat.challenger.get() : seat.baseline.get();
    Breaker& breaker = challenger ? seat.challenger_breaker : seat.baseline_breaker;
    CallRecord& call = calls_.push({});
    call.stage = stage;
    call.impression = impression;
    const CallRecord* script = input_.script.empty() ? nullptr : scripted(stage, impression);
    if (script != nullptr) {
      call.outcome = script->outcome;
    } else if (!seat.enabled || agent == nullptr) {
      call.outcome = CallOutcome::off;
    } else if (last_ >= input_.deadline) {
      call.outcome = CallOutcome::no_time;
    } else if (!breaker.allows(last_)) {
      call.outcome = CallOutcome::breaker_open;
    }
    const bool asked = call.outcome == CallOutcome::ok || call.outcome == CallOutcome::late ||
                       (script != nullptr && call.outcome == CallOutcome::error);
    bool usable = false;
    if (asked && agent != nullptr) {
      const std::size_t at = calls_.size() - 1;
      base::Rng rng = rng_of(stage, impression, false);
      AgentContext context{input_.now, share_of(stage), rng, arena_};
      usable = ask(*agent, context, calls_[at]);
      const MonoTime end = clock_.mono();
      const base::Duration took = end - last_;
      last_ = end;
      calls_[at].duration_ns = static_cast<std::uint32_t>(took.count());
      if (script == nullptr) {
        const bool late = took > share_of(stage);
        if (!usable) {
          calls_[at].outcome = CallOutcome::error;
        } else if (late) {
          calls_[at].outcome = CallOutcome::late;
        }
        breaker.report(usable && !late, end);
      } else {
        usable = usable && call.outcome != CallOutcome::error;
      }
    }
    if (!usable) calls_[calls_.size() - 1].source = Source::fallback;
    if (input_.level == 0 && seat.has_shadow(subject_)) shadow(stage, seat, impression, ask);
    return usable;
  }

  /// The challenger answers too, with chance of its own; its answer is recorded and thrown away.
  template <class Agent, class Ask>
  void shadow(Stage stage, Seat<Agent>& seat, std::uint8_t impression, Ask& ask) {
    if (!seat.challenger_breaker.allows(last_)) return;
    CallRecord call;
    call.stage = stage;
    call.impression = impression;
    call.source = Source::shadow;
    base::Rng rng = rng_of(stage, impression, true);
    AgentContext context{input_.now, share_of(stage), rng, arena_};
    shadowing_ = true;
    const bool usable = ask(*seat.challenger, context, call);
    shadowing_ = false;
    const MonoTime end = clock_.mono();
    call.duration_ns = static_cast<std::uint32_t>((end - last_).count());
    call.outcome = usable ? CallOutcome::ok : CallOutcome::error;
    seat.challenger_breaker.report(usable, end);
    last_ = end;
    calls_.push(call);
  }

  template <class T>
  static void note(CallRecord& call, const domain::Decided<T>& decided) {
    call.policy = decided.policy;
    call.version = decided.version;
    call.propensity = decided.propensity;
  }

  // ---- stages that run once -------------------------------------------------------------------------------

  domain::NoBid whole_request() {
    if (input_.deadline - started_ < options_.time_min) return domain::NoBid::insufficient_time;
    CallRecord& gate = calls_.push({});
    gate.stage = Stage::consent;
    gate.answer = static_cast<std::uint16_t>(input_.consent.basis());
    const domain::NoBid invalid = ask_fraud();
    if (invalid != kGoOn) return invalid;
    ask_profile();
    return kGoOn;
  }

  domain::NoBid ask_fraud() {
    using agents::fraud::Reason;
    using agents::fraud::Verdict;
    agents::fraud::FraudAnswer answer = agents::fraud::kFraudFallback;
    const agents::fraud::FraudInput question{input_.auction, input_.user, input_.rates};
    call(Stage::fraud, team_.fraud, 0, [&](auto& agent, AgentContext& context, CallRecord& call) {
      const auto decided = agent.decide(question, context);
      if (!decided) return false;
      note(call, *decided);
      call.answer = static_cast<std::uint16_t>(static_cast<int>(decided->value.verdict) << 8 |
                                               static_cast<int>(decided->value.reason));
      if (!shadowing_) answer = decided->value;
      return true;
    });
    record_->verdict = static_cast<std::uint8_t>(answer.verdict);
    record_->verdict_reason = static_cast<std::uint8_t>(answer.reason);
    const bool stop = answer.verdict == Verdict::invalid ||
                      (answer.verdict == Verdict::suspicious && !options_.bid_on_suspicious);
    if (!stop) return kGoOn;
    if (answer.reason == Reason::known_crawler) return domain::NoBid::known_crawler;
    if (answer.reason == Reason::data_center) return domain::NoBid::data_center_ip;
    return domain::NoBid::suspected_non_human;
  }

  void ask_profile() {
    const agents::profile::ProfileInput question{input_.auction, input_.consent, input_.state, input_.vector};
    call(Stage::profile, team_.profile, 0, [&](auto& agent, AgentContext& context, CallRecord& call) {
      const auto decided = agent.decide(question, context);
      if (!decided) return false;
      note(call, *decided);
      call.answer = static_cast<std::uint16_t>(decided->value.interests.size() |
                                               (decided->value.vector.empty() ? 0 : domain::kHasVector));
      if (!shadowing_) profile_ = decided->value;
      return true;
    });
  }

  // ---- stages of an impression ----------------------------------------------------------------------------

  void one_impression(std::uint8_t index) {
    const domain::Impression& impression = input_.auction.impressions[index];
    domain::ImpressionRecord& record = record_->impressions[index];
    record.no_bid = domain::NoBid::no_eligible_line_item;
    const auto candidates = ask_targeting(index, impression, record);
    if (candidates.empty()) return;
    record.candidates = arena_.array<CandidateRecord>(candidates.size());
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      record.candidates[i].line_item = catalogue_.line_items[candidates[i].line_item].id.value;
      record.candidates[i].deal = candidates[i].deal;
    }
    ArenaList<Contender> contenders(arena_, options_.contenders_max + 1);
    if (!ask_budget(index, candidates, record, contenders)) {
      record.no_bid = domain::NoBid::paced;
      return;
    }
    ask_creative(index, impression, record, contenders);
    ask_bid(index, impression, record, contenders);
    internal_auction(index, impression, record, contenders);
  }

  std::span<const agents::targeting::Candidate> ask_targeting(std::uint8_t index,
                                                              const domain::Impression& impression,
                                                              domain::ImpressionRecord& record) {
    const agents::targeting::TargetingInput question{input_.auction,
                                                     impression,
                                                     input_.consent,
                                                     profile_.segments,
                                                     profile_.state,
                                                     input_.open,
                                                     input_.level >= 3 ? 16 : options_.candidates_max};
    std::span<const agents::targeting::Candidate> candidates;
    call(Stage::targeting, team_.targeting, index, [&](auto& agent, AgentContext& context, CallRecord& call) {
      const auto decided = agent.decide(question, context);
      if (!decided) return false;
      note(call, *decided);
      call.answer =
          static_cast<std::uint16_t>(std::min<std::size_t>(decided->value.candidates.size(), 0xffff));
      if (!shadowing_) {
        candidates = decided->value.candidates;
        record.refused = decided->value.refused;
        record.outranked = decided->value.outranked;
      }
      return true;
    });
    return candidates;
  }

  /// Candidates that may spend, best outlook first, at most contenders_max; those of deals are never sorted
  /// away.
  bool ask_budget(std::uint8_t index, std::span<const agents::targeting::Candidate> candidates,
                  domain::ImpressionRecord& record, ArenaList<Contender>& out) {
    auto purses = arena_.array<agents::budget::Purse>(candidates.size());
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      purses[i].campaign = catalogue_.line_items[candidates[i].line_item].campaign;
      purses[i].available = money_.available(purses[i].campaign);
      record.candidates[i].available = purses[i].available;
    }
    std::span<const agents::budget::BudgetAnswer> answers;
    const agents::budget::BudgetInput question{purses, input_.auction.impressions[index].floor};
    const bool usable =
        call(Stage::budget, team_.budget, index, [&](auto& agent, AgentContext& context, CallRecord& call) {
          const auto decided = agent.decide(question, context);
          if (!decided || decided->value.size() != candidates.size()) return false;
          note(call, *decided);
          if (!shadowing_) answers = decided->value;
          return true;
        });
    if (!usable) {
      for (auto& candidate : record.candidates) candidate.refusal = Refusal::paced;
      return false;
    }
    const std::size_t contenders_max =
        std::max<std::size_t>(1, input_.level >= 2 ? options_.contenders_max / 2 : options_.contenders_max);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      CandidateRecord& candidate = record.candidates[i];
      candidate.mu = answers[i].mu;
      if (!answers[i].open) {
        candidate.refusal = answers[i].why;
        continue;
      }
      const auto& item = catalogue_.line_items[candidates[i].line_item];
      Contender contender;
      contender.candidate = static_cast<std::uint32_t>(i);
      contender.line_item = candidates[i].line_item;
      contender.deal = candidates[i].deal;
      contender.residual = answers[i].residual;
      contender.outlook = outlook_of(item, candidates[i].line_item) / static_cast<double>(answers[i].mu);
      insert(out, contender, contenders_max, record);
    }
    if (out.empty()) return false;
    record.no_bid = domain::NoBid::no_creative;
    return true;
  }

  [[nodiscard]] double outlook_of(const domain::LineItem& item, std::uint32_t index) const {
    if (item.goal == domain::Goal::cpm || team_.creative.baseline == nullptr)
      return static_cast<double>(item.value.value);
    const auto outlook = team_.creative.baseline->outlook(index);
    return value_of(item, outlook.click_rate, outlook.conversion_rate);
  }

  /// True if `a` is served before `b`: deals, then the publisher's priorities (first party only), then money.
  [[nodiscard]] bool before(const Contender& a, double a_money, const Contender& b, double b_money) const {
    const bool a_deal = a.deal != agents::targeting::kOpenAuction;
    const bool b_deal = b.deal != agents::targeting::kOpenAuction;
    if (a_deal != b_deal) return a_deal;
    if (input_.auction.first_party) {
      const auto a_tier = catalogue_.line_items[a.line_item].priority;
      const auto b_tier = catalogue_.line_items[b.line_item].priority;
      if (a_tier != b_tier) return a_tier < b_tier;
    }
    return a_money > b_money;
  }

  void insert(ArenaList<Contender>& list, const Contender& contender, std::size_t max,
              domain::ImpressionRecord& record) {
    std::size_t at = list.size();
    while (at > 0 && before(contender, contender.outlook, list[at - 1], list[at - 1].outlook)) --at;
    if (at == max) {
      record.candidates[contender.candidate].refusal = Refusal::outranked;
      return;
    }
    list.push(contender);
    for (std::size_t i = list.size() - 1; i > at; --i) list[i] = list[i - 1];
    list[at] = contender;
    if (list.size() > max) {
      record.candidates[list[max].candidate].refusal = Refusal::outranked;
      list.truncate(max);
    }
  }

  /// Who is served first; ties keep their order. By insertion: there are few, and std::stable_sort asks for memory.
  void sort_by_price(ArenaList<Contender>& list) const {
    for (std::size_t i = 1; i < list.size(); ++i) {
      const Contender contender = list[i];
      const auto money = static_cast<double>(contender.price.value);
      std::size_t at = i;
      for (; at > 0 && before(contender, money, list[at - 1], static_cast<double>(list[at - 1].price.value)); --at)
        list[at] = list[at - 1];
      list[at] = contender;
    }
  }

  /// Removes contenders whose record got a refusal.
  static void drop_refused(ArenaList<Contender>& list, const domain::ImpressionRecord& record) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (record.candidates[list[i].candidate].refusal == Refusal::none) list[kept++] = list[i];
    }
    list.truncate(kept);
  }

  void ask_creative(std::uint8_t index, const domain::Impression& impression,
                    domain::ImpressionRecord& record, ArenaList<Contender>& contenders) {
    agents::creative::ResponseContext response{input_.auction, impression, 0, 0, 0, taste_of(profile_.vector)};
    if (!profile_.interests.empty()) {
      response.user_topic = profile_.interests.front().topic;
      response.user_topic_weight = profile_.interests.front().weight;
    }
    if (profile_.state != nullptr) {
      response.impressions_seen =
          static_cast<std::uint16_t>(std::min<std::uint32_t>(profile_.state->impressions, 0xffff));
    }
    response_facts_ = {response.user_topic, response.user_topic_weight, response.impressions_seen,
                       response.taste};
    auto fitting = arena_.array<std::span<std::uint32_t>>(contenders.size());
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      fitting[i] =
          fitting_creatives(impression, contenders[i].line_item, record.candidates[contenders[i].candidate]);
    }
    const bool usable = call(
        Stage::creative, team_.creative, index, [&](auto& agent, AgentContext& context, CallRecord& call) {
          for (std::size_t i = 0; i < contenders.size(); ++i) {
            if (fitting[i].empty()) continue;
            const auto decided = agent.decide({response, contenders[i].line_item, fitting[i]}, context);
            if (!decided) return false;
            note(call, *decided);
            if (shadowing_) continue;
            choose(contenders[i], record, decided->value, decided->propensity);
          }
          return true;
        });
    if (!usable) {
      // Best known creative, propensity 1.
      for (std::size_t i = 0; i < contenders.size(); ++i) {
        if (fitting[i].empty()) continue;
        auto outlook = team_.creative.baseline == nullptr
                           ? agents::creative::CreativeAnswer{}
                           : team_.creative.baseline->outlook(contenders[i].line_item);
        outlook.creative = fitting[i].front();
        choose(contenders[i], record, outlook, 1.0f);
      }
    }
    drop_refused(contenders, record);
    if (!contenders.empty()) record.no_bid = domain::NoBid::below_floor;
  }

  std::span<std::uint32_t> fitting_creatives(const domain::Impression& impression, std::uint32_t line_item,
                                             CandidateRecord& candidate) {
    const auto& creatives = catalogue_.line_items[line_item].creatives;
    auto fitting = arena_.array<std::uint32_t>(creatives.size());
    std::size_t count = 0;
    Refusal why = Refusal::no_creative;
    for (const std::uint32_t creative : creatives) {
      const Refusal refusal =
          agents::creative::creative_fits(catalogue_.creatives[creative], input_.auction, impression);
      if (refusal == Refusal::none) {
        fitting[count++] = creative;
      } else {
        why = refusal;
      }
    }
    if (count == 0) candidate.refusal = why;
    return fitting.first(count);
  }

  void choose(Contender& contender, domain::ImpressionRecord& record,
              const agents::creative::CreativeAnswer& answer, float propensity) {
    CandidateRecord& candidate = record.candidates[contender.candidate];
    contender.creative = answer.creative;
    candidate.creative = catalogue_.creatives[answer.creative].id.value;
    candidate.click_rate = answer.click_rate;
    candidate.conversion_rate = answer.conversion_rate;
    candidate.creative_propensity = propensity;
    candidate.value =
        value_of(catalogue_.line_items[contender.line_item], answer.click_rate, answer.conversion_rate);
  }

  /// An absent list means US dollars; an answer has one currency, that of its first bid.
  [[nodiscard]] bool takes_currency(std::uint64_t currency) const {
    if (input_.auction.first_party) return true;
    if (!bids_.empty() &&
        catalogue_.campaign_of(catalogue_.line_items[bids_[0].line_item]).currency != currency)
      return false;
    if (input_.auction.currencies.empty()) return currency == domain::pack8("USD");
    for (const auto& text : input_.auction.currencies) {
      if (domain::pack8(text) == currency) return true;
    }
    return false;
  }

  agents::bid::BidInput bid_question(const domain::Impression& impression, Contender& contender,
                                     CandidateRecord& candidate) {
    const auto& item = catalogue_.line_items[contender.line_item];
    const auto& creative = catalogue_.creatives[contender.creative];
    const domain::Deal* deal =
        contender.deal == agents::targeting::kOpenAuction ? nullptr : &impression.deals[contender.deal];
    const Floor floor = floor_of(impression, deal, creative);
    const std::uint64_t currency = catalogue_.campaign_of(item).currency;
    const auto converted = domain::convert_ceil(floor.price, floor.currency, currency, options_.fx);
    if (!converted || !takes_currency(currency)) candidate.refusal = Refusal::currency;
    contender.floor = converted ? *converted : Nanos{};
    agents::bid::BidInput question;
    question.value = candidate.value;
    question.mu = candidate.mu;
    question.residual = contender.residual;
    question.floor = contender.floor;
    question.cap = std::min(item.bid_max, candidate.available);
    question.at = deal != nullptr && deal->at != 0 ? deal->at : input_.auction.at;
    if (input_.auction.first_party) question.at = 2;
    question.market.exchange = input_.auction.exchange;
    question.market.media = static_cast<std::uint8_t>(creative.type);
    question.market.device = static_cast<std::uint8_t>(input_.auction.device.type);
    question.market.size = static_cast<std::uint32_t>(creative.size.w) << 16 | creative.size.h;
    return question;
  }

  void ask_bid(std::uint8_t index, const domain::Impression& impression, domain::ImpressionRecord& record,
               ArenaList<Contender>& contenders) {
    if (contenders.empty()) return;
    auto questions = arena_.array<agents::bid::BidInput>(contenders.size());
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      questions[i] = bid_question(impression, contenders[i], record.candidates[contenders[i].candidate]);
    }
    const bool usable =
        call(Stage::bid, team_.bid, index, [&](auto& agent, AgentContext& context, CallRecord& call) {
          for (std::size_t i = 0; i < contenders.size(); ++i) {
            const auto decided = agent.decide(questions[i], context);
            if (!decided) return false;
            note(call, *decided);
            if (!shadowing_)
              price(contenders[i], record.candidates[contenders[i].candidate], questions[i], decided->value);
          }
          return true;
        });
    if (!usable) {
      for (std::size_t i = 0; i < contenders.size(); ++i) {
        const Nanos fallback = catalogue_.line_items[contenders[i].line_item].bid_default;
        price(contenders[i], record.candidates[contenders[i].candidate], questions[i],
              agents::bid::bid_fallback(questions[i], fallback));
      }
    }
    drop_refused(contenders, record);
  }

  static void price(Contender& contender, CandidateRecord& candidate, const agents::bid::BidInput& question,
                    const agents::bid::BidAnswer& answer) {
    if (candidate.refusal != Refusal::none) return;
    if (const auto* pass = std::get_if<agents::bid::Pass>(&answer)) {
      candidate.refusal = *pass == agents::bid::Pass::no_value ? Refusal::no_value : Refusal::below_floor;
      return;
    }
    const auto& named = std::get<agents::bid::Price>(answer);
    // A policy that leaves its bounds is a bug of that policy; the bounds hold whatever it says.
    const bool sound = named.price >= question.floor && named.price <= question.cap && named.price.value > 0;
    candidate.win_probability = named.win_probability;
    candidate.price = named.price;
    contender.price = named.price;
    if (!sound) candidate.refusal = Refusal::below_floor;
  }

  // ---- the end of an impression ---------------------------------------------------------------------------

  void internal_auction(std::uint8_t index, const domain::Impression& impression,
                        domain::ImpressionRecord& record, ArenaList<Contender>& contenders) {
    sort_by_price(contenders);
    std::uint32_t open_bids = 0;
    std::uint32_t vetoes = 0;
    std::uint64_t deals_served = 0;
    for (const Contender& contender : contenders) {
      CandidateRecord& candidate = record.candidates[contender.candidate];
      const bool open = contender.deal == agents::targeting::kOpenAuction;
      const bool served = open ? open_bids >= options_.open_bids_max || (impression.private_auction)
                               : contender.deal < 64 && (deals_served >> contender.deal & 1u) != 0;
      const bool other_currency =
          !takes_currency(catalogue_.campaign_of(catalogue_.line_items[contender.line_item]).currency);
      if (other_currency) candidate.refusal = Refusal::currency;
      if (other_currency) continue;
      if (served || vetoes >= options_.oversight_tries_max || bids_.size() >= 255) {
        candidate.refusal = Refusal::outbid_inside;
        continue;
      }
      if (!leave(index, impression, contender, candidate)) {
        ++vetoes;
        if (record.no_bid == domain::NoBid::below_floor) {
          record.no_bid =
              candidate.refusal == Refusal::no_lease ? domain::NoBid::budget : domain::NoBid::oversight_veto;
        }
        continue;
      }
      if (open) {
        ++open_bids;
      } else if (contender.deal < 64) {
        deals_served |= std::uint64_t{1} << contender.deal;
      }
    }
  }

  /// Oversight, then the reservation; true if the bid is in the answer.
  bool leave(std::uint8_t index, const domain::Impression& impression, const Contender& contender,
             CandidateRecord& candidate) {
    const agents::oversight::Proposal proposal{contender.line_item, contender.creative, contender.price,
                                               candidate.available, contender.deal};
    auto already = arena_.array<agents::oversight::Proposal>(bids_.size());
    for (std::size_t i = 0; i < bids_.size(); ++i) {
      already[i] = {bids_[i].line_item, bids_[i].creative,  bids_[i].price,
                    Nanos{},            bids_[i].deal,      bids_[i].impression};
    }
    const agents::oversight::OversightInput question{input_.auction,  impression,     catalogue_,
                                                     input_.consent,  profile_.state, proposal,
                                                     contender.floor, already};
    agents::oversight::OversightAnswer verdict;  // closed unless somebody opens it
    call(Stage::oversight, team_.oversight, index, [&](auto& agent, AgentContext& context, CallRecord& call) {
      const auto decided = agent.decide(question, context);
      if (!decided) return false;
      note(call, *decided);
      call.answer = static_cast<std::uint16_t>(decided->value.rule);
      if (!shadowing_) verdict = decided->value;
      return true;
    });
    candidate.rule = static_cast<std::uint8_t>(verdict.rule);
    if (!verdict.allowed || verdict.price > contender.price || verdict.price.value <= 0) {
      candidate.refusal = Refusal::oversight;
      return false;
    }
    candidate.price = verdict.price;
    return reserve(index, impression, contender, candidate);
  }

  bool reserve(std::uint8_t index, const domain::Impression& impression, const Contender& contender,
               CandidateRecord& candidate) {
    const auto& item = catalogue_.line_items[contender.line_item];
    Bid bid;
    bid.id = input_.id.bid(static_cast<std::uint8_t>(bids_.size() + 1));
    bid.impression = index;
    bid.deal = contender.deal;
    bid.line_item = contender.line_item;
    bid.creative = contender.creative;
    bid.price = candidate.price;
    bid.life = life_of_bid(input_.auction, impression);
    if (!input_.auction.test) {
      // A play seen by several people is paid for as many times: the money set aside covers them all.
      const __int128 all =
          (static_cast<__int128>(bid.price.value) * impression.quantity_e6 + 999'999) / 1'000'000;
      bid.amount_max = Nanos{static_cast<std::int64_t>(std::min<__int128>(all, INT64_MAX / 2))};
      const auto reserved = money_.reserve(item.campaign, bid.id, bid.amount_max, bid.life);
      CallRecord& call = calls_.push({});
      call.stage = Stage::reservation;
      call.impression = index;
      if (!reserved) {
        call.outcome = CallOutcome::error;
        candidate.refusal = Refusal::no_lease;
        return false;
      }
      bid.reserved = *reserved;
    }
    bids_.push(bid);
    return true;
  }

  Team& team_;
  const base::Clock& clock_;
  const FlowOptions& options_;
  const FlowInput& input_;
  const domain::Catalogue& catalogue_;
  MoneySource& money_;
  Arena& arena_;
  ArenaList<CallRecord> calls_;
  ArenaList<Bid> bids_;
  MonoTime started_, last_;
  std::uint64_t subject_;
  std::size_t script_at_ = 0;
  bool shadowing_ = false;
  agents::profile::ProfileAnswer profile_;
  ResponseFacts response_facts_;
  domain::DecisionRecord* record_ = nullptr;
};

}  // namespace

FlowResult AuctionFlow::decide(const FlowInput& input, const domain::Catalogue& catalogue,
                               const SnapshotVersions& versions, MoneySource& money, base::Arena& arena) {
  return Walk(team_, clock_, options_, input, catalogue, money, arena).run(versions);
}

}  // namespace bandstand::orchestrator
