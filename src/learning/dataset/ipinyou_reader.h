// ipinyou_reader: raw logs of the iPinYou contest, seasons 2 and 3: impressions, joined with their clicks or conversions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "learning/dataset/dataset.h"

namespace bandstand::learning {

/// Clicks (or conversions) that are joined, of all response logs together: about 60 bytes each while reading.
inline constexpr std::size_t kResponsesMax = 2'000'000;

struct IpinyouOptions {
  std::vector<std::string> responses;  ///< click or conversion logs; a row's label is whether its bid is in one of them
  bool tags = false;                   ///< user tags are features too (they are suspected of leaking the click)
};

/// Rows of an impression log (24 columns) or a bid log (21: it has no log type, price paid and key page), in the file's order.
/// Columns: Zhang et al., "Real-Time Bidding Benchmarking with iPinYou Dataset" (arXiv 1407.7073), table 1. A response belongs to
/// the impressions of its bid id and creative, as in the benchmark, and counts once; one without an impression is counted at the
/// end. The time is the log's (China's), without its milliseconds. Errors: a file that cannot be read; more than kResponsesMax
/// responses.
[[nodiscard]] Loaded<std::unique_ptr<DatasetReader>> open_ipinyou(DatasetLines lines, const IpinyouOptions& options);

}  // namespace bandstand::learning
