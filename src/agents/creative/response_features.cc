// response_features: hashing, and nothing else.
#include "agents/creative/response_features.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/rng.h"
#include "domain/topic.h"

namespace bandstand::agents::creative {
namespace {

using Kind = FeatureKind;

/// Two 32-bit names under a kind. The second one is spread over the high half by an odd multiplier before mixing.
std::uint64_t hash_of(Kind kind, std::uint32_t a, std::uint32_t b = 0) noexcept {
  const std::uint64_t both = static_cast<std::uint64_t>(b) << 32 | a;
  return base::mix64(both ^ (static_cast<std::uint64_t>(kind) + 1) * 0xD6E8FEB86659FD93ull);
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
          .taste = response.taste,
          .seen = seen_bucket(response.impressions_seen)};
}

Context context_of(const domain::BidFacts& facts) noexcept {
  return {.user_topic = facts.user_topic,
          .topic_strength = topic_strength(facts.user_topic, facts.user_topic_weight),
          .placement = facts.placement,
          .device = facts.device,
          .taste = facts.taste,
          .seen = seen_bucket(facts.impressions_seen)};
}

std::string_view name_of(FeatureKind kind) noexcept {
  static constexpr std::array<std::string_view, kFeatureKinds> kNames{
      "device",         "placement",       "fatigue",          "creative", "size", "attribute",
      "creative_topic", "attribute_topic", "attribute_device", "match",  "taste",           "attribute_taste"};
  return kNames[static_cast<std::size_t>(kind)];
}

CatalogueTraits::CatalogueTraits(const domain::Catalogue& catalogue) {
  entries_.reserve(catalogue.creatives.size());
  for (const domain::Creative& creative : catalogue.creatives) {
    Entry entry{.id = creative.id.value,
                .size = static_cast<std::uint32_t>(creative.size.w) << 16 | creative.size.h,
                .first = static_cast<std::uint32_t>(names_.size()),
                .attributes = static_cast<std::uint32_t>(creative.features.size())};
    for (const std::string& name : creative.features) names_.push_back(domain::topic_of(name));
    for (const auto& category : creative.categories) names_.push_back(domain::topic_of(category));
    for (const auto& category : catalogue.advertisers[creative.advertiser].categories)
      names_.push_back(domain::topic_of(category));
    entry.topics = static_cast<std::uint32_t>(names_.size()) - entry.first - entry.attributes;
    entries_.push_back(entry);
  }
}

CreativeTraits CatalogueTraits::of(std::uint32_t line_item, std::uint32_t creative) const noexcept {
  const Entry& entry = entries_[creative];
  const std::uint32_t* first = names_.data() + entry.first;
  return {.line_item = line_item,
          .creative = entry.id,
          .size = entry.size,
          .attributes = {first, entry.attributes},
          .topics = {first + entry.attributes, entry.topics}};
}

void add_context_features(const FeatureScales& scales, std::uint32_t line_item, const Context& context,
                          FeatureList& out) noexcept {
  // Half weight by default: the level belongs to the line item's intercept, the context only bends it.
  out.add(hash_of(Kind::device, line_item, context.device), scales[Kind::device]);
  out.add(hash_of(Kind::placement, context.placement), scales[Kind::placement]);
  out.add(hash_of(Kind::fatigue, line_item, context.seen), scales[Kind::fatigue]);
}

void add_creative_features(const FeatureScales& scales, const CreativeTraits& creative, const Context& context,
                           FeatureList& out) noexcept {
  out.add(hash_of(Kind::creative, creative.line_item, creative.creative), scales[Kind::creative]);
  if (creative.size != 0) out.add(hash_of(Kind::size, creative.size, context.device), scales[Kind::size]);
  const std::size_t count = std::min<std::size_t>(creative.attributes.size(), 16);
  const float scale = count == 0 ? 0 : 1 / std::sqrt(static_cast<float>(count));
  for (std::size_t i = 0; i < count; ++i)
    out.add(hash_of(Kind::attribute, creative.attributes[i]), scale * scales[Kind::attribute]);
  if (scales[Kind::attribute_device] > 0) {
    for (std::size_t i = 0; i < count; ++i) {
      out.add(hash_of(Kind::attribute_device, creative.attributes[i], context.device),
              scale * scales[Kind::attribute_device]);
    }
  }
  if (scales[Kind::taste] > 0) {
    for (std::uint32_t i = 0; i < context.taste.size(); ++i) {
      if (context.taste[i] != 0) out.add(hash_of(Kind::taste, creative.creative, i), scales[Kind::taste] * context.taste[i]);
    }
  }
  if (scales[Kind::attribute_taste] > 0) {
    for (std::uint32_t i = 0; i < context.taste.size(); ++i) {
      if (context.taste[i] == 0) continue;
      const float x = scale * scales[Kind::attribute_taste] * context.taste[i];
      for (std::size_t a = 0; a < count; ++a) out.add(hash_of(Kind::attribute_taste, creative.attributes[a], i), x);
    }
  }
  if (!(context.topic_strength > 0)) return;
  // Crossed effects are weaker than those they are made of, and there are many of them: a narrower prior keeps them quiet
  // until they are seen.
  out.add(hash_of(Kind::creative_topic, creative.creative, context.user_topic),
          scales[Kind::creative_topic] * context.topic_strength);
  const float crossed = scale * (scales[Kind::attribute_topic] * context.topic_strength);
  for (std::size_t i = 0; i < count; ++i)
    out.add(hash_of(Kind::attribute_topic, creative.attributes[i], context.user_topic), crossed);
  const bool match = std::find(creative.topics.begin(), creative.topics.end(), context.user_topic) != creative.topics.end();
  if (match) out.add(hash_of(Kind::match, 0), scales[Kind::match] * context.topic_strength);
}

}  // namespace bandstand::agents::creative
