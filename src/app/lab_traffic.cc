// lab_traffic: file to protocol, table to text.
#include "app/lab_traffic.h"

#include <ostream>

namespace bandstand::app {

int lab_traffic(const LabTrafficOptions& options, std::ostream& out, std::ostream& err) {
  const auto& protocol = options.protocol;
  if (protocol.weeks < 1 || protocol.weeks > 520 || !(protocol.requests_a_week > 0)) {
    err << "bandstand-lab: measure traffic: --weeks from 1 to 520, --requests above 0\n";
    return 2;
  }
  const auto shapes = experiments::read_week_shapes(options.shapes);
  if (!shapes) {
    err << "bandstand-lab: measure traffic: " << shapes.error() << "\n";
    return 2;
  }
  const auto format = options.json ? experiments::TableFormat::json : experiments::TableFormat::aligned;
  experiments::run_traffic_protocol(*shapes, protocol).print(format, out);
  return 0;
}

}  // namespace bandstand::app
