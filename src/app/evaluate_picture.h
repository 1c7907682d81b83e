// evaluate_picture: estimates with their intervals as a small SVG.
#pragma once

#include <optional>
#include <string>

#include "learning/offpolicy/evaluation.h"

namespace bandstand::app {

/// A row an estimator: its interval as a bar, its value as a dot, the deciding one bold; the incumbent as a
/// dashed line with its interval as a band; `truth`, where it is known, as a solid line. Needs no font,
/// script or library beyond SVG 1.1.
std::string draw_evaluation(const learning::Evaluation& evaluation, const std::string& title,
                            std::optional<double> truth);

}  // namespace bandstand::app
