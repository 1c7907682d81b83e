// impression_reader: the imp[] part of a request, with its media, deals and native requests. Internal to this
// folder.
#pragma once

#include "protocol/openrtb/json_reader.h"

namespace bandstand::protocol::openrtb {

/// Reads imp[]. Bad media, deals and impressions are left out; faults of the whole list refuse the request.
/// `native_parser` reads the requests that native impressions carry as text.
void read_impressions(JsonReader& reader, ondemand::value& value, const Place& at,
                      const ParserOptions& options, ondemand::parser& native_parser);

/// Reads native.request: text holding JSON, or (tolerated) the object itself. False: leave the medium out.
bool read_native_request(JsonReader& reader, ondemand::value& value, Token token, const Place& at,
                         const ParserOptions& options, ondemand::parser& native_parser,
                         domain::Native& native);

}  // namespace bandstand::protocol::openrtb
