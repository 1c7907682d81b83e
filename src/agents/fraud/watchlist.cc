// watchlist: see the header.
#include "agents/fraud/watchlist.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace bandstand::agents::fraud {
namespace {

/// Marks of one: logarithms and improbabilities reach 12, shares 1.
constexpr Evidence kScale{10, 10, 10, 10, 20, 20, 100, 100, 100, 10, 100, 10, 10, 10};
constexpr Evidence kStep = [] {
  Evidence step{};
  for (std::size_t i = 0; i < kFacts; ++i) step[i] = 1 / kScale[i];
  return step;
}();
constexpr std::size_t kHeaderBytes = 16, kEntryBytes = 16 + kFacts;

}  // namespace

Marks marks_of(const Evidence& evidence) noexcept {
  Marks out;
  for (std::size_t i = 0; i < kFacts; ++i)
    out[i] = static_cast<std::int8_t>(std::clamp(std::nearbyint(evidence[i] * kScale[i]), -127.0f, 127.0f));
  return out;
}

Evidence evidence_of(const Marks& marks) noexcept {
  Evidence out;
  for (std::size_t i = 0; i < kFacts; ++i) out[i] = static_cast<float>(marks[i]) * kStep[i];
  return out;
}

Watchlist::Watchlist(std::size_t expected)
    : slots_(std::bit_ceil(std::max<std::size_t>(2, 2 * expected))), mask_(slots_.size() - 1) {}

Watchlist::Watchlist(std::span<const WatchEntry> entries, std::uint32_t its_version, FraudModelPtr its_model)
    : Watchlist(entries.size()) {
  for (const WatchEntry& entry : entries) add(entry);
  version = its_version;
  model = std::move(its_model);
}

WatchEntry& Watchlist::slot_of(std::uint64_t key) {
  std::size_t at = key >> 7 & mask_;
  while (slots_[at].key != 0 && slots_[at].key != key) at = (at + 1) & mask_;
  return slots_[at];
}

void Watchlist::add(const WatchEntry& entry) {
  if (entry.key == 0) return;
  if (2 * (size_ + 1) > slots_.size()) {
    std::vector<WatchEntry> old(2 * slots_.size());
    old.swap(slots_);
    mask_ = slots_.size() - 1;
    for (const WatchEntry& kept : old) {
      if (kept.key != 0) slot_of(kept.key) = kept;
    }
  }
  WatchEntry& slot = slot_of(entry.key);
  if (slot.key == 0) ++size_;
  slot = entry;
}

std::string WatchChanges::encode() const {
  std::string out;
  out.reserve(kHeaderBytes + entries.size() * kEntryBytes);
  const auto put = [&](const auto& value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); };
  put(version);
  put(age);
  put(model_version);
  put(static_cast<std::uint32_t>(entries.size()));
  for (const WatchEntry& entry : entries) {
    put(entry.key);
    put(entry.blocked_until_ns);
    put(entry.marks);
  }
  return out;
}

base::Result<WatchChanges> WatchChanges::decode(std::string_view bytes) {
  WatchChanges out;
  std::uint32_t count = 0;
  if (bytes.size() < kHeaderBytes) return base::fail(base::Code::corrupt, "watchlist: cut short");
  const auto take = [&](auto& value) {
    std::memcpy(&value, bytes.data(), sizeof value);
    bytes.remove_prefix(sizeof value);
  };
  take(out.version);
  take(out.age);
  take(out.model_version);
  take(count);
  if (bytes.size() != std::size_t{count} * kEntryBytes) return base::fail(base::Code::corrupt, "watchlist: wrong size");
  out.entries.resize(count);
  for (WatchEntry& entry : out.entries) {
    take(entry.key);
    take(entry.blocked_until_ns);
    take(entry.marks);
  }
  return out;
}

}  // namespace bandstand::agents::fraud
