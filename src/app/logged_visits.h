// logged_visits: what a server's users looked at, from its own log, as visits to train a profile model on.
#pragma once

#include <memory>

#include "learning/sequence/visit_reader.h"
#include "log/log.h"
#include "serving/settings.h"

namespace bandstand::app {

/// The name that stands for this among learning::visit_formats().
inline constexpr const char* kLoggedVisits = "bandstand";

/// Visits as the server's cache of vectors sees them: items of requests of known users with consent to personalise, neither test
/// nor suspicious; a pause of half an hour ends a visit, the same item again is the same page. In the order of their last clicks.
/// What was sampled away by log.sample_no_bid is missing. Memory: 24 bytes a request with an item. Errors: those of the log.
[[nodiscard]] learning::Loaded<std::unique_ptr<learning::VisitReader>> open_logged_visits(
    log::Log& log, const serving::ServingSettings& settings);

}  // namespace bandstand::app
