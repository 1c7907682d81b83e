// ask: one request, waited for: what verbs and tests want of the client.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "serving/http/message.h"

namespace bandstand::serving::http {

struct Asked {
  int status = 0;  ///< 0: no answer in time, or no connection
  std::string body, location, content_type;
};

/// Sends it on a connection of its own and waits. `headers`: whole lines, each with its CRLF, or empty. Errors: `invalid_input`
/// for what is no "HOST:PORT" with a numeric host.
[[nodiscard]] base::Result<Asked> ask(std::string_view address, std::string_view method, std::string_view target,
                                      std::string_view body = {}, std::string_view headers = {},
                                      base::Duration timeout = std::chrono::seconds(10));

}  // namespace bandstand::serving::http
