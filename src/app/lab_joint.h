// lab_joint: the verb that measures joint training against independent training and dual decomposition.
#pragma once

#include <iosfwd>
#include <string>

#include "base/clock.h"

namespace bandstand::app {

struct LabJointOptions {
  std::string seeds = "1..10";  ///< first..last, or one
  int training_days = 400;
  int test_days = 100;
  double trust = 0.2;
  bool quick = false;  ///< no best responses: neither A nor exploitability
  bool json = false;
};

/// Exit codes: 0 measured, 2 wrong options.
int lab_joint(const LabJointOptions& options, const base::Clock& clock, std::ostream& out, std::ostream& err);

}  // namespace bandstand::app
