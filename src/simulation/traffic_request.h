// traffic_request: writes a visit as an OpenRTB 2.6 bid request, byte by byte the same for the same visit.
#pragma once

#include <string>
#include <string_view>

#include "simulation/traffic.h"

namespace bandstand::simulation {

/// "w1-42": names the auction of visit 42 in the world of seed 1.
void append_auction_id(std::uint64_t seed, std::uint64_t number, std::string& out);

/// Replaces `out` with the request's JSON (about 1.6 KB, 2 us). Follows protocol.md 1.3.
void write_request(const Visit& visit, const Population& population, const TrafficOptions& options,
                   std::string& out);

}  // namespace bandstand::simulation
