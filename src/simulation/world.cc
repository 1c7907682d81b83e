// world: the clock of the world: visits, answers, sending and sending again.
#include "simulation/world.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/hash.h"
#include "simulation/traffic_request.h"
#include "simulation/world_core.h"

namespace bandstand::simulation {
namespace {

constexpr std::uint64_t kNoticeTicket = std::uint64_t{1} << 63;
constexpr std::string_view kNotifier = "exchange-notifier/1.0";
constexpr base::WallTime kNever{std::numeric_limits<std::int64_t>::max()};
constexpr std::size_t kSiblingsMax = 20'000;

WorldOptions seeded(WorldOptions options) {
  options.population.seed = options.traffic.seed = options.market.seed = options.response.seed = options.seed;
  return options;
}

double impressions_per_second(const TrafficOptions& traffic) {
  return traffic.requests_per_second * (1 + 1.2 * traffic.several_impressions_share);
}

std::vector<Attack> hired(const WorldOptions& options, const domain::Catalogue* catalogue, Population& population) {
  std::vector<Attack> out;
  for (AttackOptions attack : options.attacks) {
    if (attack.victims.empty() && catalogue != nullptr) {
      for (std::size_t i = 0; i < std::min(kVictims, catalogue->campaigns.size()); ++i)
        attack.victims.push_back(std::to_string(catalogue->campaigns[i].id.value));
    }
    out.emplace_back(attack, options.seed, population);
  }
  return out;
}

bool acknowledged(NoticeKind kind, int status) {
  return (status >= 200 && status < 300) || (kind == NoticeKind::click && status >= 300 && status < 400);
}

}  // namespace

const char* name_of(NoticeKind kind) noexcept {
  static constexpr const char* kNames[] = {"win",   "bill",     "loss",      "impression",
                                           "click", "progress", "conversion"};
  return kNames[static_cast<std::size_t>(kind)];
}

World::Core::Core(const WorldOptions& wanted, domain::CatalogueSnapshot known)
    : options(seeded(wanted)),
      catalogue(std::move(known)),
      population(options.population),
      attacks(hired(options, catalogue.get(), population)),
      traffic(options.traffic, population, options.shocks),
      market(options.market, population, impressions_per_second(options.traffic), options.shocks),
      responses(options.response, catalogue.get()),
      now_(options.start) {
  next_visit_ = options.start + traffic.next();
  if (catalogue == nullptr || catalogue->creatives.size() > kSiblingsMax) return;
  siblings_.resize(catalogue->creatives.size());
  for (const domain::LineItem& item : catalogue->line_items) {
    for (const std::uint32_t a : item.creatives) {
      for (const std::uint32_t b : item.creatives) {
        const auto& one = catalogue->creatives[a];
        const auto& two = catalogue->creatives[b];
        if (one.type == two.type && one.size == two.size) siblings_[a].push_back(b);
      }
    }
  }
}

void World::Core::push(base::WallTime at, Step step, std::uint32_t index) {
  due_.push({at, order_++, step, index});
}

base::WallTime World::Core::next_due() const {
  base::WallTime visit = traffic_on ? next_visit_ : kNever;
  for (const Attack& attack : attacks) {
    if (traffic_on && attack.next() != base::Duration::max()) visit = std::min(visit, options.start + attack.next());
  }
  return due_.empty() ? visit : std::min(visit, due_.top().at);
}

void World::Core::run_until(base::WallTime t, Transport& transport, AnswerHandler& handler) {
  for (base::WallTime next = next_due(); next <= t; next = next_due()) {
    now_ = std::max(now_, next);
    transport.advance_to(now_);
    market.advance(since_start(), traffic_level());
    if (due_.empty() || next < due_.top().at) {  // nothing else is due: a visit is
      visit(transport, handler);
      continue;
    }
    if (due_.empty() || due_.top().at > now_)
      continue;  // an answer that came meanwhile has changed what is next
    const Due due = due_.top();
    due_.pop();
    if (due.step == Step::send) {
      send(due.index, transport, handler);
    } else {
      render(due.index);
    }
  }
  now_ = std::max(now_, t);
  transport.advance_to(now_);
  market.advance(since_start(), traffic_level());
}

void World::Core::visit(Transport& transport, AnswerHandler& handler) {
  const std::uint32_t index = asked_.take();
  Visit& visit = asked_[index];
  visit = {};
  const auto attack = std::find_if(attacks.begin(), attacks.end(), [&](const Attack& one) {
    return one.next() != base::Duration::max() && options.start + one.next() < next_visit_;
  });
  if (attack == attacks.end()) {
    visit.at = next_visit_;
    traffic.draw(++visits_, visit);
    next_visit_ = options.start + traffic.next();
  } else {
    auto first = attack;
    for (auto other = attack; other != attacks.end(); ++other) {
      if (other->next() < first->next()) first = other;
    }
    first->take(options.start, population, visit);
    visit.number = kAttackVisits + ++attack_visits_;
    AttackFigures& figures = report.attacks[visit.attack];
    ++figures.requests;
    if (visit.listed) ++figures.listed;
  }
  write_request(visit, population, options.traffic, body_);
  ExchangeReport& figures = report.exchange[visit.exchange];
  ++figures.requests;
  figures.impressions += visit.offers;
  ++open_money;
  sent_hash = base::hash64(body_, sent_hash);
  if (transport.bid({kExchangeNames[visit.exchange], body_, index, visit.at, visit.attack, visit.listed}, handler))
    return;
  ++figures.not_taken;
  --open_money;
  hold_auctions(visit, nullptr);
  asked_.give_back(index);
}

void World::Core::on_answer(const Answer& answer) {
  if ((answer.ticket & kNoticeTicket) == 0) {
    on_bid_answer(static_cast<std::uint32_t>(answer.ticket), answer);
  } else {
    on_notice_answer(static_cast<std::uint32_t>(answer.ticket), answer.status, answer.latency);
  }
}

void World::Core::on_bid_answer(std::uint32_t index, const Answer& answer) {
  const Visit visit = asked_[index];
  asked_.give_back(index);
  --open_money;
  ExchangeReport& figures = report.exchange[visit.exchange];
  if (answer.status == 0) {
    ++figures.no_answer;
    return hold_auctions(visit, nullptr);
  }
  ++figures.answers;
  ++figures.by_status[answer.status];
  report.bid_latency.add(answer.latency);
  if (answer.status != 200) return hold_auctions(visit, nullptr);
  if (answer.latency > std::chrono::milliseconds(options.traffic.tmax_ms)) {
    ++figures.late;
    return hold_auctions(visit, nullptr);
  }
  auction_id_.clear();
  append_auction_id(options.seed, visit.number, auction_id_);
  if (!reader_.read(answer.body, response_) || response_.id != auction_id_) {
    ++figures.malformed;
    return hold_auctions(visit, nullptr);
  }
  if (response_.bids != 0) ++figures.responses_with_bids;
  refuse_strangers(visit, response_);
  hold_auctions(visit, &response_);
}

World::Core::Send& World::Core::make_send(NoticeKind kind, AccountLine* line, std::string_view target,
                                          std::uint32_t& index) {
  index = sends_.take();
  Send& send = sends_[index];
  std::string memory = std::move(send.target);
  send = {};
  send.target = std::move(memory);  // keeps its capacity
  send.target.assign(target);
  send.kind = kind;
  send.line = line;
  return send;
}

bool World::Core::concerns_money(const Send& send) {
  return send.billing || send.kind == NoticeKind::win || send.kind == NoticeKind::loss ||
         send.kind == NoticeKind::bill;
}

void World::Core::dispatch(std::uint32_t index, base::WallTime at, base::Rng& rng) {
  const NoticeOptions& faults = options.notices;
  Send& send = sends_[index];
  const bool lost = rng.chance(faults.lost_share);
  send.acknowledgement_lost = rng.chance(faults.acknowledgement_lost_share);
  const bool twice = rng.chance(faults.duplicate_share);
  const bool late = rng.chance(faults.late_share);
  const double late_s = rng.exponential() * faults.late_by_s;
  if (concerns_money(send)) ++open_money;
  if (late) {
    ++report.notices_late;
    at = at + base::Duration{std::llround(late_s * 1e9)};
  }
  if (twice) {
    ++report.notices_duplicated;
    std::uint32_t copy = 0;
    Send& second = make_send(send.kind, nullptr, sends_[index].target, copy);
    second.resends = false;
    second.user = send.user;
    second.from_browser = send.from_browser;
    if (concerns_money(second)) ++open_money;
    push(at + log_normal(20, rng), Step::send, copy);
  }
  if (lost) {
    ++report.notices_lost;
    if (!send.billing) return finish(index);
    ++send.attempts;
    at = at + faults.retry_first;
  }
  push(at, Step::send, index);
}

void World::Core::send(std::uint32_t index, Transport& transport, AnswerHandler& handler) {
  Send& send = sends_[index];
  ++send.attempts;
  send.due = now_;
  ++report.notices[static_cast<std::size_t>(send.kind)];
  if (outage_at(options.shocks, since_start())) return on_notice_answer(index, 0, base::Duration{0});
  GetCall call;
  call.target = send.target;
  std::string address;
  if (send.from_browser) {
    const User& user = population.users()[send.user];
    call.user_agent = user_agent_of(user);
    append_address(user, address);
    call.address = address;
    call.attack = send.attack;
  } else {
    call.user_agent = kNotifier;
  }
  call.ticket = kNoticeTicket | index;
  call.due = now_;
  sent_hash = base::hash64(send.target, sent_hash);
  if (!transport.get(call, handler)) on_notice_answer(index, 0, base::Duration{0});
}

void World::Core::on_notice_answer(std::uint32_t index, int status, base::Duration latency) {
  Send& send = sends_[index];
  ++report.notices_by_status[status];
  if (status != 0) report.notice_latency.add(latency);
  if (send.acknowledgement_lost && status != 0) {
    send.acknowledgement_lost = false;
    ++report.acknowledgements_lost;
    status = 0;
  }
  AccountLine* line = send.line;
  const base::Nanos amount{send.amount_nanos};
  if (acknowledged(send.kind, status)) {
    if (line != nullptr && send.billing) {
      --line->pending;
      line->pending_amount -= amount;
      if (send.unpriced) {
        ++line->unpriced;
        line->unpriced_ceiling += amount;
      } else if (send.audit) {
        ++line->audits;
      } else {
        ++line->billed;
        line->amount += amount;
        if (send.attack != 0 && send.billing) {
          report.attacks[send.attack].spend += amount;
          report.attack_bills.push_back({now_, static_cast<AttackKind>(send.attack), amount});
        }
      }
    }
    if (line != nullptr && send.kind == NoticeKind::click) ++(send.bot ? line->bot_clicks : line->clicks);
    if (line != nullptr && send.kind == NoticeKind::conversion) ++line->conversions;
    return finish(index);
  }
  const int attempts_max =
      send.billing ? options.notices.billing_attempts_max : options.notices.other_attempts_max;
  const bool hopeless = status >= 400 && status < 500;
  if (send.resends && !hopeless && send.attempts < attempts_max) {
    const auto doubled = options.notices.retry_first * (1 << std::min(send.attempts - 1, 10));
    return push(now_ + std::min<base::Duration>(doubled, options.notices.retry_max), Step::send, index);
  }
  if (line != nullptr && send.billing) {
    --line->pending;
    line->pending_amount -= amount;
    ++line->refused;
    line->refused_amount += amount;
  }
  finish(index);
}

void World::Core::finish(std::uint32_t index) {
  if (concerns_money(sends_[index])) --open_money;
  sends_.give_back(index);
}

base::Duration World::Core::log_normal(double median_ms, base::Rng& rng) const {
  return base::Duration{
      std::llround(median_ms * 1e6 * std::exp(options.notices.delay_deviation * rng.normal()))};
}

void World::Core::refresh_report() { report.seconds = static_cast<double>(since_start().count()) * 1e-9; }

World::World(const WorldOptions& options, domain::CatalogueSnapshot catalogue)
    : core_(std::make_unique<Core>(options, std::move(catalogue))) {}
World::~World() = default;

void World::run_until(base::WallTime t, Transport& transport) { core_->run_until(t, transport, *this); }
void World::stop_traffic() { core_->traffic_on = false; }
base::WallTime World::next_due() const { return core_->next_due(); }
bool World::settled() const { return core_->open_money == 0; }
void World::on_answer(const Answer& answer) { core_->on_answer(answer); }
const WorldReport& World::report() {
  core_->refresh_report();
  return core_->report;
}
const ExchangeAccount& World::account() { return core_->report.account; }
const Population& World::population() const { return core_->population; }
const Market& World::market() const { return core_->market; }
const Traffic& World::traffic() const { return core_->traffic; }
const ResponseModel& World::responses() const { return core_->responses; }
std::uint64_t World::sent_hash() const { return core_->sent_hash; }

}  // namespace bandstand::simulation
