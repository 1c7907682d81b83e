// serve: the verb that runs the server.
#pragma once

#include <string>

#include "app/settings.h"
#include "app/wiring.h"
#include "serving/server.h"

namespace bandstand::app {

struct ServeOptions {
  std::string config;  ///< "" = the embedded defaults, with the exchanges of the sample catalogue
  std::string data, catalogue, listen, admin;  ///< "" = as the settings say
};

/// Runs until SIGTERM or SIGINT. Exit codes: 0 stopped in order, 1 the disk failed, 2 wrong settings or
/// catalogue.
int serve(const ServeOptions& options);

/// Checks a catalogue's text; prints every problem to standard error.
serving::LoadedCatalogue parse_catalogue(std::string text, const std::string& name,
                                         const serving::ServingSettings& settings);
/// The operators' endpoint.
std::unique_ptr<serving::http::Handler> make_admin(serving::Control& control,
                                                   std::span<const telemetry::MetricSet* const> metric_sets,
                                                   const std::string& token = "");
/// Reads a catalogue file ("" = the sample catalogue); prints every problem to standard error.
serving::LoadedCatalogue load_catalogue(const std::string& path, const serving::ServingSettings& settings);
/// Catalogue and fraud lists as the files that the settings name are now. No catalogue if either is bad: a
/// reload is taken whole or not at all. Prints every problem to standard error; `config` is the settings
/// file's name there.
serving::LoadedCatalogue load_served(const Settings& settings, const std::string& config);

}  // namespace bandstand::app
