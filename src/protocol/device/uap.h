// uap: user agents by the patterns of uap-core's regexes.yaml: browser, system and device with their
// versions.
//
// For reports and checks off the hot path; requests use the coarse classifier of user_agent.h. The file is
// not carried with Bandstand (Apache-2.0, github.com/ua-parser/uap-core); it is loaded from where the
// operator has it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bandstand::protocol::device {

/// Empty texts mean unknown; a family that no pattern names is "Other".
struct AgentDetails {
  std::string family, major, minor, patch;
  std::string os, os_major, os_minor, os_patch, os_patch_minor;
  std::string device, brand, model;
};

/// Compiled patterns and a cache of answers. One thread.
class UapParser {
 public:
  /// Compiles the text of regexes.yaml (linear-time patterns, RE2; some 0.2 s and 60 MB). Errors:
  /// `invalid_input`.
  static base::Result<UapParser> compile(const std::string& yaml, std::size_t cached_agents = 4096);
  ~UapParser();
  UapParser(UapParser&&) noexcept;
  UapParser& operator=(UapParser&&) noexcept;

  /// First match wins in each of the three lists. About 20 us; 0.1 us if cached. Valid until the next call.
  const AgentDetails& parse(std::string_view user_agent);

 private:
  struct State;
  explicit UapParser(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace bandstand::protocol::device
