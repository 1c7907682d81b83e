// train_profile_counting: counting models of the next item by name.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "learning/sequence/next_item.h"

namespace bandstand::app {

/// ar, itemknn, markov, pop, spop, sr or vsknn, counted; null for a network's name. `times`: as learning::VisitFile::times.
[[nodiscard]] std::unique_ptr<learning::NextItemModel> count_model(const std::string& name, const learning::Visits& train,
                                                                   std::span<const double> times);

}  // namespace bandstand::app
