// pacing_catalogue: campaigns with nothing but a budget to tell them apart, for experiments on pacing.
#pragma once

#include <span>
#include <string>

namespace bandstand::simulation {

struct PacingCampaign {
  double daily_budget = 0;        ///< units of money; 0: no limit
  std::string delivery = "even";  ///< as in the catalogue's "pacing"
  std::string time_zone = "UTC";  ///< whose midnight ends a day's budget
};

/// One or two campaigns, numbered from 1, paid by impressions. Two share the world by country, half and half.
/// Each has two line items, worth 3 CPM on phones and 5 CPM on desktops, so that a good pacer gives up the
/// cheap half first.
std::string pacing_catalogue_json(std::span<const PacingCampaign> campaigns);

}  // namespace bandstand::simulation
