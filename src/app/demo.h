// demo: a server on the embedded default, a simulated exchange against it, and a live view in the terminal.
#pragma once

#include <cstdint>
#include <string>

namespace bandstand::app {

struct DemoOptions {
  double seconds = 0;  ///< 0: until interrupted
  double requests_per_second = 400;
  std::uint64_t seed = 1;
  std::string data;  ///< "" = a directory of its own below the system's temporary one, removed at the end
  std::string listen = "127.0.0.1:8080";
  std::string admin = "127.0.0.1:8081";
};

/// Exit codes: 0 the books agree, 1 they differ or a notice stayed unmatched, 2 could not start.
int demo(const DemoOptions& options);

}  // namespace bandstand::app
