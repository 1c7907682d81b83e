// train_profile_counting: names to classes.
#include "app/train_profile_counting.h"

#include "learning/sequence/item_pairs.h"
#include "learning/sequence/popular.h"
#include "learning/sequence/vsknn.h"

namespace bandstand::app {

std::unique_ptr<learning::NextItemModel> count_model(const std::string& name, const learning::Visits& train,
                                                     std::span<const double> times) {
  using learning::ItemPairs;
  using learning::PairRule;
  if (name == "pop") return std::make_unique<learning::Popular>(train);
  if (name == "spop") return std::make_unique<learning::VisitPopular>(train);
  if (name == "markov") return std::make_unique<ItemPairs>(train, PairRule::markov);
  if (name == "itemknn") return std::make_unique<ItemPairs>(train, PairRule::item_knn);
  if (name == "ar") return std::make_unique<ItemPairs>(train, PairRule::ar);
  if (name == "sr") return std::make_unique<ItemPairs>(train, PairRule::sr);
  if (name == "vsknn") return std::make_unique<learning::Vsknn>(train, times, learning::VsknnOptions{});
  return nullptr;
}

}  // namespace bandstand::app
