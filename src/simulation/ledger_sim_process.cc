// ledger_sim_process: the ledger's process in the simulated world, and everything that is done to it.
#include <algorithm>

#include "simulation/ledger_sim_clock.h"
#include "simulation/ledger_sim_world.h"

namespace bandstand::simulation {
namespace {

using base::Nanos;
using ledger::Answer;
using ledger::Command;
using ledger::CommandKind;
using ledger::Outcome;

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSecond = 1000 * kMs;
constexpr std::uint32_t kOperator = 0xffffffff;
constexpr std::size_t kBatchMax = 512;

}  // namespace

ledger::JournalOptions LedgerWorld::journal_options() const {
  ledger::JournalOptions options;
  options.ledger.lease_duration = base::Duration{swarm_.lease_ns};
  options.ledger.reclaim_after_lease = base::Duration{swarm_.reclaim_ns};
  options.ledger.hold_won = base::Duration{swarm_.hold_ns};
  options.ledger.bid_period = std::chrono::seconds(5);
  options.ledger.keep_recent = std::chrono::seconds(10);
  options.ledger.remember = std::chrono::minutes(20);
  options.ledger.late_cap_permille = 10;
  options.ledger.nodes = swarm_.nodes;
  options.ledger.planted_bug = bug_;
  options.snapshot_records = swarm_.snapshot_records;
  return options;
}

void LedgerWorld::boot_ledger() {
  log_ = log::open_file_log(*log_disk_, *clock_);
  log::TopicOptions topic;
  topic.segment_bytes = 160 << 10;
  topic.record_bytes_max = 68 << 10;
  const auto open = [&]() -> base::Result<std::monostate> {
    BANDSTAND_TRY_VOID(log_->create_topic("ledger", topic));
    BANDSTAND_TRY(journal,
                  ledger::Journal::open(*log_, *snapshot_disk_, journal_options(), {clock_->mono(), wall()}));
    journal_ = std::move(journal);
    return std::monostate{};
  };
  if (auto opened = open(); !opened) {
    // With the disk ill it may try again; damage that no fault explains is a break.
    if (opened.error().code == base::Code::corrupt)
      fail(std::string("recovery refused: ") + opened.error().what);
    if (calm_ && opened.error().code != base::Code::corrupt)
      fail(std::string("no recovery on a sound disk: ") + opened.error().what);
    crash_ledger(Crash::process);
    return;
  }
  ++counts_.recoveries;
  note(journal_->ledger().sequence());
  check(journal_->ledger().sequence() > durable_sequence_, "I5: records that were acknowledged are gone");
  if (const char* broken = journal_->ledger().audit()) fail(broken);
  check_truth();
  if (faulty_disk_until_ <= now_ && rng_.chance(0.3)) check_rebuild();
  schedule(now_ + 50 * kMs, EventKind::ledger_tick, 0, ledger_generation_);
  for (std::uint32_t c = 1; c <= swarm_.campaigns; ++c) {
    if (journal_->ledger().find_campaign({c}) == nullptr) set_first_budget(c);
  }
}

void LedgerWorld::set_first_budget(std::uint32_t campaign) {
  const std::int64_t unit = 500'000'000;
  base::Rng rng(base::mix64(seed_ ^ campaign));  // the same each time it is tried
  const std::uint32_t at = new_message();
  Command& command = messages_[at].command;
  messages_[at].node = kOperator;
  command.kind = CommandKind::set_budget;
  command.campaign = {campaign};
  command.amount = {unit + static_cast<std::int64_t>(rng.below(20 * unit))};
  command.price_max = {rng.chance(0.5) ? 0 : command.amount.value / 8 + 1};
  command.key = {1, campaign};
  daily_max_[campaign - 1] = command.price_max;
  schedule(now_, EventKind::to_ledger, at);
}

void LedgerWorld::crash_ledger(Crash how) {
  ++faults_.ledger_crashes;
  if (journal_ != nullptr) counts_.snapshots += journal_->recovery().snapshot_sequence > 0 ? 1 : 0;
  journal_.reset();
  log_.reset();
  if (how == Crash::power) {
    log_disk_->crash(rng_);
    snapshot_disk_->crash(rng_);
    if (faulty_disk_until_ <= now_) set_disk_faults({});
  }
  ++ledger_generation_;
  free_messages_.insert(free_messages_.end(), inbox_.begin(), inbox_.end());
  free_messages_.insert(free_messages_.end(), outbox_.begin(), outbox_.end());
  inbox_.clear();
  outbox_.clear();
  batch_due_ = false;
  // Sometimes long enough for every lease to have ended meanwhile.
  const std::int64_t down =
      calm_ ? 100 * kMs
            : static_cast<std::int64_t>(static_cast<double>(swarm_.reclaim_ns) * rng_.exponential() *
                                        (rng_.chance(0.3) ? 1.0 : 0.05));
  schedule(now_ + 10 * kMs + std::min(down, 4 * swarm_.reclaim_ns), EventKind::restart, 0,
           ledger_generation_);
}

void LedgerWorld::arrive_at_ledger(std::uint32_t index) {
  if (journal_ == nullptr) {
    free_messages_.push_back(index);
    return;
  }
  Message& message = messages_[index];
  if (message.as_token) {
    auto token = signer_->verify({message.token.data(), message.token.size()}, wall());
    if (message.forged) check(!token, "I9: a forged token was accepted");
    if (!message.forged) check(token.has_value(), "a token of our own was refused");
    if (!token || message.forged) {
      free_messages_.push_back(index);
      return;
    }
    message.command = token->command(message.command.kind, message.command.price);
  }
  inbox_.push_back(index);
  if (batch_due_) return;
  batch_due_ = true;
  schedule(now_ + kMs / 2, EventKind::batch, 0, ledger_generation_);
}

void LedgerWorld::run_batch() {
  const std::size_t size = std::min(inbox_.size(), kBatchMax);
  scratch_.clear();
  for (std::size_t i = 0; i < size; ++i) scratch_.push_back(messages_[inbox_[i]].command);
  auto answers = journal_->run(scratch_, {clock_->mono(), wall()});
  if (!answers) {
    crash_ledger(rng_.chance(0.5) ? Crash::power : Crash::process);
    return;
  }
  for (std::size_t i = 0; i < size; ++i) messages_[inbox_[i]].answer = (*answers)[i];
  outbox_.assign(inbox_.begin(), inbox_.begin() + static_cast<std::ptrdiff_t>(size));
  inbox_.erase(inbox_.begin(), inbox_.begin() + static_cast<std::ptrdiff_t>(size));
  const base::Duration spent = log_disk_->take_latency() + snapshot_disk_->take_latency();
  schedule(now_ + kMs / 10 + spent.count(), EventKind::release, 0, ledger_generation_);
}

void LedgerWorld::release_answers() {
  durable_sequence_ = std::max(durable_sequence_, journal_->ledger().sequence());
  check_books();
  std::vector<std::uint32_t> leaving;
  leaving.swap(outbox_);
  for (const std::uint32_t index : leaving) {
    note(static_cast<std::uint64_t>(messages_[index].answer.outcome));
    check_answer(messages_[index].answer, messages_[index]);
    answer_back(index);
    if (broken_) return;
  }
  batch_due_ = !inbox_.empty();
  if (batch_due_) schedule(now_, EventKind::batch, 0, ledger_generation_);
}

void LedgerWorld::answer_back(std::uint32_t index) {
  const Message& message = messages_[index];
  const Outcome outcome = message.answer.outcome;
  const std::uint32_t node = message.node;
  if (!message.from_exchange) {
    if (node == kOperator || message.command.kind != CommandKind::grant_lease) {
      free_messages_.push_back(index);
    } else {
      transmit(2 * node + 1, EventKind::to_node, index);
    }
    return;
  }
  if (message.forged || ledger::is_refusal(outcome)) {
    free_messages_.push_back(index);
    return;
  }
  if (outcome == Outcome::won || outcome == Outcome::settled || outcome == Outcome::lost) {
    const std::uint32_t copy = new_message();
    messages_[copy] = messages_[index];
    transmit(2 * node + 1, EventKind::to_node, copy);
  }
  transmit(2 * swarm_.nodes + 1, EventKind::to_exchange, index);
}

void LedgerWorld::tick_ledger() {
  schedule(now_ + 50 * kMs, EventKind::ledger_tick, 0, ledger_generation_);
  if (auto ticked = journal_->tick({clock_->mono(), wall()}); !ticked) {
    crash_ledger(rng_.chance(0.5) ? Crash::power : Crash::process);
    return;
  }
  check_books();
}

// --- what is done to it ---

void LedgerWorld::set_disk_faults(const DiskFaults& faults) {
  log_disk_->set_faults(faults);
  snapshot_disk_->set_faults(faults);
}

void LedgerWorld::block(std::size_t link, std::int64_t until) {
  ++faults_.partitions;
  links_[link].blocked_until = std::max(links_[link].blocked_until, until);
}

void LedgerWorld::chaos() {
  if (calm_) {
    check_liveness();
    if (!done_) schedule(now_ + 100 * kMs, EventKind::chaos);
    return;
  }
  if (now_ >= swarm_.safety_ns) {
    calm_down();
    return;
  }
  schedule(now_ + 100 * kMs, EventKind::chaos);
  const auto span = [&](double mean_s) {
    return now_ + static_cast<std::int64_t>(rng_.exponential() * mean_s * static_cast<double>(kSecond));
  };
  if (rng_.chance(swarm_.partition)) {
    const std::size_t pair = rng_.below(swarm_.nodes + 1);
    const std::int64_t until = span(2);
    const std::uint64_t way = rng_.below(3);  // there, back, both
    if (way != 1) block(2 * pair, until);
    if (way != 0) block(2 * pair + 1, until);
  }
  if (rng_.chance(swarm_.swizzle)) {  // FoundationDB: clog one after the other, let go in another order
    ++faults_.swizzles;
    for (Link& link : links_) {
      if (rng_.chance(0.5)) link.clogged_until = span(1.5);
    }
  }
  if (rng_.chance(swarm_.node_crash)) {
    const auto index = static_cast<std::uint32_t>(rng_.below(swarm_.nodes));
    if (nodes_[index].up) {
      ++faults_.node_crashes;
      nodes_[index].up = false;
      ++nodes_[index].generation;
      schedule(span(1), EventKind::node_restart, index);
    }
  }
  if (rng_.chance(swarm_.wall_jump)) {
    ++faults_.wall_jumps;
    wall_jump_ = static_cast<std::int64_t>((2 * rng_.uniform() - 1) * 300.0) * kSecond;
  }
  if (faulty_disk_until_ != 0 && now_ >= faulty_disk_until_) {
    faulty_disk_until_ = 0;
    set_disk_faults({});
  }
  if (faulty_disk_until_ == 0 && rng_.chance(swarm_.sync_error + swarm_.write_error)) {
    DiskFaults faults;
    faults.sync_error = swarm_.sync_error;
    faults.write_error = swarm_.write_error / 2;
    faults.short_write = swarm_.write_error / 2;
    faults.name_error = swarm_.write_error / 4;
    faults.sync_latency_mean = base::Duration{rng_.chance(0.3) ? 20 * kMs : 0};
    set_disk_faults(faults);
    faulty_disk_until_ = span(1);
  }
  if (faulty_disk_until_ == 0 && rng_.chance(swarm_.disk_full)) fill_disk(span(1));
  if (journal_ == nullptr) return;
  operate();
  if (rng_.chance(swarm_.power_cut) && faulty_disk_until_ == 0) {
    ++faults_.power_cuts;
    DiskFaults faults;
    faults.power_cut_at_call = 1 + rng_.below(12);
    (rng_.chance(0.8) ? log_disk_ : snapshot_disk_)->set_faults(faults);
    if (rng_.chance(0.3) && !journal_->snapshot() && journal_->failed()) crash_ledger(Crash::power);
  } else if (rng_.chance(swarm_.ledger_crash)) {
    crash_ledger(rng_.chance(0.5) ? Crash::power : Crash::process);
  } else if (rng_.chance(swarm_.second_writer) && faulty_disk_until_ == 0) {
    second_writer();
  }
}

void LedgerWorld::fill_disk(std::int64_t until) {
  ++faults_.disk_full;
  std::uint64_t bytes = 0;
  for (const auto& [path, content] : log_disk_->image()) bytes += content.size();
  DiskFaults faults;
  faults.capacity_bytes = bytes + rng_.below(4096);
  set_disk_faults(faults);
  faulty_disk_until_ = until;
}

void LedgerWorld::second_writer() {
  ++faults_.second_writers;
  auto old_log = std::move(log_);
  auto old_journal = std::move(journal_);
  ++ledger_generation_;
  boot_ledger();
  if (journal_ != nullptr) {  // the old one goes on as if nothing had happened
    Command command;
    command.kind = CommandKind::set_budget;
    command.campaign = {1};
    command.amount = {1'000'000'000};
    command.key = {2, ++operations_};
    auto answered = old_journal->run({&command, 1}, {clock_->mono(), wall()});
    check(!answered, "a fenced writer could still write");
  }
  free_messages_.insert(free_messages_.end(), inbox_.begin(), inbox_.end());
  free_messages_.insert(free_messages_.end(), outbox_.begin(), outbox_.end());
  inbox_.clear();
  outbox_.clear();
  batch_due_ = false;
}

void LedgerWorld::operate() {
  const auto send = [&](const Command& command) {
    const std::uint32_t at = new_message();
    messages_[at].command = command;
    messages_[at].node = kOperator;
    schedule(now_, EventKind::to_ledger, at);
    if (rng_.chance(0.3)) {  // an operator's client that repeats itself
      const std::uint32_t again = new_message();
      messages_[again] = messages_[at];
      schedule(now_ + kSecond, EventKind::to_ledger, again);
    }
  };
  Command command;
  command.campaign = {static_cast<std::uint32_t>(1 + rng_.below(swarm_.campaigns))};
  command.key = {2, ++operations_};
  const ledger::CampaignBook* book = journal_->ledger().find_campaign(command.campaign);
  if (book == nullptr) return;
  if (rng_.chance(swarm_.budget_change)) {
    command.kind = CommandKind::set_budget;
    command.amount = {
        static_cast<std::int64_t>(static_cast<double>(book->lifetime.value) * (0.5 + 1.5 * rng_.uniform())) +
        1};
    Nanos& daily_max = daily_max_[command.campaign.value - 1];
    command.price_max =
        daily_max.is_zero()
            ? Nanos{}
            : Nanos{daily_max.value / 2 +
                    static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(daily_max.value)))};
    daily_max = std::max(daily_max, command.price_max);
    send(command);
  } else if (rng_.chance(swarm_.budget_change)) {
    command.kind = CommandKind::fund;
    command.amount = {static_cast<std::int64_t>(rng_.below(1'000'000'000)) - 300'000'000};
    send(command);
  } else if (rng_.chance(swarm_.budget_change)) {
    command.kind = CommandKind::fee;
    command.amount = {1 + static_cast<std::int64_t>(rng_.below(10'000'000))};
    send(command);
  } else if (rng_.chance(swarm_.pause)) {
    command.kind = book->paused ? CommandKind::resume : CommandKind::pause;
    send(command);
  } else if (!bids_.empty() && rng_.chance(swarm_.refund)) {
    command.kind = CommandKind::refund;
    Truth& truth = bids_[rng_.below(bids_.size())];
    truth.refund_asked = true;
    command.bid = truth.id;
    send(command);
  }
}

void LedgerWorld::calm_down() {
  calm_ = true;
  calm_since_ = now_;
  faulty_disk_until_ = 0;
  set_disk_faults({});
  if (journal_ != nullptr && journal_->failed()) crash_ledger(Crash::power);
  for (std::uint32_t i = 0; i < bids_.size(); ++i) {
    for (std::uint8_t notice = 0; notice < 3; ++notice) {
      if (((bids_[i].due & ~bids_[i].acknowledged) >> notice & 1) == 0 || swarm_.retries) continue;
      schedule(now_ + static_cast<std::int64_t>(rng_.below(kSecond)), EventKind::notice, i, 0, notice);
    }
  }
  schedule(now_ + 100 * kMs, EventKind::chaos);
}

}  // namespace bandstand::simulation
