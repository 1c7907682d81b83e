// user_vectors: what a sequence model says of users: renewed at each click, read by shards without locks, gone on request.
//
// One thread writes, any number reads. A slot is a seqlock over atomic words, as in user_table.h. The vector is renewed off the
// hot path, by whoever takes in events; a request only copies it. Without a vector a policy falls back to the decayed interests
// of the user, and without those to the default profile (profile_rules.h).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "domain/identity.h"
#include "model/sequence_encoder.h"

namespace bandstand::agents::profile {

struct UserVectorOptions {
  std::size_t capacity = 1 << 16;       ///< users, rounded up to a power of two
  std::uint32_t visit_gap_s = 1800;     ///< a click so long after the last begins a new visit: what the model was trained on
  std::uint32_t stale_after_s = 86400;  ///< a vector without a click for so long is not read
};

/// What came of a click.
enum class ClickResult : std::uint8_t {
  renewed,       ///< the vector is that of the visit with this click
  same_item,     ///< the page of the last click is still open: only the time moved
  unknown_item,  ///< the model does not know it, or there is no user: nothing is learned
  no_consent     ///< nothing is kept of the user
};

/// Of one model: another one's vectors have another meaning, so it gets a table of its own. Memory a user: the last clicks (4
/// bytes each) and the vector, taken at once.
class UserVectors {
 public:
  static constexpr std::size_t kClicks = 20;  ///< that are kept of a visit, and read anew at each click

  /// The encoder is shared with nobody else who would change it; it is immutable.
  UserVectors(std::shared_ptr<const model::SequenceEncoder> encoder, const UserVectorOptions& options);

  /// Writer. A page with the item of this id, at this time. Without consent to personalise (`personal`) what was kept of the user
  /// is erased. Cost: up to kClicks updates of the encoder.
  ClickResult click(domain::UserKey user, bool personal, std::uint64_t item, std::uint32_t now_s) {
    return click(user, personal, item, now_s, true);
  }
  /// Writer. The same of what is reported later, by a consent of then: the vector follows, but grows old as if it had not come.
  ClickResult event(domain::UserKey user, std::uint64_t item, std::uint32_t now_s) {
    return knows(user) ? click(user, true, item, now_s, false) : ClickResult::no_consent;
  }
  /// Writer. Forgets a user at once; true if it was known. The memory is overwritten.
  bool erase(domain::UserKey user) noexcept;
  /// Writer. Forgets those who have seen no page for stale_after_s, looking at the next `slots` of the table.
  void expire(std::uint32_t now_s, std::size_t slots) noexcept;
  /// Writer. Is anything kept of the user?
  [[nodiscard]] bool knows(domain::UserKey user) const noexcept { return slot_of(user) != kNone; }
  /// Writer. Users of whom there is a vector.
  [[nodiscard]] std::size_t size() const { return size_; }

  /// Any thread. Copies the user's vector to `out` [width()]. False: none, no consent to personalise, stale, or being written.
  [[nodiscard]] bool find(domain::UserKey user, const domain::Consent& consent, std::uint32_t now_s,
                          std::span<float> out) const noexcept;
  [[nodiscard]] std::size_t width() const { return width_; }

 private:
  static constexpr std::size_t kWays = 4;
  static constexpr int kReadTries = 16;

  /// The writer's own.
  struct Visit {
    std::uint32_t last_s = 0, length = 0;
    std::uint32_t clicks[kClicks] = {};  ///< the oldest first
  };
  ClickResult click(domain::UserKey user, bool personal, std::uint64_t item, std::uint32_t now_s, bool page);
  /// Slot of the user, or kNone.
  static constexpr std::size_t kNone = ~std::size_t{0};
  [[nodiscard]] std::size_t slot_of(domain::UserKey user) const noexcept;
  /// The same; takes a free slot of the bucket, or that of who clicked longest ago.
  std::size_t claim(domain::UserKey user) noexcept;
  void publish(std::size_t slot, std::span<const float> vector, std::uint32_t now_s) noexcept;
  void clear(std::size_t slot) noexcept;
  [[nodiscard]] std::atomic<std::uint32_t>* words(std::size_t slot) const { return words_.get() + slot * (width_ + 1); }

  std::shared_ptr<const model::SequenceEncoder> encoder_;
  UserVectorOptions options_;
  std::size_t width_, slots_, size_ = 0, next_ = 0;
  std::unique_ptr<std::atomic<std::uint64_t>[]> keys_;       ///< 0 = free
  std::unique_ptr<std::atomic<std::uint64_t>[]> sequences_;  ///< odd while being written
  std::unique_ptr<std::atomic<std::uint32_t>[]> words_;      ///< of a slot: time of the last click, then the vector
  std::vector<Visit> visits_;
  model::SequenceState state_;
};

}  // namespace bandstand::agents::profile
