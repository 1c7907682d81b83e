// ledger_sim_world: one seed's world: nodes with wallets, an exchange that knows the truth, a ledger on a
// faulty disk.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "ledger/journal.h"
#include "ledger/token.h"
#include "ledger/wallet.h"
#include "log/file_log.h"
#include "simulation/faulty_disk.h"
#include "simulation/ledger_sim.h"

namespace bandstand::simulation {

/// What a seed is made of. Chances 0..1, times in nanoseconds.
struct LedgerSwarm {
  std::uint32_t nodes = 3;
  std::uint32_t campaigns = 2;
  double bids_per_s = 60;  ///< of each node
  double win_share = 0.3;
  std::int64_t safety_ns = 0;   ///< length of the phase with faults
  std::int64_t lease_ns = 0;    ///< D
  std::int64_t reclaim_ns = 0;  ///< H
  std::int64_t hold_ns = 0;
  std::int64_t day_ns = 0;
  double drop = 0, duplicate = 0;
  std::int64_t delay_ns = 0;  ///< mean, exponential
  double partition = 0, swizzle = 0, ledger_crash = 0, node_crash = 0, power_cut = 0,
         second_writer = 0;                ///< per 100 ms
  double sync_error = 0, write_error = 0;  ///< per call, while a window of disk faults lasts
  double disk_full = 0, wall_jump = 0;     ///< per 100 ms
  double drift = 0;                        ///< bound on |rate error| of nodes
  double late = 0, contradiction = 0, price_change = 0, price_above = 0, forged = 0;  ///< per bid
  double budget_change = 0, refund = 0, pause = 0;                                    ///< per 100 ms
  bool separate_bill = true;   ///< win and bill are two notices
  bool retries = true;         ///< the exchange repeats until it is answered (always in the liveness phase)
  bool signed_tokens = false;  ///< notices travel as signed text
  bool reuse_after_expiry = false;
  bool in_time = false;  ///< every notice can arrive in time: late must stay 0 (I10)
  std::uint64_t snapshot_records = 0;

  static LedgerSwarm of(base::Rng& rng);
};

/// Runs one seed. Not reusable.
class LedgerWorld {
 public:
  LedgerWorld(std::uint64_t seed, ledger::PlantedBug bug);
  ~LedgerWorld();
  /// Until the end of the liveness phase, or the first break.
  void run();

  [[nodiscard]] const std::optional<LedgerSimBreak>& broken() const { return broken_; }
  [[nodiscard]] std::uint64_t trace_hash() const { return trace_; }
  [[nodiscard]] const LedgerSimCounts& counts() const { return counts_; }
  [[nodiscard]] const LedgerSimFaults& faults() const { return faults_; }

 private:
  enum class EventKind : std::uint8_t {
    bid,
    node_tick,
    auction,
    notice,
    to_ledger,
    to_node,
    to_exchange,
    batch,
    release,
    ledger_tick,
    restart,
    node_restart,
    chaos,
  };
  struct Event {
    std::int64_t time = 0;
    std::uint64_t order = 0;
    EventKind kind = EventKind::chaos;
    std::uint8_t detail = 0;
    std::uint32_t index = 0;
    std::uint64_t generation = 0;
    friend bool operator>(const Event& a, const Event& b) {
      return a.time != b.time ? a.time > b.time : a.order > b.order;
    }
  };
  /// In flight between two parties.
  struct Message {
    ledger::Command command;
    ledger::Answer answer;
    std::uint32_t node = 0;
    bool from_exchange = false;
    bool as_token = false;
    bool forged = false;
    std::array<char, ledger::kTokenChars> token{};
  };
  enum class Notice : std::uint8_t { win, bill, loss };
  /// The exchange's memory: the truth.
  struct Truth {
    base::BidId id;
    std::uint32_t node = 0;
    base::CampaignId campaign;
    base::LeaseId lease;
    ledger::BudgetDay day;
    ledger::ExchangeId exchange;
    base::Nanos price_max;
    base::Nanos price;          ///< clearing price
    base::Nanos price_changed;  ///< what some bills say instead; 0: none
    base::WallTime bid_time;
    std::uint8_t due = 0;  ///< bits of Notice
    std::uint8_t acknowledged = 0;
    std::uint8_t attempts = 0;
    bool settled_seen = false;  ///< a released answer said `settled`
    bool refund_asked = false;
    base::Nanos settled_at;
  };
  struct Node {
    std::unique_ptr<ledger::Wallet> wallet;
    bool up = true;
    std::uint32_t incarnation = 1;
    std::uint64_t generation = 0;
    std::uint64_t counter = 0;
    std::int64_t mono_base = 0;
    double rate = 1;  ///< of its monotonic clock
    std::int64_t wall_skew = 0;
  };
  struct Link {
    std::int64_t blocked_until = 0;
    std::int64_t clogged_until = 0;
  };
  class SimClock;

