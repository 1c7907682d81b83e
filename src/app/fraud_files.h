// fraud_files: the fraud agent's lists from the files that the settings name.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "agents/fraud/fraud_lists.h"

namespace bandstand::app {

/// Files that replace or add to the built-in fraud lists; "" = none.
struct FraudFiles {
  std::string crawlers, blocked_ranges, data_center_ranges, exempt_ranges, data_center_csv, as_csv;
  [[nodiscard]] bool any() const {
    return !crawlers.empty() || !blocked_ranges.empty() || !data_center_ranges.empty() ||
           !exempt_ranges.empty() || !data_center_csv.empty() || !as_csv.empty();
  }
};

/// Told of each fault: the setting whose file has it ("fraud.crawlers"), and what, with file and line.
using FraudFault = std::function<void(std::string_view setting, std::string what)>;

/// Reads all files and builds the lists; of each file at most the first 20 faults are told. The version of
/// the lists is a hash of what was read, so that the same contents have the same one. nullptr if no file is
/// named. Control thread: .1 s for 1,500 patterns, .4 s for 500,000 ranges.
std::shared_ptr<const agents::fraud::FraudLists> read_fraud_files(const FraudFiles& files,
                                                                  const FraudFault& fault);

}  // namespace bandstand::app
