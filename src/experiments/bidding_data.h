// bidding_data: recorded auctions and statistics of a campaign, read from files in the iPinYou research
// formats.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/loaded.h"

namespace bandstand::experiments {

/// Largest price (CPM units of iPinYou) and largest bid of these protocols.
inline constexpr int kPriceMax = 300;

/// One recorded auction. 16 bytes.
struct RecordedAuction {
  double theta = 0;        ///< predicted click rate
  std::int32_t price = 0;  ///< highest competing bid
  bool click = false;
};

/// What the training days tell of a campaign (`info/<campaign>.json`).
struct CampaignInfo {
  std::int64_t impressions = 0;
  std::int64_t clicks = 0;
  std::int64_t cost = 0;
  std::array<std::int64_t, kPriceMax + 1> price_counts{};  ///< of the market price

  [[nodiscard]] double theta_mean() const {
    return static_cast<double>(clicks) / static_cast<double>(impressions);
  }
  [[nodiscard]] double cost_mean() const {
    return static_cast<double>(cost) / static_cast<double>(impressions);
  }
  /// Laplace-smoothed law of the price: (count + 1) / (impressions + 301).
  [[nodiscard]] std::vector<double> price_law() const;
};

using base::Loaded;
using base::problem;

Loaded<CampaignInfo> load_campaign_info(const std::string& path);

/// Rows "click price theta [more]", separated by spaces or tabs.
Loaded<std::vector<RecordedAuction>> load_auctions(const std::string& path);

/// b0 of LIN by budget share, for one campaign of `lin_bid_tuning.json`.
Loaded<std::map<double, double>> load_lin_tuning(const std::string& path, const std::string& campaign);

}  // namespace bandstand::experiments
