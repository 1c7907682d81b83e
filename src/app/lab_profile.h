// lab_profile: the verb that measures what users' vectors are worth to the creative agent, in worlds where people look at items.
//
// Three days of one world, three times. After day one a network is trained on what people looked at, from the server's log,
// and served: from then on the vectors are in the log. After day two the creative agent's model is trained on that log, with the
// vectors and without. Day three is what counts: the default policy, the model without, the model with them, in the same
// traffic.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace bandstand::app {

struct LabProfileOptions {
  std::string seeds = "1..10";
  double day_seconds = 120;
  double requests_per_second = 100;
  std::uint32_t users = 300;
  std::uint32_t items = 100;
  std::uint32_t line_items = 2;     ///< of ten creatives each
  double taste = .45;               ///< ResponseOptions::taste: the standard world has .15
  double click_base = -4;         ///< ResponseOptions::click_base
  std::string model = "narm";       ///< narm or sasrec
  int width = 8;
  int epochs = 12;
  unsigned jobs = 1;
  bool json = false;
};

/// Exit codes: 0 measured, 1 a request was lost or a decision could not be computed again, 2 wrong options.
int lab_profile(const LabProfileOptions& options, std::ostream& out, std::ostream& err);

}  // namespace bandstand::app
