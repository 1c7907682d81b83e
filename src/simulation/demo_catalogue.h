// demo_catalogue: catalogues written for this project, in the format of docs/formats/catalogue.md: one to
// look at, and random ones of any size for the bench.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace bandstand::simulation {

struct DemoCatalogueOptions {
  std::uint64_t seed = 1;
  double requests_per_second = 400;  ///< of the world that it will run in: budgets are made to fit
  double seconds = 60;
  double budget_scale = 1;
  base::WallTime start{0};  ///< of the flights, which last `seconds` (rounded up); 0: no start, no end
};

/// 14 advertisers, 42 campaigns, about 50 line items, more than 130 creatives; JSON. Most budgets are a half
/// to four fifths of what the campaign could spend, some are tiny, some ample. Uses the exchanges "alpha" and
/// "beta".
std::string demo_catalogue_json(const DemoCatalogueOptions& options = {});

/// 100 .. 100,000 line items, three creatives each from the pool of their advertiser; a mix of targeting as
/// buyers use it (most by country, many by device, some by place, site, segment, hour, deal). About 1 KB a
/// line item.
std::string random_catalogue_json(std::uint64_t seed, std::uint32_t line_items);

/// The standard creative world: `line_items` line items with ten banners each of one size, which differ in
/// their features alone; no targeting.
std::string creative_world_catalogue_json(std::uint64_t seed, std::uint32_t line_items = 1);

}  // namespace bandstand::simulation
