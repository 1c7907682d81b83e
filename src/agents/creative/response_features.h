// response_features: what a response may depend on, as hashed numbers: one function for serving and for learning.
//
// 1. The score of a creative is a sum over two sets of features: those of the context, which all creatives of a choice share,
//    and those of the creative, alone and crossed with the context. Only the second can change a choice.
// 2. Ids, not indexes, are hashed: a feature keeps its meaning over reloads of the catalogue.
// 3. Attributes are scaled by 1 / sqrt(count), so that a creative described at length is no bolder than others.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "agents/creative/creative_agent.h"
#include "base/ids.h"
#include "domain/event.h"

namespace bandstand::agents::creative {

/// The context of a choice as the model sees it: small numbers, no text, no id.
struct Context {
  std::uint32_t user_topic = 0;  ///< 0 = unknown
  float topic_strength = 0;      ///< 0..1
  std::uint32_t placement = 0;   ///< topic_of(tag id)
  std::uint8_t device = 0;
  std::uint8_t seen = 0;         ///< bucket of impressions seen: 0, 1, 2-3, 4-7, 8-15, 16 and more
};
[[nodiscard]] Context context_of(const ResponseContext& response) noexcept;
[[nodiscard]] Context context_of(const domain::BidFacts& facts) noexcept;

/// A creative as the model sees it; its attributes are hashed once, when a catalogue is adopted.
struct CreativeTraits {
  std::uint32_t line_item = 0;  ///< id
  std::uint32_t creative = 0;   ///< id
  std::uint32_t size = 0;       ///< w << 16 | h
  std::span<const std::uint32_t> attributes;  ///< topic_of("headline=free"), at most 16
};

struct Feature {
  std::uint64_t hash = 0;
  float x = 0;
};

/// At most so many features: 4 of the context; 3 + 2 * 16 of the creative.
class FeatureList {
 public:
  static constexpr std::size_t kMax = 40;
  void add(std::uint64_t hash, float x) { features_[size_++] = {hash, x}; }
  void clear() { size_ = 0; }
  [[nodiscard]] const Feature* begin() const { return features_.data(); }
  [[nodiscard]] const Feature* end() const { return features_.data() + size_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::array<Feature, kMax> features_;
  std::size_t size_ = 0;
};

/// Appends what all creatives of a line item share in this context: device, placement, fatigue. About 10 ns.
void add_context_features(std::uint32_t line_item, const Context& context, FeatureList& out) noexcept;
/// Appends what tells creatives apart: itself, its size and attributes, and these crossed with the user's topic. About 60 ns.
void add_creative_features(const CreativeTraits& creative, const Context& context, FeatureList& out) noexcept;

}  // namespace bandstand::agents::creative
