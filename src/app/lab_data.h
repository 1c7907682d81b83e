// lab_data: the verb that reads a data set to its end and says what is in it and what was refused.
#pragma once

#include <iosfwd>

#include "base/clock.h"
#include "learning/dataset/dataset.h"

namespace bandstand::app {

/// Rows, positives, features, times, refusals by reason and place. Memory does not grow with the file. Exit codes: 0 read to its
/// end, 1 not, 2 wrong options.
int read_data(const learning::DatasetOptions& options, const base::Clock& clock, std::ostream& out, std::ostream& err);

}  // namespace bandstand::app
