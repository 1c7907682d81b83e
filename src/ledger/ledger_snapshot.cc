// ledger_snapshot: the whole state as bytes, its hash, and the auditor of the invariants.
#include <algorithm>
#include <cstring>

#include "base/hash.h"
#include "ledger/ledger.h"

namespace bandstand::ledger {
namespace {

using base::Nanos;

constexpr std::uint32_t kSnapshotMagic = 0x53474C42;  // "BLGS"
constexpr std::uint32_t kSnapshotVersion = 1;

class Writer {
 public:
  template <class T>
  void put(const T& value) {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void put(Nanos amount) { put(amount.value); }
  void count(std::size_t size) { put(static_cast<std::uint64_t>(size)); }
  std::string take() { return std::move(out_); }
  [[nodiscard]] const std::string& bytes() const { return out_; }

 private:
  std::string out_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}
  template <class T>
  void get(T& value) {
    if (left_.size() < sizeof value) {
      failed_ = true;
      return;
    }
    std::memcpy(&value, left_.data(), sizeof value);
    left_.remove_prefix(sizeof value);
  }
  void get(Nanos& amount) { get(amount.value); }
  void get(bool& flag) {
    std::uint8_t byte = 0;
    get(byte);
    failed_ |= byte > 1;
    flag = byte == 1;
  }
  /// How many elements follow; fails if they cannot fit.
  std::uint64_t count(std::size_t bytes_each) {
    std::uint64_t size = 0;
    get(size);
    if (size > left_.size() / bytes_each) failed_ = true;
    return failed_ ? 0 : size;
  }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool done() const { return !failed_ && left_.empty(); }

