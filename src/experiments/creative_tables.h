// creative_tables: composited creatives with known click rates, read from the tables of the AES study.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "experiments/bidding_data.h"
#include "experiments/creative_problem.h"

namespace bandstand::experiments {

struct CreativeTable {
  CreativeProblem problem;                           ///< one context; the elements, then the pairs of the tree
  std::vector<double> rates;                         ///< [arm]
  std::vector<std::vector<std::string>> elements;    ///< [arm]: "a=0", "b=3"
  std::map<std::string, std::size_t> bad_rows;       ///< reason -> how many
};

/// `table`: rows "id t a b c d rate" separated by blanks; `tree`: rows "parent, child, levels, ...", which say what elements
/// depend on each other. Elements that never vary are left out. Rows that are no row are counted and skipped.
/// Errors: unreadable, no row, or a tree that names another element than t, a, b, c, d.
Loaded<CreativeTable> load_creative_table(const std::string& table, const std::string& tree);

}  // namespace bandstand::experiments
