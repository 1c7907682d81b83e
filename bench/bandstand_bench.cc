// bandstand_bench: all benchmarks, side by side in one run. Usage: bandstand_bench [--json FILE] [--quick]
// [--line-items N] [agents|decision|served]
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "bench/figures.h"

namespace bandstand::bench {

void Figures::add(std::string name, double value, std::string unit, double low, double high) {
  std::printf("%-58s %12.3f %-10s", name.c_str(), value, unit.c_str());
  if (low != 0 || high != 0) std::printf(" [%.3f, %.3f]", low, high);
  std::printf("\n");
  std::fflush(stdout);
  all_.push_back({std::move(name), value, std::move(unit), low, high});
}

std::string Figures::json() const {
  std::string out = "[";
  for (const Figure& f : all_) {
    char row[512];
    std::snprintf(row, sizeof row,
                  "%s\n{\"name\":\"%s\",\"value\":%.6g,\"unit\":\"%s\",\"low\":%.6g,\"high\":%.6g}",
                  out.size() > 1 ? "," : "", f.name.c_str(), f.value, f.unit.c_str(), f.low, f.high);
    out += row;
  }
  return out + "\n]\n";
}

}  // namespace bandstand::bench

int main(int argc, char** argv) {
  std::string json;
  std::string only;
  bool quick = false;
  std::uint32_t line_items = 0;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--json") == 0 && i + 1 < argc) {
      json = argv[++i];
    } else if (std::strcmp(argv[i], "--quick") == 0) {
      quick = true;
    } else if (std::strcmp(argv[i], "--line-items") == 0 && i + 1 < argc) {
      line_items = static_cast<std::uint32_t>(std::strtoul(argv[++i], nullptr, 10));
    } else {
      only = argv[i];
    }
  }
  bandstand::bench::Figures figures;
  if (only.empty() || only == "agents") bandstand::bench::agents_bench(figures, quick);
  if (only.empty() || only == "decision") bandstand::bench::decision_bench(figures, quick, line_items);
  if (only.empty() || only == "served") bandstand::bench::served_bench(figures, quick);
  if (!json.empty()) std::ofstream(json) << figures.json();
  return 0;
}
