// processor_time: what a call costs this process, whatever runs beside it.
#pragma once

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <vector>

namespace bandstand::bench {

/// Median, best and worst of seven rounds.
template <class Call>
void measure(const char* name, int calls, Call&& call) {
  std::vector<double> ns;
  for (int round = 0; round < 8; ++round) {
    const std::clock_t start = std::clock();  // of this process alone: others may run beside it
    for (int i = 0; i < calls; ++i) call(i);
    const double spent = 1e9 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    if (round > 0) ns.push_back(spent / calls);
  }
  std::sort(ns.begin(), ns.end());
  std::printf("%-44s %10.0f ns  [%.0f, %.0f]\n", name, ns[3], ns.front(), ns.back());
}

}  // namespace bandstand::bench
