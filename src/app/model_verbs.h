// model_verbs: `bandstand model`: an operator's hand on the models of a running server.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace bandstand::app {

enum class ModelVerb : std::uint8_t { publish, list, rollout, rollback };

/// As they come from the command line.
struct ModelOptions {
  std::string server = "127.0.0.1:8081";
  std::string token_file;
  std::string agent;
  std::string file;             ///< publish
  std::uint32_t version = 0;    ///< rollout
  std::string rollout;          ///< rollout: off, shadow, percent:N, live
  std::string evaluation;       ///< rollout: file
  std::string override_reason;  ///< rollout
  bool json = false;
};

/// Exit codes: 0 done, 1 the server refused (its reason is on `err`), 2 no server, or wrong or unreadable input.
int model_verb(ModelVerb verb, const ModelOptions& options, std::ostream& out, std::ostream& err);

}  // namespace bandstand::app
