// check: the verb that says whether settings and catalogue hold, and what a decision will go through.
#pragma once

#include <iosfwd>
#include <string>

namespace bandstand::app {

struct CheckOptions {
  std::string config;      ///< "" = the defaults
  std::string catalogue;   ///< "" = the one that the settings name, if any
  bool plan = false;       ///< the stage table instead of the settings
  bool json = false;       ///< problems, settings and plan as one object
  bool schema = false;     ///< prints config/schema.json and nothing else
  bool reference = false;  ///< prints docs/reference/settings.md and nothing else
};

/// Problems go to `err` (with json: into the object), the rest to `out`. Exit codes: 0 all holds, 1 it does
/// not, 2 a file cannot be read.
int check(const CheckOptions& options, std::ostream& out, std::ostream& err);

}  // namespace bandstand::app
