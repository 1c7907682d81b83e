// ledger_sim_world: virtual time, the network, the nodes and the exchange.
#include "simulation/ledger_sim_world.h"

#include <algorithm>

#include "simulation/ledger_sim_clock.h"

namespace bandstand::simulation {
namespace {

using base::Nanos;
using ledger::Answer;
using ledger::Command;
using ledger::CommandKind;
using ledger::Outcome;

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSecond = 1000 * kMs;
constexpr std::int64_t kWallStart = 1'700'000'000 * kSecond;
constexpr std::int64_t kBidMax = 5'000'000;
constexpr std::int64_t kNodeTick = 100 * kMs;

std::int64_t scaled(std::int64_t mean, double factor) {
  return static_cast<std::int64_t>(static_cast<double>(mean) * factor);
}

}  // namespace

LedgerSwarm LedgerSwarm::of(base::Rng& rng) {
  const auto between = [&](double low, double high) { return low + (high - low) * rng.uniform(); };
  const auto maybe = [&](double chance, double low, double high) {
    const double value = between(low, high);
    return rng.chance(chance) ? value : 0.0;
  };
  LedgerSwarm s;
  s.nodes = static_cast<std::uint32_t>(2 + rng.below(4));
  s.campaigns = static_cast<std::uint32_t>(1 + rng.below(4));
  s.bids_per_s = between(40, 160);
  s.win_share = between(0.05, 0.6);
  s.safety_ns = scaled(kSecond, between(20, 60));
  s.lease_ns = scaled(kSecond, between(1, 4));
  s.reclaim_ns = scaled(kSecond, between(2, 8));
  s.hold_ns = s.reclaim_ns + scaled(kSecond, between(2, 10));
  s.day_ns = scaled(kSecond, rng.chance(0.5) ? between(8, 30) : 100'000);
  s.drop = maybe(0.6, 0.01, 0.30);
  s.duplicate = maybe(0.7, 0.01, 0.50);
  s.delay_ns = scaled(kMs, between(0.5, 40));
  s.partition = maybe(0.5, 0.002, 0.03);
  s.swizzle = maybe(0.4, 0.002, 0.02);
  s.ledger_crash = maybe(0.6, 0.002, 0.03);
  s.node_crash = maybe(0.5, 0.002, 0.03);
  s.power_cut = maybe(0.5, 0.002, 0.02);
  s.second_writer = maybe(0.2, 0.001, 0.01);
  s.sync_error = maybe(0.4, 0.002, 0.05);
  s.write_error = maybe(0.4, 0.002, 0.05);
  s.disk_full = maybe(0.3, 0.001, 0.01);
  s.wall_jump = maybe(0.3, 0.002, 0.02);
  s.drift = maybe(0.7, 0.0, 0.01);
  s.late = maybe(0.4, 0.005, 0.08);
  s.contradiction = maybe(0.3, 0.005, 0.1);
  s.price_change = maybe(0.3, 0.01, 0.2);
  s.price_above = maybe(0.4, 0.01, 0.1);
  s.forged = maybe(0.6, 0.005, 0.05);
  s.budget_change = maybe(0.4, 0.005, 0.03);
  s.refund = maybe(0.4, 0.01, 0.1);
  s.pause = maybe(0.2, 0.002, 0.01);
  s.separate_bill = rng.chance(0.6);
  s.retries = rng.chance(0.7);
  s.signed_tokens = rng.chance(0.2);
  s.reuse_after_expiry = rng.chance(0.2);
  s.snapshot_records = rng.chance(0.5) ? 200 + rng.below(2000) : 0;
  if (rng.chance(0.35)) {  // I10 can be asked for only where nothing keeps a notice from arriving in time
    s.in_time = s.retries = true;
    s.drop = s.partition = s.swizzle = s.late = s.contradiction = s.price_change = s.refund = 0;
    s.reuse_after_expiry = false;
    s.disk_full = 0;
  }
  return s;
}

LedgerWorld::LedgerWorld(std::uint64_t seed, ledger::PlantedBug bug)
    : seed_(seed), bug_(bug), rng_(base::mix64(seed)) {
  swarm_ = LedgerSwarm::of(rng_);
  clock_ = std::make_unique<SimClock>(now_, wall_jump_);
  log_disk_ = std::make_unique<FaultyDisk>(rng_.next());
  snapshot_disk_ = std::make_unique<FaultyDisk>(rng_.next());
  const ledger::TokenKey key{7, "a secret of the simulated house"};
  signer_ = *ledger::TokenSigner::make({&key, 1});
  links_.resize(2 * (swarm_.nodes + 1));
  nodes_.resize(swarm_.nodes);
  daily_max_.resize(swarm_.campaigns);
}

LedgerWorld::~LedgerWorld() = default;

void LedgerWorld::run() {
  boot_ledger();
  for (std::uint32_t i = 0; i < swarm_.nodes; ++i) boot_node(i);
  schedule(100 * kMs, EventKind::chaos);
  while (!events_.empty() && !broken_ && !done_) {
    const Event event = events_.top();
    events_.pop();
    now_ = event.time;
    ++counts_.events;
    note(static_cast<std::uint64_t>(event.time) * 31 + event.order);
    step(event);
  }
  if (journal_ != nullptr) counts_.records += journal_->ledger().sequence();
  faults_.disk_errors += log_disk_->counters().faults + snapshot_disk_->counters().faults;
  faults_.torn_files += log_disk_->counters().torn_files + snapshot_disk_->counters().torn_files;
}

void LedgerWorld::schedule(std::int64_t time, EventKind kind, std::uint32_t index, std::uint64_t generation,
                           std::uint8_t detail) {
  events_.push({std::max(time, now_), ++order_, kind, detail, index, generation});
}

void LedgerWorld::step(const Event& event) {
  switch (event.kind) {
    case EventKind::bid:
      if (nodes_[event.index].generation == event.generation && !calm_) node_bids(event.index);
      break;
    case EventKind::node_tick:
      if (nodes_[event.index].generation == event.generation) node_ticks(event.index);
      break;
    case EventKind::auction:
      hold_auction(event.index);
      break;
    case EventKind::notice:
      if (event.detail == 255) {
        send_forgery(event.index);
      } else {
        send_notice(event.index, static_cast<Notice>(event.detail));
      }
      break;
    case EventKind::to_ledger:
      arrive_at_ledger(event.index);
      break;
    case EventKind::to_node:
      arrive_at_node(messages_[event.index]);
      free_messages_.push_back(event.index);
      break;
    case EventKind::to_exchange:
      arrive_at_exchange(messages_[event.index]);
      free_messages_.push_back(event.index);
      break;
    case EventKind::batch:
      if (event.generation == ledger_generation_) run_batch();
      break;
    case EventKind::release:
      if (event.generation == ledger_generation_) release_answers();
      break;
    case EventKind::ledger_tick:
      if (event.generation == ledger_generation_) tick_ledger();
      break;
    case EventKind::restart:
      if (event.generation == ledger_generation_) boot_ledger();
      break;
    case EventKind::node_restart:
      boot_node(event.index);
      break;
    case EventKind::chaos:
      chaos();
      break;
  }
}

// --- network ---

std::uint32_t LedgerWorld::new_message() {
  if (free_messages_.empty()) {
    messages_.emplace_back();
    return static_cast<std::uint32_t>(messages_.size() - 1);
  }
  const std::uint32_t index = free_messages_.back();
  free_messages_.pop_back();
  messages_[index] = {};
  return index;
}

void LedgerWorld::transmit(std::size_t link, EventKind arrival, std::uint32_t message) {
  const Link& state = links_[link];
  if (!calm_ && now_ < state.blocked_until) {
    ++faults_.partitioned;
    free_messages_.push_back(message);
    return;
  }
  const auto delay = [&] { return kMs / 5 + scaled(swarm_.delay_ns, std::min(rng_.exponential(), 8.0)); };
  std::int64_t at = now_ + delay();
  if (calm_) {
    schedule(at, arrival, message);
    return;
  }
  if (at < state.clogged_until) {
    ++faults_.clogged;
    at = state.clogged_until + delay();
  }
  if (rng_.chance(swarm_.duplicate)) {
    ++faults_.duplicates;
    const std::uint32_t copy = new_message();
    messages_[copy] = messages_[message];
    schedule(at + delay() * 3, arrival, copy);
  }
  if (rng_.chance(swarm_.drop)) {
    ++faults_.drops;
    free_messages_.push_back(message);
    return;
  }
  schedule(at, arrival, message);
}

// --- nodes ---

base::WallTime LedgerWorld::wall() const { return clock_->wall(); }

base::MonoTime LedgerWorld::mono_of(const Node& node) const {
  return {node.mono_base + scaled(now_, node.rate)};
}

ledger::BudgetDay LedgerWorld::day_of(const Node& node) const {
  return {static_cast<std::uint32_t>((wall().ns + node.wall_skew - kWallStart + 50'000 * swarm_.day_ns) /
                                     swarm_.day_ns)};
}

void LedgerWorld::boot_node(std::uint32_t index) {
  Node& node = nodes_[index];
  node.up = true;
  ++node.incarnation;
  ++node.generation;
  node.mono_base =
      static_cast<std::int64_t>(rng_.below(1'000'000)) * kMs;  // a reboot's clock starts anywhere
  node.rate = 1 + swarm_.drift * (2 * rng_.uniform() - 1);
  node.wall_skew = scaled(100 * kMs, 2 * rng_.uniform() - 1);
  ledger::WalletOptions options;
  options.node = {static_cast<std::uint16_t>(index + 1)};
  options.incarnation = node.incarnation;
  options.covers = std::chrono::nanoseconds(swarm_.lease_ns / 2);
  options.renew_ahead = std::chrono::nanoseconds(swarm_.lease_ns / 3);
  options.request_timeout = std::chrono::nanoseconds(swarm_.lease_ns / 4 + 20 * swarm_.delay_ns);
  options.retry_after_refusal = std::chrono::milliseconds(500);
  options.bids_min = 5;
  options.reuse_after_expiry = swarm_.reuse_after_expiry;
  options.reservations_max = rng_.chance(0.2) ? 64 : 4096;
  options.planted_bug = bug_;
  node.wallet = std::make_unique<ledger::Wallet>(options);
  schedule(now_ + 1, EventKind::node_tick, index, node.generation);
  schedule(now_ + kNodeTick, EventKind::bid, index, node.generation);
}

void LedgerWorld::node_ticks(std::uint32_t index) {
  Node& node = nodes_[index];
  schedule(now_ + kNodeTick, EventKind::node_tick, index, node.generation);
  const base::MonoTime mono = mono_of(node);
  for (std::uint32_t c = 1; c <= swarm_.campaigns; ++c) {
    if (calm_) {
      node.wallet->withdraw({c});
    } else {
      node.wallet->enroll({c}, {kBidMax}, day_of(node));
    }
  }
  node.wallet->tick(mono);
  scratch_.clear();
  node.wallet->wants(mono, scratch_);
  node.wallet->returns(scratch_);
  for (const Command& command : scratch_) {
    const std::uint32_t message = new_message();
    messages_[message].command = command;
    messages_[message].node = index;
    transmit(2 * index, EventKind::to_ledger, message);
  }
}

void LedgerWorld::node_bids(std::uint32_t index) {
  Node& node = nodes_[index];
  schedule(now_ + scaled(kSecond, rng_.exponential() / swarm_.bids_per_s), EventKind::bid, index,
           node.generation);
  const base::CampaignId campaign{static_cast<std::uint32_t>(1 + rng_.below(swarm_.campaigns))};
  const Nanos price_max{1'000'000 + static_cast<std::int64_t>(rng_.below(kBidMax - 1'000'000))};
  const base::BidId id{std::uint64_t{index + 1} << 48 | node.incarnation, ++node.counter << 8 | 1};
  const base::MonoTime mono = mono_of(node);
  const auto reserved = node.wallet->reserve(campaign, id, price_max, mono, {mono.ns + swarm_.reclaim_ns});
  if (!reserved) return;
  check_reservation(*reserved, campaign);
  ++counts_.bids;
  Truth truth;
  truth.id = id;
  truth.node = index;
  truth.campaign = campaign;
  truth.lease = reserved->lease;
  truth.day = reserved->day;
  truth.exchange = {static_cast<std::uint16_t>(1 + rng_.below(2))};
  truth.price_max = price_max;
  truth.bid_time = {(wall().ns + node.wall_skew) / kMs * kMs};
  bids_.push_back(truth);
  bid_index_[id] = static_cast<std::uint32_t>(bids_.size());
  schedule(now_ + kMs * static_cast<std::int64_t>(5 + rng_.below(100)), EventKind::auction,
           static_cast<std::uint32_t>(bids_.size() - 1));
}

void LedgerWorld::arrive_at_node(const Message& message) {
  Node& node = nodes_[message.node];
  if (!node.up) return;
  const Answer& answer = message.answer;
  switch (answer.kind) {
    case CommandKind::grant_lease:
      node.wallet->accept(answer, mono_of(node));
      break;
    case CommandKind::win:
      node.wallet->won(answer.bid);
      break;
    case CommandKind::bill:
      node.wallet->settle(answer.bid, answer.amount);
      break;
    case CommandKind::loss:
      node.wallet->release(answer.bid);
      break;
    default:
      break;
  }
}

// --- exchange ---

void LedgerWorld::hold_auction(std::uint32_t index) {
  Truth& bid = bids_[index];
  const auto send = [&](Notice notice, std::int64_t at) {
    bid.due |= static_cast<std::uint8_t>(1u << static_cast<int>(notice));
    schedule(at, EventKind::notice, index, 0, static_cast<std::uint8_t>(notice));
  };
  if (rng_.chance(swarm_.forged)) schedule(now_ + kMs, EventKind::notice, index, 0, 255);
  const bool contradicts = rng_.chance(swarm_.contradiction);
  if (!rng_.chance(swarm_.win_share)) {
    if (rng_.chance(0.8)) send(Notice::loss, now_);
    return;
  }
  ++counts_.wins;
  bid.price = {bid.price_max.value / 2 + static_cast<std::int64_t>(rng_.below(
                                             static_cast<std::uint64_t>(bid.price_max.value / 2 + 1)))};
  if (rng_.chance(swarm_.price_change)) {
    bid.price_changed = {
        static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(bid.price_max.value)))};
  }
  if (rng_.chance(swarm_.price_above)) {
    ++faults_.prices_above_max;
    bid.price = bid.price_max * 3;
  }
  std::int64_t at = now_;
  if (rng_.chance(swarm_.late)) {
    ++faults_.late_wins;
    at += scaled(swarm_.reclaim_ns + swarm_.lease_ns, 2 + 3 * rng_.uniform());
  }
  if (contradicts) {
    ++faults_.contradictions;
    send(Notice::loss, at + (rng_.chance(0.5) ? -kMs : kSecond));
  }
  std::int64_t billed = at + scaled(swarm_.reclaim_ns / 4, rng_.uniform());
  if (swarm_.separate_bill) {
    if (rng_.chance(0.1)) {
      ++faults_.early_bills;
      std::swap(at, billed);
    }
    send(Notice::win, at);
    if (rng_.chance(0.1)) return;  // never rendered
  }
  send(Notice::bill, billed);
}

void LedgerWorld::send_notice(std::uint32_t index, Notice notice) {
  Truth& bid = bids_[index];
  const auto bit = static_cast<std::uint8_t>(1u << static_cast<int>(notice));
  if ((bid.acknowledged & bit) != 0) return;
  const std::uint8_t attempts = bid.attempts < 4 ? bid.attempts++ : bid.attempts;
  if (calm_ || swarm_.retries) {
    const std::int64_t pause = swarm_.reclaim_ns / 40 << std::min<int>(attempts, 2);
    schedule(now_ + pause + scaled(pause, rng_.uniform()), EventKind::notice, index, 0,
             static_cast<std::uint8_t>(notice));
  }
  ++counts_.notices;
  const std::uint32_t at = new_message();
  Message& message = messages_[at];
  message.from_exchange = true;
  message.node = bid.node;
  ledger::Token token;
  token.kind = static_cast<ledger::TokenKind>(static_cast<int>(notice) + 1);
  token.exchange = bid.exchange;
  token.campaign = bid.campaign;
  token.lease = bid.lease;
  token.bid = bid.id;
  token.price_max = bid.price_max;
  token.day = bid.day;
  token.bid_time = bid.bid_time;
  token.lives_s = 3600;
  Nanos price = bid.price;
  if (notice != Notice::loss && !bid.price_changed.is_zero() && rng_.chance(0.5)) {
    ++faults_.price_changes;
    price = bid.price_changed;
  }
  constexpr CommandKind kKinds[] = {CommandKind::win, CommandKind::bill, CommandKind::loss};
  message.command = token.command(kKinds[static_cast<std::size_t>(notice)], price);
  if (swarm_.signed_tokens) {
    message.as_token = true;
    if (token.day.value > 0xffff) token.day = {0xffff};
    signer_->sign(token, message.token);
  }
  transmit(2 * swarm_.nodes, EventKind::to_ledger, at);
}

void LedgerWorld::send_forgery(std::uint32_t index) {
  const Truth& bid = bids_[index];
  ++faults_.forged;
  const std::uint32_t at = new_message();
  Message& message = messages_[at];
  message.from_exchange = message.forged = true;
  message.node = bid.node;
  ledger::Token token;
  token.campaign = bid.campaign;
  token.lease = bid.lease;
  token.bid = {bid.id.hi, bid.id.lo + (std::uint64_t{1} << 40)};
  token.price_max = {kBidMax};
  token.day = {std::min(bid.day.value, 0xffffu)};
  token.bid_time = bid.bid_time;
  token.lives_s = 3600;
  if (swarm_.signed_tokens) {  // a real signature, then one character of it all is altered
    message.as_token = true;
    signer_->sign(token, message.token);
    char& c = message.token[rng_.below(message.token.size())];
    c = c == 'A' ? 'B' : 'A';
  } else {  // as if the signature held: a lease that was never granted
    token.lease = {bid.lease.value + (std::uint64_t{1} << 30) + rng_.below(1000)};
  }
  message.command = token.command(CommandKind::bill, {kBidMax});
  transmit(2 * swarm_.nodes, EventKind::to_ledger, at);
}

void LedgerWorld::arrive_at_exchange(const Message& message) {
  Truth& bid = bids_[*bid_index_.find(message.command.bid) - 1];
  const int notice = message.command.kind == CommandKind::win    ? 0
                     : message.command.kind == CommandKind::bill ? 1
                                                                 : 2;
  const auto bit = static_cast<std::uint8_t>(1u << notice);
  if ((bid.acknowledged & bit) == 0) ++counts_.notices_acknowledged;
  bid.acknowledged |= bit;
}

}  // namespace bandstand::simulation
