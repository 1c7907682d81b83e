// reload_report: what came of reading catalogue and lists again.
#pragma once

#include <string>
#include <vector>

#include "telemetry/labels.h"

namespace bandstand::serving {

/// How a reload ended; what was wrong with the files, a line each, if it was refused.
struct ReloadReport {
  telemetry::ReloadResult result = telemetry::ReloadResult::refused;
  std::vector<std::string> problems{};
};

}  // namespace bandstand::serving
