// response_features: hashing, and nothing else.
#include "agents/creative/response_features.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/rng.h"
#include "domain/topic.h"

namespace bandstand::agents::creative {
namespace {

enum class Kind : std::uint64_t { device = 1, placement, fatigue, creative, size, attribute, creative_topic, attribute_topic };

constexpr float kCrossed = 0.35f;

/// Two 32-bit names under a kind. The second one is spread over the high half by an odd multiplier before mixing.
std::uint64_t hash_of(Kind kind, std::uint32_t a, std::uint32_t b = 0) noexcept {
  const std::uint64_t both = static_cast<std::uint64_t>(b) << 32 | a;
  return base::mix64(both ^ static_cast<std::uint64_t>(kind) * 0xD6E8FEB86659FD93ull);
}

std::uint8_t seen_bucket(std::uint32_t impressions) noexcept {
  return static_cast<std::uint8_t>(std::min(5, static_cast<int>(std::bit_width(impressions))));
}

float topic_strength(std::uint32_t topic, float weight) noexcept {
  return topic == 0 || !(weight > 0) ? 0.0f : weight / (weight + 0.25f);
}

}  // namespace

Context context_of(const ResponseContext& response) noexcept {
  return {.user_topic = response.user_topic,
          .topic_strength = topic_strength(response.user_topic, response.user_topic_weight),
          .placement = domain::topic_of(response.impression.tag_id),
          .device = static_cast<std::uint8_t>(response.auction.device.type),
          .seen = seen_bucket(response.impressions_seen)};
}

Context context_of(const domain::BidFacts& facts) noexcept {
  return {.user_topic = facts.user_topic,
          .topic_strength = topic_strength(facts.user_topic, facts.user_topic_weight),
          .placement = facts.placement,
          .device = facts.device,
          .seen = seen_bucket(facts.impressions_seen)};
}

void add_context_features(std::uint32_t line_item, const Context& context, FeatureList& out) noexcept {
  // Half weight: the level belongs to the line item's intercept, the context only bends it.
  out.add(hash_of(Kind::device, line_item, context.device), 0.5f);
  out.add(hash_of(Kind::placement, context.placement), 0.5f);
  out.add(hash_of(Kind::fatigue, line_item, context.seen), 0.5f);
}

void add_creative_features(const CreativeTraits& creative, const Context& context, FeatureList& out) noexcept {
  out.add(hash_of(Kind::creative, creative.line_item, creative.creative), 1);
  if (creative.size != 0) out.add(hash_of(Kind::size, creative.size, context.device), 0.5f);
  const std::size_t count = std::min<std::size_t>(creative.attributes.size(), 16);
  const float scale = count == 0 ? 0 : 1 / std::sqrt(static_cast<float>(count));
  for (std::size_t i = 0; i < count; ++i) out.add(hash_of(Kind::attribute, creative.attributes[i]), scale);
  if (!(context.topic_strength > 0)) return;
  // Crossed effects are weaker than those they are made of, and there are many of them: a narrower prior keeps them quiet
  // until they are seen.
  const float crossed = kCrossed * context.topic_strength;
  out.add(hash_of(Kind::creative_topic, creative.creative, context.user_topic), crossed);
  for (std::size_t i = 0; i < count; ++i) {
    out.add(hash_of(Kind::attribute_topic, creative.attributes[i], context.user_topic), scale * crossed);
  }
}

}  // namespace bandstand::agents::creative
