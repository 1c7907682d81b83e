// population_response: the truth that Bandstand has to learn: who clicks on what, and who buys afterwards.
//
// A click is a logistic response to the user's interests, the creative's features (alone, with the interest,
// with the device), the slot, and fatigue. Features act by hashed weights, so the same feature means the same
// for every creative that has it, and a model that shares strength between creatives is right to do so.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "domain/catalogue.h"
#include "simulation/population.h"

namespace bandstand::simulation {

struct ResponseOptions {
  std::uint64_t seed = 1;
  double click_base = -5.1;  ///< logit of the plainest impression; the public's mean comes to about 1.4 %
  double feature = .30;      ///< deviation of a feature's own weight
  double feature_interest = .30;  ///< of its weight with an interest
  double feature_device = .15;    ///< of its weight with a kind of device
  double match = 1.1;    ///< the creative is about what the user likes most; half and a third for the next
  double taste = .15;    ///< of what nobody can see
  double fatigue = .35;  ///< taken off per doubling of the impressions of one creative to one user
  double conversion_base = -1.6;  ///< logit, after a click: 17 %
};

/// What the world knows of a creative.
struct CreativeTruth {
  std::string id;     ///< crid
  int topic = -1;     ///< index into topics(); -1: about nothing in particular
  double appeal = 0;  ///< sum of the features' own weights
  double conversion = 0;
  std::array<float, kTopics> with_interest{};
  std::array<float, domain::kDeviceTypes> with_device{};
  std::array<float, kTastes> style{};
};

class ResponseModel {
 public:
  /// Knows the catalogue's creatives by their ids; others get features hashed from their id when first seen.
  ResponseModel(const ResponseOptions& options, const domain::Catalogue* catalogue);

  /// Stable index of a creative.
  std::uint32_t index_of(std::string_view crid);
  [[nodiscard]] const CreativeTruth& truth(std::uint32_t creative) const { return creatives_[creative]; }

  /// Chance that a human clicks; `seen` is the number of impressions of this creative to this user before.
  [[nodiscard]] double click(const User& user, const SlotKind& slot, std::uint32_t creative,
                             std::uint32_t seen) const;
  /// Chance that a click becomes a conversion.
  [[nodiscard]] double conversion(const User& user, std::uint32_t creative) const;
  [[nodiscard]] const ResponseOptions& options() const { return options_; }

 private:
  CreativeTruth make(std::string_view id, int topic, const std::vector<std::string>& features) const;
  [[nodiscard]] double interest(const User& user, const CreativeTruth& creative) const;

  ResponseOptions options_;
  std::vector<CreativeTruth> creatives_;
  std::unordered_map<std::string, std::uint32_t> index_;
};

/// Index of the topic with this category ("IAB2" or "IAB2-3"); -1 if there is none.
int topic_index(std::string_view category) noexcept;

}  // namespace bandstand::simulation