  // ledger_sim_world.cc: time, network, nodes, exchange
  void schedule(std::int64_t time, EventKind kind, std::uint32_t index = 0, std::uint64_t generation = 0,
                std::uint8_t detail = 0);
  void step(const Event& event);
  void note(std::uint64_t value) { trace_ = base::mix64(trace_ ^ value); }
  std::uint32_t new_message();
  void transmit(std::size_t link, EventKind arrival, std::uint32_t message);
  [[nodiscard]] base::WallTime wall() const;
  [[nodiscard]] base::MonoTime mono_of(const Node& node) const;
  [[nodiscard]] ledger::BudgetDay day_of(const Node& node) const;
  void boot_node(std::uint32_t index);
  void node_bids(std::uint32_t index);
  void node_ticks(std::uint32_t index);
  void hold_auction(std::uint32_t bid);
  void send_notice(std::uint32_t bid, Notice notice);
  void send_forgery(std::uint32_t bid);
  void arrive_at_node(const Message& message);
  void arrive_at_exchange(const Message& message);
  // ledger_sim_process.cc: the ledger's process and what is done to it
  void boot_ledger();
  enum class Crash : std::uint8_t { process, power };
  void crash_ledger(Crash how);
  void arrive_at_ledger(std::uint32_t message);
  void run_batch();
  void release_answers();
  void tick_ledger();
  void answer_back(std::uint32_t message);
  void operate();
  void chaos();
  void block(std::size_t link, std::int64_t until);
  void second_writer();
  void fill_disk(std::int64_t until);
  void calm_down();
  void set_first_budget(std::uint32_t campaign);
  void set_disk_faults(const DiskFaults& faults);
  [[nodiscard]] ledger::JournalOptions journal_options() const;
  // ledger_sim_checks.cc
  void fail(const std::string& what);
  void check(bool holds, const char* what) {
    if (!holds) fail(what);
  }
  void check_reservation(const ledger::Reservation& reservation, base::CampaignId campaign);
  void check_answer(const ledger::Answer& answer, const Message& message);
  void check_books();
  void check_truth();
  void check_rebuild();
  void check_liveness();

  const std::uint64_t seed_;
  const ledger::PlantedBug bug_;
  base::Rng rng_;
  LedgerSwarm swarm_;
  std::int64_t now_ = 0;
  std::int64_t wall_jump_ = 0;
  std::uint64_t order_ = 0;
  bool calm_ = false;  ///< the liveness phase
  bool done_ = false;
  std::int64_t calm_since_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::vector<Message> messages_;
  std::vector<std::uint32_t> free_messages_;
  std::vector<Link> links_;  ///< 2n: node n to ledger, 2n + 1: back; then the exchange's two
  std::vector<Node> nodes_;
  std::vector<Truth> bids_;
  ledger::FlatMap<base::BidId, std::uint32_t> bid_index_;         ///< index + 1
  ledger::FlatMap<base::LeaseId, std::uint64_t> lease_requests_;  ///< handed out, to whom
  std::optional<ledger::TokenSigner> signer_;

  std::unique_ptr<SimClock> clock_;
  std::unique_ptr<FaultyDisk> log_disk_;
  std::unique_ptr<FaultyDisk> snapshot_disk_;
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<ledger::Journal> journal_;
  std::uint64_t ledger_generation_ = 0;
  bool batch_due_ = false;
  std::vector<std::uint32_t> inbox_;
  std::vector<std::uint32_t> outbox_;   ///< messages whose answers wait to leave
  std::uint64_t durable_sequence_ = 0;  ///< of the last released answers
  std::int64_t faulty_disk_until_ = 0;
  std::uint64_t operations_ = 0;
  std::vector<base::Nanos> daily_max_;  ///< by campaign: the largest daily budget there was; 0: none
  std::vector<ledger::Command> scratch_;

  std::uint64_t trace_ = 0;
  LedgerSimCounts counts_;
  LedgerSimFaults faults_;
  std::optional<LedgerSimBreak> broken_;
};

}  // namespace bandstand::simulation
