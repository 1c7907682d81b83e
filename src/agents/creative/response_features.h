// response_features: what a response may depend on, as hashed numbers: one function for serving and for learning.
//
// 1. The score of a creative is a sum over two sets of features: those of the context, which all creatives of a choice share,
//    and those of the creative, alone and crossed with the context. Only the second can change a choice.
// 2. Ids, not indexes, are hashed: a feature keeps its meaning over reloads of the catalogue.
// 3. Attributes are scaled by 1 / sqrt(count), so that a creative described at length is no bolder than others.
// 4. How strongly a kind of feature may speak before it is known is its scale. The default's are written here; a trained model
//    brings its own, and with them kinds that the default leaves out (scale 0).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "agents/creative/creative_agent.h"
#include "base/ids.h"
#include "domain/catalogue.h"
#include "domain/event.h"

namespace bandstand::agents::creative {

/// The context of a choice as the model sees it: small numbers, no text, no id.
struct Context {
  std::uint32_t user_topic = 0;  ///< 0 = unknown
  float topic_strength = 0;      ///< 0..1
  std::uint32_t placement = 0;   ///< topic_of(tag id)
  std::uint8_t device = 0;
  domain::Taste taste{};         ///< of the profile's model
  std::uint8_t seen = 0;         ///< bucket of impressions seen: 0, 1, 2-3, 4-7, 8-15, 16 and more
};
[[nodiscard]] Context context_of(const ResponseContext& response) noexcept;
[[nodiscard]] Context context_of(const domain::BidFacts& facts) noexcept;

/// The kinds of features. A kind's number is part of its features' hashes: new ones are added at the end.
enum class FeatureKind : std::uint8_t {
  device,            ///< line item x device
  placement,         ///< of the page, for all line items
  fatigue,           ///< line item x impressions seen
  creative,          ///< the creative itself
  size,              ///< size x device
  attribute,         ///< "headline=free"
  creative_topic,    ///< creative x the user's topic
  attribute_topic,   ///< attribute x the user's topic
  attribute_device,  ///< attribute x device
  match,             ///< the creative or its advertiser is about the user's topic
  taste,             ///< creative x each number of the user's vector: the creative's own vector, learned
  attribute_taste,   ///< attribute x each number of the user's vector: the attribute's
  count_
};
inline constexpr std::size_t kFeatureKinds = static_cast<std::size_t>(FeatureKind::count_);
std::string_view name_of(FeatureKind kind) noexcept;

/// x of a feature of each kind: with one prior for all weights, how far its effect strays before it is known. 0: left out.
struct FeatureScales {
  std::array<float, kFeatureKinds> of{0.5f, 0.5f, 0.5f, 1, 0.5f, 1, 0.35f, 0.35f, 0, 0, 0, 0};
  [[nodiscard]] float operator[](FeatureKind kind) const { return of[static_cast<std::size_t>(kind)]; }
  friend bool operator==(const FeatureScales&, const FeatureScales&) = default;
};

/// A creative as the model sees it; its attributes are hashed once, when a catalogue is adopted.
struct CreativeTraits {
  std::uint32_t line_item = 0;  ///< id
  std::uint32_t creative = 0;   ///< id
  std::uint32_t size = 0;       ///< w << 16 | h
  std::span<const std::uint32_t> attributes;  ///< topic_of("headline=free"), at most 16
  std::span<const std::uint32_t> topics;      ///< topic_of(category), the creative's and its advertiser's
};

/// The traits of a catalogue's creatives, worked out once.
class CatalogueTraits {
 public:
  CatalogueTraits() = default;
  explicit CatalogueTraits(const domain::Catalogue& catalogue);
  /// `line_item` is an id, `creative` an index. The spans live as long as this.
  [[nodiscard]] CreativeTraits of(std::uint32_t line_item, std::uint32_t creative) const noexcept;

 private:
  struct Entry {
    std::uint32_t id = 0, size = 0;
    std::uint32_t first = 0, attributes = 0, topics = 0;  ///< attributes, then topics, from names_[first] on
  };
  std::vector<Entry> entries_;  ///< by index
  std::vector<std::uint32_t> names_;
};

struct Feature {
  std::uint64_t hash;
  float x;
};

/// At most so many features: 3 of the context; 4 + 3 * 16 of the creative, 17 for each number of the user's vector.
class FeatureList {
 public:
  static constexpr std::size_t kMax = 56 + 17 * domain::kTasteMax;
  /// A feature of scale 0 is none.
  void add(std::uint64_t hash, float x) {
    if (x != 0) features_[size_++] = {hash, x};
  }
  void clear() { size_ = 0; }
  [[nodiscard]] const Feature* begin() const { return features_.data(); }
  [[nodiscard]] const Feature* end() const { return features_.data() + size_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::array<Feature, kMax> features_;  // 5 KB that nobody clears: most lists are short
  std::size_t size_ = 0;
};

/// Appends what all creatives of a line item share in this context: device, placement, fatigue. About 10 ns.
void add_context_features(const FeatureScales& scales, std::uint32_t line_item, const Context& context,
                          FeatureList& out) noexcept;
/// Appends what tells creatives apart: itself, its size and attributes, and these crossed with the context. About 60 ns.
void add_creative_features(const FeatureScales& scales, const CreativeTraits& creative, const Context& context,
                           FeatureList& out) noexcept;

}  // namespace bandstand::agents::creative
