// lab_traffic: the verb that measures forecasts of the traffic's shape.
#pragma once

#include <iosfwd>
#include <string>

#include "experiments/protocol_traffic.h"

namespace bandstand::app {

struct LabTrafficOptions {
  std::string shapes;  ///< file of weekly shapes
  experiments::TrafficProtocol protocol;
  bool json = false;
};

/// Exit codes: 0 measured, 2 wrong options or file.
int lab_traffic(const LabTrafficOptions& options, std::ostream& out, std::ostream& err);

}  // namespace bandstand::app