 private:
  std::string_view left_;
  bool failed_ = false;
};

template <class Io>
void visit(Io&& io, auto& book) {
  io(book.id.value);
  io(book.paused);
  io(book.lifetime);
  io(book.daily);
  for (auto& balance : book.balance) io(balance);
  auto& c = book.counts;
  for (auto* count : {&c.wins, &c.settled, &c.losses, &c.refunds, &c.late, &c.house, &c.conflicts,
                      &c.after_loss, &c.clamped})
    io(*count);
}

template <class Io>
void visit_lease(Io&& io, auto& lease) {
  io(lease.id.value);
  io(lease.campaign.value);
  io(lease.node.value);
  io(lease.reclaimed);
  io(lease.day.value);
  io(lease.amount);
  io(lease.returned);
  io(lease.returned_by_node);
  io(lease.settled);
  io(lease.held);
  io(lease.request);
}

template <class Io>
void visit_bid(Io&& io, auto& bid) {
  io(bid.state);
  io(bid.paid_from);
  io(bid.media_recorded);
  io(bid.conflicted);
  io(bid.period);
  io(bid.campaign.value);
  io(bid.day.value);
  io(bid.lease.value);
  io(bid.amount);
}

template <class Map>
auto sorted_copy(const Map& map) {
  std::vector<std::decay_t<decltype(*map.find({}))>> values;
  map.for_each([&](const auto&, const auto& value) { values.push_back(value); });
  return values;
}

}  // namespace

std::string Ledger::encode_snapshot() const {
  Writer writer;
  const auto put = [&](const auto& value) { writer.put(value); };
  put(kSnapshotMagic);
  put(kSnapshotVersion);
  put(sequence_);
  put(link_);
  writer.count(epochs_.size());
  for (const EpochGrants& grants : epochs_) {
    put(grants.epoch);
    put(grants.granted);
  }
  writer.count(campaigns_.size());
  for (const CampaignBook& book : campaigns_) {
    visit(put, book);
    writer.count(book.days.size());
    for (const DayBook& day : book.days) {
      put(day.day.value);
      put(day.charged);
      put(day.leased);
      put(day.late);
    }
  }
  std::vector<Lease> leases = sorted_copy(leases_);
  std::sort(leases.begin(), leases.end(), [](const Lease& a, const Lease& b) { return a.id < b.id; });
  writer.count(leases.size());
  for (const Lease& lease : leases) {
    visit_lease(put, lease);
    put(lease.duration.count());
  }
  put(bids_.compacted_through());
  put(bids_.remembered_from());
  auto bids = bids_.sorted();
  if (options_.planted_bug == PlantedBug::snapshot_without_bids) bids.clear();
  writer.count(bids.size());
  for (const auto& [id, bid] : bids) {
    put(id.hi);
    put(id.lo);
    visit_bid(put, bid);
  }
  std::vector<std::pair<IdempotencyKey, std::uint64_t>> keys;
  keys_.for_each([&](const IdempotencyKey& key, std::uint64_t digest) { keys.emplace_back(key, digest); });
  std::sort(keys.begin(), keys.end());
  writer.count(keys.size());
  for (const auto& [key, digest] : keys) {
    put(key.hi);
    put(key.lo);
    put(digest);
  }
  writer.count(payables_.size());
  for (const auto& [exchange, owed] : payables_) {
    put(exchange.value);
    put(owed);
  }
  put(base::crc32c(writer.bytes().data(), writer.bytes().size()));
  return writer.take();
}

base::Result<std::monostate> Ledger::decode_snapshot(std::string_view bytes) {
  std::uint32_t crc = 0;
  if (bytes.size() < sizeof crc) return base::fail(base::Code::corrupt, "ledger snapshot cut short");
  std::memcpy(&crc, bytes.data() + bytes.size() - sizeof crc, sizeof crc);
  bytes.remove_suffix(sizeof crc);
  if (crc != base::crc32c(bytes.data(), bytes.size()))
    return base::fail(base::Code::corrupt, "ledger snapshot with a wrong checksum");

  const LedgerOptions options = options_;
  *this = Ledger(options);
  Reader reader(bytes);
  const auto get = [&](auto& value) { reader.get(value); };
  std::uint32_t magic = 0;
  std::uint32_t version = 0;
  get(magic);
  get(version);
  if (magic != kSnapshotMagic || version != kSnapshotVersion)
    return base::fail(base::Code::corrupt, "no ledger snapshot of this version");
  get(sequence_);
  get(link_);
  for (std::uint64_t n = reader.count(12); n > 0; --n) {
    EpochGrants& grants = epochs_.emplace_back();
    get(grants.epoch);
    get(grants.granted);
  }
  for (std::uint64_t n = reader.count(100); n > 0; --n) {
    CampaignBook book;
    visit(get, book);
    for (std::uint64_t days = reader.count(28); days > 0; --days) {
      DayBook& day = book.days.emplace_back();
      get(day.day.value);
      get(day.charged);
      get(day.leased);
      get(day.late);
    }
    if (reader.failed() || book.id.is_none())
      return base::fail(base::Code::corrupt, "ledger snapshot with a bad campaign");
    book_of(book.id.value) = std::move(book);
  }
  for (std::uint64_t n = reader.count(70); n > 0; --n) {
    Lease lease;
    visit_lease(get, lease);
    std::int64_t duration_ns = 0;
    get(duration_ns);
    lease.duration = base::Duration{duration_ns};
    if (reader.failed() || lease.id.is_none())
      return base::fail(base::Code::corrupt, "ledger snapshot with a bad lease");
    leases_[lease.id] = lease;
  }
  std::uint32_t through = 0;
  std::uint32_t from = 0;
  get(through);
  get(from);
  for (std::uint64_t n = reader.count(44); n > 0; --n) {
    base::BidId id;
    Bid bid;
    get(id.hi);
    get(id.lo);
    visit_bid(get, bid);
    if (reader.failed() || id == base::BidId{})
      return base::fail(base::Code::corrupt, "ledger snapshot with a bad bid");
    bids_.put(id, bid);
  }
  bids_.restore_periods(through, from);
  for (std::uint64_t n = reader.count(24); n > 0; --n) {
    IdempotencyKey key;
    std::uint64_t digest = 0;
    get(key.hi);
    get(key.lo);
    get(digest);
    if (reader.failed() || key == IdempotencyKey{})
      return base::fail(base::Code::corrupt, "ledger snapshot with a bad key");
    keys_[key] = digest;
  }
  for (std::uint64_t n = reader.count(10); n > 0; --n) {
    auto& [exchange, owed] = payables_.emplace_back();
    get(exchange.value);
    get(owed);
  }
  if (!reader.done()) return base::fail(base::Code::corrupt, "ledger snapshot of a wrong length");
  return std::monostate{};
}

std::uint64_t Ledger::state_hash() const { return base::hash64(encode_snapshot()); }

const char* Ledger::audit() const {
  struct Sums {
    __int128 leased = 0;
  };
  std::vector<Sums> sums(campaigns_.size());
  const char* broken = nullptr;
  const auto expect = [&](bool holds, const char* what) {
    if (!holds && broken == nullptr) broken = what;
  };
  leases_.for_each([&](base::LeaseId, const Lease& lease) {
    expect(lease.free() >= Nanos{} && lease.held >= Nanos{} && lease.settled + lease.held <= lease.amount,
           "I4: a lease is overdrawn");
    const std::uint32_t* index = campaign_index_.find(lease.campaign);
    expect(index != nullptr, "I1: a lease of no campaign");
    if (index != nullptr) sums[*index].leased += (lease.free() + lease.held).value;
  });
  for (std::size_t i = 0; i < campaigns_.size(); ++i) {
    const CampaignBook& book = campaigns_[i];
    __int128 all = 0;
    for (const Nanos balance : book.balance) all += balance.value;
    expect(all == 0, "I6: the accounts of a campaign do not sum to zero");
    expect(sums[i].leased == book.of(Account::lease).value, "I1: open leases differ from the lease account");
    const __int128 held = static_cast<__int128>(book.of(Account::available).value) +
                          book.of(Account::lease).value + book.charged().value +
                          book.of(Account::refund).value + book.of(Account::fees).value;
    expect(held == book.funded().value, "I1: available + leases + charged differs from funded");
    expect(book.of(Account::available) >= Nanos{}, "I2: available is negative");
    expect(book.charged() <= book.funded(), "I2: charged above budget");
    const Nanos media =
        book.of(Account::media_cost) + book.of(Account::house_loss) + book.of(Account::exchange_payable);
    expect(media.is_zero(), "I6: the exchange's books do not balance");
    expect(book.of(Account::media_cost) == book.charged(), "I6: media cost differs from charges");
    Nanos leased;
    for (const DayBook& day : book.days) {
      leased += day.leased;
      expect(day.leased >= Nanos{} && day.charged >= Nanos{}, "I1: a day's book is negative");
    }
    expect(leased == book.of(Account::lease), "I1: the days' leases differ from the lease account");
  }
  return broken;
}

}  // namespace bandstand::ledger
