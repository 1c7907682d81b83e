// targeting_options: what targeting is told by settings: our seats, and how candidates are ranked before values are known.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "domain/catalogue.h"
#include "domain/decision.h"

namespace bandstand::agents::targeting {

struct TargetingOptions {
  std::vector<std::string> seats;  ///< our seat, by exchange index; missing or empty = none known
  /// Prior response rates, to compare line items of different goals before a model has spoken.
  double click_rate_prior = 1e-3;
  double conversion_rate_prior = 5e-5;
  /// Expected value of one impression by line item (nanos), where something better than the priors is known;
  /// else empty.
  std::vector<double> values;
  domain::PolicyId policy;
};

/// Line items in the order in which they are considered: priority, then expected value of an impression (at
/// most bid_max), then id. Positions in this order are what the index's bits stand for.
std::vector<std::uint32_t> rank_line_items(const domain::Catalogue& catalogue,
                                           const TargetingOptions& options);

}  // namespace bandstand::agents::targeting
