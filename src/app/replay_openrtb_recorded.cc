// replay_openrtb_recorded: tells the two kinds of lines apart.
#include "app/replay_openrtb_recorded.h"

#include <nlohmann/json.hpp>

#include "protocol/openrtb/recorded.h"

namespace bandstand::app {

base::Result<ReplayRequest> replay_request(std::string_view line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) return base::fail(base::Code::invalid_input, "is no JSON object");
  ReplayRequest out;
  const auto id = json.find("id");
  if (id == json.end() || !id->is_string()) return base::fail(base::Code::invalid_input, "has no id");
  out.id = id->get<std::string>();
  if (json.contains("spots")) {
    BANDSTAND_TRY(recorded, protocol::openrtb::convert_recorded(line));
    out.at_s = static_cast<double>(recorded.at.ns) / 1e9;
    out.body = std::move(recorded.request);
  } else if (json.contains("imp")) {
    out.body = line;
  } else {
    return base::fail(base::Code::invalid_input, "is neither an OpenRTB request (imp) nor a recorded auction (spots)");
  }
  return out;
}

}  // namespace bandstand::app
