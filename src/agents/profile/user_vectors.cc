// user_vectors: a visit is encoded anew at each click: a state of the encoder is 40 KB, its clicks are 80 bytes.
#include "agents/profile/user_vectors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/rng.h"

namespace bandstand::agents::profile {

UserVectors::UserVectors(std::shared_ptr<const model::SequenceEncoder> encoder, const UserVectorOptions& options)
    : encoder_(std::move(encoder)),
      options_(options),
      width_(encoder_->width()),
      slots_(std::bit_ceil(std::max(options.capacity, kWays))),
      keys_(std::make_unique<std::atomic<std::uint64_t>[]>(slots_)),
      sequences_(std::make_unique<std::atomic<std::uint64_t>[]>(slots_)),
      words_(std::make_unique<std::atomic<std::uint32_t>[]>(slots_ * (width_ + 1))),
      visits_(slots_),
      state_(encoder_->start()) {}

std::size_t UserVectors::slot_of(domain::UserKey user) const noexcept {
  const std::size_t bucket = static_cast<std::size_t>(base::mix64(user.value)) & (slots_ - kWays);
  for (std::size_t slot = bucket; slot < bucket + kWays; ++slot) {
    if (user.value != 0 && keys_[slot].load(std::memory_order_acquire) == user.value) return slot;
  }
  return kNone;
}

std::size_t UserVectors::claim(domain::UserKey user) noexcept {
  BANDSTAND_CHECK(user.value != 0);
  if (const std::size_t known = slot_of(user); known != kNone) return known;
  const std::size_t bucket = static_cast<std::size_t>(base::mix64(user.value)) & (slots_ - kWays);
  std::size_t chosen = bucket;
  for (std::size_t slot = bucket; slot < bucket + kWays; ++slot) {
    if (visits_[slot].last_s < visits_[chosen].last_s) chosen = slot;  // a free slot has 0
  }
  clear(chosen);  // before the key: whoever finds the key must not read the user who left
  keys_[chosen].store(user.value, std::memory_order_release);
  ++size_;
  return chosen;
}

ClickResult UserVectors::click(domain::UserKey user, bool personal, std::uint64_t item, std::uint32_t now_s, bool page) {
  if (!personal) {
    erase(user);
    return ClickResult::no_consent;
  }
  const auto number = encoder_->find(item);
  if (!number || user.value == 0) return ClickResult::unknown_item;
  const std::size_t slot = claim(user);
  Visit& visit = visits_[slot];
  if (visit.length > 0 && now_s >= visit.last_s && now_s - visit.last_s > options_.visit_gap_s) visit.length = 0;
  if (page) visit.last_s = std::max(now_s, visit.last_s);
  if (visit.length > 0 && visit.clicks[visit.length - 1] == *number) {
    words(slot)[0].store(visit.last_s, std::memory_order_release);
    return ClickResult::same_item;
  }
  if (visit.length == kClicks) {
    std::copy(visit.clicks + 1, visit.clicks + kClicks, visit.clicks);
    --visit.length;
  }
  visit.clicks[visit.length++] = *number;
  model::SequenceEncoder::forget(state_);
  for (std::size_t i = 0; i < visit.length; ++i) encoder_->update(state_, visit.clicks[i]);
  publish(slot, state_.vector, visit.last_s);
  return ClickResult::renewed;
}

bool UserVectors::erase(domain::UserKey user) noexcept {
  const std::size_t slot = slot_of(user);
  if (slot == kNone) return false;
  clear(slot);
  return true;
}

void UserVectors::expire(std::uint32_t now_s, std::size_t slots) noexcept {
  for (std::size_t i = 0; i < std::min(slots, slots_); ++i) {
    const std::uint32_t last_s = visits_[next_].last_s;
    if (last_s != 0 && now_s > last_s && now_s - last_s > options_.stale_after_s) clear(next_);
    next_ = (next_ + 1) & (slots_ - 1);
  }
}

void UserVectors::clear(std::size_t slot) noexcept {
  if (keys_[slot].exchange(0, std::memory_order_acq_rel) != 0) --size_;
  publish(slot, {}, 0);
  visits_[slot] = {};
}

void UserVectors::publish(std::size_t slot, std::span<const float> vector, std::uint32_t now_s) noexcept {
  const std::uint64_t sequence = sequences_[slot].load(std::memory_order_relaxed);
  sequences_[slot].store(sequence + 1, std::memory_order_relaxed);
  auto* const to = words(slot);
  to[0].store(now_s, std::memory_order_release);
  for (std::size_t i = 0; i < width_; ++i) {
    to[1 + i].store(vector.empty() ? 0 : std::bit_cast<std::uint32_t>(vector[i]), std::memory_order_release);
  }
  sequences_[slot].store(sequence + 2, std::memory_order_release);
}

bool UserVectors::find(domain::UserKey user, const domain::Consent& consent, std::uint32_t now_s,
                       std::span<float> out) const noexcept {
  if (!consent.may_personalise() || out.size() != width_) return false;
  const std::size_t slot = slot_of(user);
  if (slot == kNone) return false;
  const auto* const from = words(slot);
  for (int i = 0; i < kReadTries; ++i) {
    const std::uint64_t before = sequences_[slot].load(std::memory_order_acquire);
    if (before % 2 != 0) continue;
    const std::uint32_t at_s = from[0].load(std::memory_order_acquire);
    for (std::size_t w = 0; w < width_; ++w) out[w] = std::bit_cast<float>(from[1 + w].load(std::memory_order_acquire));
    if (sequences_[slot].load(std::memory_order_relaxed) != before) continue;
    if (keys_[slot].load(std::memory_order_acquire) != user.value) return false;  // left between the two looks
    return at_s != 0 && (now_s < at_s || now_s - at_s <= options_.stale_after_s);
  }
  return false;
}

}  // namespace bandstand::agents::profile
