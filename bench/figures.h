// figures: what a benchmark found: name, value, unit and spread; printed, and written as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bandstand::bench {

struct Figure {
  std::string name;
  double value = 0;
  std::string unit;
  double low = 0, high = 0;  ///< of the repeated runs; 0, 0 = one run
};

class Figures {
 public:
  void add(std::string name, double value, std::string unit, double low = 0, double high = 0);
  [[nodiscard]] std::string json() const;

 private:
  std::vector<Figure> all_;
};

/// Heap allocations of this process so far (operator new is replaced in allocation_count.cc).
std::uint64_t allocations();

void agents_bench(Figures& figures, bool quick);
/// `only_items` != 0: just that number of line items, for a profiler.
void decision_bench(Figures& figures, bool quick, std::uint32_t only_items = 0);
void served_bench(Figures& figures, bool quick);

}  // namespace bandstand::bench
