// pacing_snapshot: what the slow loop tells every shard about each campaign's money: may it spend, and at what price.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/vocabulary.h"

namespace bandstand::agents::budget {

struct CampaignPace {
  bool open = false;
  domain::Refusal why = domain::Refusal::paced;  ///< if not open
  float mu = 1;                                  ///< >= mu_min
  float pass_through = 1;                        ///< share of auctions to enter; < 1 only under the throttle policy
  float residual = 0;                            ///< a trained control would have it at mu * exp(residual); 0 without one
};

/// Immutable; index = campaign's index in the catalogue of `catalogue_version`.
struct PacingSnapshot {
  std::uint32_t version = 0;
  std::uint64_t catalogue_version = 0;
  std::vector<CampaignPace> campaigns;

  /// Bytes for the log, and back (`corrupt` if they are not such bytes).
  [[nodiscard]] std::string encode() const;
  static base::Result<std::shared_ptr<const PacingSnapshot>> decode(std::string_view bytes);
};

}  // namespace bandstand::agents::budget
