// openrtb_reader: recorded bid requests as rows: each impression offered, as a server would have seen it.
#pragma once

#include <memory>

#include "learning/dataset/dataset.h"

namespace bandstand::learning {

/// A line holds an OpenRTB 2.x request or an auction of the recorded stream (Datacratic's JSON: `spots`), which
/// protocol/openrtb/recorded converts. Lines go through the server's own parser and consent gate (protocol::openrtb::
/// RequestParser, domain::consent_gate, admit), so a field holds what the decision code would have been given: no user id, and
/// interests only with consent. A row an impression, in their order; there is no label (false) and no price; the time is known in
/// recorded auctions alone. A refused request counts as one, by its fault and the place of it. Some 40 us a line.
[[nodiscard]] Loaded<std::unique_ptr<DatasetReader>> open_openrtb(DatasetLines lines);

}  // namespace bandstand::learning
