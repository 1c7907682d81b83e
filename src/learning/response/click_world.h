// click_world: made-up clicks whose true rates are known, as a data set.
#pragma once

#include <memory>
#include <string>

#include "learning/dataset/dataset.h"

namespace bandstand::learning {

struct ClickWorldOptions {
  bool pairs = false;       ///< values of some pairs of fields act together, as products of vectors of four
  std::uint64_t rows = 1'000'000;
  std::uint64_t seed = 1;
};

/// "linear", "pairs", "linear,rows=200000,seed=7". Errors: a text that says what is wrong.
[[nodiscard]] Loaded<ClickWorldOptions> parse_click_world(const std::string& text);

/// 16 categorical fields of 3 to 300 values, small numbers oftener; about 5 % clicks. Row::prediction is the true rate;
/// Row::price rises with it, with noise; rows are a second apart.
[[nodiscard]] std::unique_ptr<DatasetReader> open_click_world(const ClickWorldOptions& options);

}  // namespace bandstand::learning
