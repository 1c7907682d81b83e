// interests: lazy decay at three speeds.
#include "agents/profile/interests.h"

#include <algorithm>
#include <cmath>

namespace bandstand::agents::profile {
namespace {

constexpr float kHalfLivesPerSecond[] = {1.0f / 3600, 1.0f / 86'400, 1.0f / (14 * 86'400)};
constexpr float kMix[] = {0.5f, 0.3f, 0.2f};
constexpr std::size_t kTopicsPerPage = 8;
constexpr InterestWeights kWeights;

struct Decay {
  float fast, day, slow;
};

Decay decay_over(std::uint32_t from_s, std::uint32_t to_s) noexcept {
  if (to_s <= from_s) return {1, 1, 1};
  const auto dt = static_cast<float>(to_s - from_s);
  return {std::exp2(-dt * kHalfLivesPerSecond[0]), std::exp2(-dt * kHalfLivesPerSecond[1]),
          std::exp2(-dt * kHalfLivesPerSecond[2])};
}

void touch(domain::UserState& user, std::uint32_t now_s) noexcept {
  if (user.first_seen_s == 0) user.first_seen_s = now_s;
  user.last_seen_s = std::max(user.last_seen_s, now_s);
}

}  // namespace

float strength(const domain::Interest& interest, std::uint32_t now_s) noexcept {
  const Decay decay = decay_over(interest.at_s, now_s);
  return kMix[0] * interest.fast * decay.fast + kMix[1] * interest.day * decay.day + kMix[2] * interest.slow * decay.slow;
}

void add_interest(domain::UserState& user, std::uint32_t topic, float weight, std::uint32_t now_s) noexcept {
  domain::Interest* into = nullptr;
  for (domain::Interest& interest : user.interests) {
    if (interest.topic == topic) {
      into = &interest;
      break;
    }
    if (interest.topic == 0 && into == nullptr) into = &interest;
  }
  if (into == nullptr) {
    into = &*std::min_element(
        user.interests.begin(), user.interests.end(),
        [&](const domain::Interest& a, const domain::Interest& b) { return strength(a, now_s) < strength(b, now_s); });
  }
  if (into->topic != topic) *into = {topic, now_s, 0, 0, 0};
  const Decay decay = decay_over(into->at_s, now_s);
  into->fast = into->fast * decay.fast + weight;
  into->day = into->day * decay.day + weight;
  into->slow = into->slow * decay.slow + weight;
  into->at_s = std::max(into->at_s, now_s);
}

void apply_page(domain::UserState& user, std::span<const std::uint32_t> topics, base::WallTime now) noexcept {
  const std::uint32_t now_s = domain::profile_seconds(now);
  touch(user, now_s);
  ++user.requests;
  const std::size_t count = std::min(topics.size(), kTopicsPerPage);
  for (std::size_t i = 0; i < count; ++i) {
    add_interest(user, topics[i], kWeights.page / static_cast<float>(count), now_s);
  }
}

void apply_event(domain::UserState& user, const domain::Event& event, std::span<const std::uint32_t> topics,
                 base::WallTime now) noexcept {
  if (event.suspicious || event.test) return;
  const std::uint32_t now_s = domain::profile_seconds(now);
  float weight = 0;
  switch (event.kind) {
    case domain::EventKind::impression:
      ++user.impressions;
      break;
    case domain::EventKind::click:
      ++user.clicks;
      weight = kWeights.click;
      break;
    case domain::EventKind::conversion:
      ++user.conversions;
      weight = kWeights.conversion;
      break;
    default:
      return;
  }
  touch(user, now_s);
  const std::size_t count = std::min(topics.size(), kTopicsPerPage);
  for (std::size_t i = 0; weight > 0 && i < count; ++i) {
    add_interest(user, topics[i], weight / static_cast<float>(count), now_s);
  }
}

}  // namespace bandstand::agents::profile
