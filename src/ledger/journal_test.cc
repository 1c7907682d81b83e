// journal_test: nothing acknowledged is lost, at whichever call the disk or the power fails.
#include "ledger/journal.h"

#include <gtest/gtest.h>

#include "ledger/ledger_fixture.h"
#include "log/file_log.h"
#include "log/memory_log.h"
#include "simulation/faulty_disk.h"

namespace bandstand::ledger {
namespace {

using base::Code;
using simulation::DiskFaults;
using simulation::FaultyDisk;

/// Two disks that crash together, and a ledger's process on them.
class JournalTest : public testing::Test {
 protected:
  JournalTest() {
    options_.ledger.lease_jitter_percent = 0;
    options_.snapshot_records = 0;
    topic_.segment_bytes = 160 << 10;
    topic_.record_bytes_max = 70 << 10;
  }
  base::Result<std::monostate> boot() {
    journal_.reset();
    log_ = log::open_file_log(*log_disk_, clock_);
    BANDSTAND_TRY_VOID(log_->create_topic(options_.topic, topic_));
    BANDSTAND_TRY(journal, Journal::open(*log_, *disk_, options_, now()));
    journal_ = std::move(journal);
    return std::monostate{};
  }
  void crash(base::Rng& rng) {
    journal_.reset();
    log_.reset();
    log_disk_->crash(rng);
    disk_->crash(rng);
    log_disk_->set_faults({});
    disk_->set_faults({});
  }
  void fresh_log_disk(std::uint64_t seed) {
    journal_.reset();
    log_.reset();
    log_disk_ = std::make_unique<FaultyDisk>(seed);
  }
  void fresh_disks(std::uint64_t seed) {
    fresh_log_disk(seed);
    disk_ = std::make_unique<FaultyDisk>(seed + 1);
  }
  /// Alters a stored snapshot while nobody has it open.
  template <class Change>
  void alter(const std::string& path, Change&& change) {
    journal_.reset();
    auto image = disk_->image();
    change(image.at(path));
    disk_->set_image(image);
  }
  [[nodiscard]] Now now() const { return {clock_.mono(), clock_.wall()}; }
  Answer run(const Command& command) {
    auto answers = journal_->run({&command, 1}, now());
    EXPECT_TRUE(answers.has_value());
    return answers ? (*answers)[0] : Answer{};
  }
  static Command funding(std::uint64_t key, std::int64_t amount = 1'000'000) {
    Command command;
    command.kind = CommandKind::fund;
    command.campaign = kCampaign;
    command.amount = {amount};
    command.key = {1, key};
    return command;
  }
  static Command asking() {
    Command command;
    command.kind = CommandKind::grant_lease;
    command.campaign = kCampaign;
    command.node = kNode;
    command.day = kDay;
    command.amount = {100'000};
    command.price_max = {100};
    command.request = 1;
    return command;
  }
  [[nodiscard]] Command billing(std::uint64_t bid, base::LeaseId lease) const {
    Command command;
    command.kind = CommandKind::bill;
    command.campaign = kCampaign;
    command.day = kDay;
    command.lease = lease;
    command.bid = {1, bid};
    command.price = {60};
    command.price_max = {100};
    command.bid_time = clock_.wall();
    return command;
  }
  /// A funded campaign with a lease and `bills` settled bids, a snapshot after every third.
  void fill(std::uint64_t bills, bool snapshots) {
    ASSERT_TRUE(boot().has_value());
    run(funding(1));
    const base::LeaseId lease = run(asking()).lease;
    for (std::uint64_t bid = 1; bid <= bills; ++bid) {
      ASSERT_EQ(run(billing(bid, lease)).outcome, Outcome::settled);
      if (snapshots && bid % 3 == 0) {
        ASSERT_TRUE(journal_->snapshot().has_value());
      }
    }
  }
  [[nodiscard]] std::vector<std::string> snapshots() {
    std::vector<std::string> found;
    for (const auto& [path, bytes] : disk_->image()) {
      if (path.find("snapshot-") != std::string::npos) found.push_back(path);
    }
    return found;
  }

  base::ManualClock clock_;
  std::unique_ptr<FaultyDisk> log_disk_ = std::make_unique<FaultyDisk>(1);
  std::unique_ptr<FaultyDisk> disk_ = std::make_unique<FaultyDisk>(2);
  log::TopicOptions topic_;
  JournalOptions options_;
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(JournalTest, ComesBackWithEverythingThatWasAnswered) {
  fill(10, false);
  const std::uint64_t hash = journal_->ledger().state_hash();
  const std::uint64_t sequence = journal_->ledger().sequence();
  base::Rng rng(1);
  crash(rng);
  ASSERT_TRUE(boot().has_value());
  EXPECT_EQ(journal_->recovery().replayed, sequence);
  EXPECT_EQ(journal_->recovery().bids_known, 10u);
  EXPECT_EQ(journal_->recovery().leases_open, 1u);
  EXPECT_EQ(journal_->ledger().sequence(), sequence + 1);  // a new reign begins
  EXPECT_NE(journal_->ledger().state_hash(), hash);
  EXPECT_EQ(journal_->ledger().find_campaign(kCampaign)->charged(), Nanos{600});
  EXPECT_EQ(run(billing(3, {std::uint64_t{1} << 40 | 1})).outcome, Outcome::duplicate);
}

TEST_F(JournalTest, WorksAlikeOverALogInMemory) {
  const auto store = log::make_memory_store();
  auto log = log::open_memory_log(store, clock_);
  ASSERT_TRUE(log->create_topic("ledger", {}).has_value());
  auto journal = Journal::open(*log, *disk_, options_, now());
  ASSERT_TRUE(journal.has_value());
  const Command fund = funding(1);
  ASSERT_EQ((*(*journal)->run({&fund, 1}, now()))[0].outcome, Outcome::done);
  auto other_log = log::open_memory_log(store, clock_);
  auto second = Journal::open(*other_log, *disk_, options_, now());
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ((*second)->ledger().find_campaign(kCampaign)->funded(), Nanos{1'000'000});
  const Command more = funding(2);
  auto fenced = (*journal)->run({&more, 1}, now());
  ASSERT_FALSE(fenced.has_value());
  EXPECT_EQ(fenced.error().code, Code::conflict);
  EXPECT_TRUE((*journal)->failed());
  EXPECT_FALSE((*journal)->run({&more, 1}, now()).has_value());
  EXPECT_FALSE((*journal)->tick(now()).has_value());
  EXPECT_FALSE((*journal)->snapshot().has_value());
  EXPECT_TRUE((*second)->run({&more, 1}, now()).has_value());
}

// Power fails at the k-th call to either disk, for all k until none fails.
TEST_F(JournalTest, LosesNothingAcknowledgedWhereverThePowerFails) {
  for (const bool in_log : {true, false}) {
    std::uint64_t k = 1;
    for (bool reached = true; reached; ++k) {
      SCOPED_TRACE(k);
      ASSERT_LT(k, 2000u);
      fresh_disks(k);
      DiskFaults faults;
      faults.power_cut_at_call = k;
      (in_log ? log_disk_ : disk_)->set_faults(faults);
      std::uint64_t acknowledged = 0;
      base::LeaseId lease;
      const auto work = [&]() -> base::Result<std::monostate> {
        BANDSTAND_TRY_VOID(boot());
        const Command fund = funding(1);
        BANDSTAND_TRY_VOID(journal_->run({&fund, 1}, now()));
        const Command ask = asking();
        BANDSTAND_TRY(granted, journal_->run({&ask, 1}, now()));
        lease = granted[0].lease;
        for (std::uint64_t bid = 1; bid <= 8; ++bid) {
          const Command bill = billing(bid, lease);
          BANDSTAND_TRY_VOID(journal_->run({&bill, 1}, now()));
          acknowledged = bid;
          if (bid % 2 == 0) BANDSTAND_TRY_VOID(journal_->snapshot());
        }
        return std::monostate{};
      };
      reached = !work();
      base::Rng rng(k);
      crash(rng);
      ASSERT_TRUE(boot().has_value());
      ASSERT_EQ(journal_->ledger().audit(), nullptr);
      if (!lease.is_none()) {
        ASSERT_NE(journal_->ledger().find_lease(lease), nullptr);
      }
      for (std::uint64_t bid = 1; bid <= acknowledged; ++bid) {
        ASSERT_EQ(run(billing(bid, lease)).outcome, Outcome::duplicate) << bid;
      }
    }
    EXPECT_GT(k, in_log ? 20u : 30u);
  }
}

// The same for a single failed call: the process stops answering and recovers.
TEST_F(JournalTest, StopsAtTheFirstFailedCallWhicheverItIs) {
  std::uint64_t k = 1;
  for (bool reached = true; reached; ++k) {
    SCOPED_TRACE(k);
    ASSERT_LT(k, 500u);
    fresh_disks(k);
    ASSERT_TRUE(boot().has_value());
    run(funding(1));
    const base::LeaseId lease = run(asking()).lease;
    DiskFaults faults;
    faults.fail_at_call = k;
    log_disk_->set_faults(faults);
    std::uint64_t acknowledged = 0;
    for (std::uint64_t bid = 1; bid <= 5; ++bid) {
      const Command bill = billing(bid, lease);
      if (!journal_->run({&bill, 1}, now())) break;
      acknowledged = bid;
    }
    reached = acknowledged < 5;
    EXPECT_EQ(journal_->failed(), reached);
    if (reached) {
      const Command bill = billing(99, lease);
      EXPECT_EQ(journal_->run({&bill, 1}, now()).error().code, Code::unavailable);
    }
    base::Rng rng(k);
    crash(rng);
    ASSERT_TRUE(boot().has_value());
    for (std::uint64_t bid = 1; bid <= acknowledged; ++bid) {
      ASSERT_EQ(run(billing(bid, lease)).outcome, Outcome::duplicate);
    }
  }
  EXPECT_GT(k, 5u);
}

TEST_F(JournalTest, KeepsTwoSnapshotsAndReplaysOnlyWhatFollows) {
  fill(12, true);
  EXPECT_EQ(snapshots().size(), 2u);
  run(billing(13, {std::uint64_t{1} << 40 | 1}));
  ASSERT_TRUE(boot().has_value());
  EXPECT_GT(journal_->recovery().snapshot_sequence, 10u);
  EXPECT_EQ(journal_->recovery().replayed, 1u);
  EXPECT_EQ(journal_->recovery().bids_known, 13u);
}

TEST_F(JournalTest, StepsOverADamagedSnapshotToTheOlderOneAndThenToTheLog) {
  fill(12, true);
  const auto damage = [&](const std::string& path, std::size_t at) {
    alter(path, [&](std::string& bytes) { bytes.at(at) = static_cast<char>(bytes.at(at) ^ 4); });
  };
  damage(snapshots()[1], 10);  // header
  ASSERT_TRUE(boot().has_value());
  EXPECT_EQ(journal_->recovery().snapshots_refused, 1u);
  EXPECT_EQ(journal_->recovery().bids_known, 12u);
  damage(snapshots()[0], 100);  // contents
  ASSERT_TRUE(boot().has_value());
  EXPECT_EQ(journal_->recovery().snapshots_refused, 2u);
  EXPECT_EQ(journal_->recovery().snapshot_sequence, 0u);
  EXPECT_EQ(journal_->recovery().bids_known, 12u);
  alter(snapshots()[0], [](std::string& bytes) { bytes = "short"; });
  ASSERT_TRUE(boot().has_value());
}

TEST_F(JournalTest, RefusesToStartOnASnapshotFromTheFutureOfItsLog) {
  fill(12, true);
  // The log of an old backup under a younger snapshot.
  fresh_log_disk(9);
  const auto booted = boot();
  ASSERT_FALSE(booted.has_value());
  EXPECT_EQ(booted.error().code, Code::corrupt);
}

TEST_F(JournalTest, PutsASnapshotOffWhenTheDiskIsFullAndGoesOn) {
  fill(3, false);
  DiskFaults full;
  full.capacity_bytes = 1;
  disk_->set_faults(full);
  EXPECT_EQ(journal_->snapshot().error().code, Code::exhausted);
  EXPECT_EQ(journal_->snapshots_put_off(), 1u);
  EXPECT_FALSE(journal_->failed());
  EXPECT_EQ(run(funding(7)).outcome, Outcome::done);
  disk_->set_faults({});
  EXPECT_TRUE(journal_->snapshot().has_value());
}

TEST_F(JournalTest, StopsForGoodWhenASnapshotCannotBeSynced) {
  fill(3, false);
  DiskFaults ill;
  ill.sync_error = 1;
  disk_->set_faults(ill);
  options_.snapshot_records = 1;
  EXPECT_EQ(journal_->snapshot().error().code, Code::unavailable);
  EXPECT_TRUE(journal_->failed());
}

TEST_F(JournalTest, TakesASnapshotWhenOneIsDue) {
  options_.snapshot_records = 5;
  fill(2, false);
  ASSERT_TRUE(journal_->tick(now()).has_value());
  EXPECT_TRUE(journal_->ledger().sequence() < 5 || !snapshots().empty());
  run(funding(8));
  ASSERT_TRUE(journal_->tick(now()).has_value());
  EXPECT_EQ(snapshots().size(), 1u);
  DiskFaults ill;
  ill.write_error = 1;
  disk_->set_faults(ill);
  for (std::uint64_t key = 20; key < 26; ++key) run(funding(key));
  EXPECT_FALSE(journal_->tick(now()).has_value());
}

TEST_F(JournalTest, AnswersABatchInOrderWithOneSync) {
  fill(0, false);
  const base::LeaseId lease{std::uint64_t{1} << 40 | 1};
  std::vector<Command> batch;
  for (std::uint64_t bid = 1; bid <= 1200; ++bid) {  // more than one append holds
    batch.push_back(billing(bid % 1100, lease));
    batch.back().tag = bid;
  }
  batch[0].bid = {1, 5000};
  const std::uint64_t syncs = log_disk_->counters().syncs;
  auto answers = journal_->run(batch, now());
  ASSERT_TRUE(answers.has_value());
  EXPECT_LE(log_disk_->counters().syncs, syncs + 2);
  ASSERT_EQ(answers->size(), batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) EXPECT_EQ((*answers)[i].tag, batch[i].tag);
  EXPECT_EQ((*answers)[1150].outcome, Outcome::duplicate);
  ASSERT_TRUE(boot().has_value());
  EXPECT_EQ(journal_->recovery().bids_known, 1101u);
}

TEST_F(JournalTest, RefusesATopicThatHoldsSomethingElse) {
  for (const std::string& junk : {std::string("not a ledger"), std::string(kRecordBytes, 'x')}) {
    fresh_log_disk(9);
    log_ = log::open_file_log(*log_disk_, clock_);
    ASSERT_TRUE(log_->create_topic(options_.topic, topic_).has_value());
    auto partition = log_->open_partition(options_.topic, 0);
    ASSERT_TRUE(partition.has_value());
    ASSERT_TRUE((*partition)->append("", junk).has_value());
    ASSERT_TRUE((*partition)->flush().has_value());
    partition->reset();
    const auto booted = boot();
    ASSERT_FALSE(booted.has_value());
    EXPECT_EQ(booted.error().code, Code::corrupt);
  }
}

}  // namespace
}  // namespace bandstand::ledger
