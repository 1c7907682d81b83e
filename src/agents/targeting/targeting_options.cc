// targeting_options: the static order of line items.
#include "agents/targeting/targeting_options.h"

#include <algorithm>
#include <numeric>

namespace bandstand::agents::targeting {
namespace {

double expected_value(const domain::LineItem& item, const TargetingOptions& options) {
  double value = static_cast<double>(item.value.value);
  if (item.goal == domain::Goal::cpc) value *= options.click_rate_prior;
  if (item.goal == domain::Goal::cpa) value *= options.conversion_rate_prior;
  const double cap = static_cast<double>(item.bid_max.value);
  return cap > 0 ? std::min(value, cap) : value;
}

}  // namespace

std::vector<std::uint32_t> rank_line_items(const domain::Catalogue& catalogue,
                                           const TargetingOptions& options) {
  const std::size_t count = catalogue.line_items.size();
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] =
        i < options.values.size() ? options.values[i] : expected_value(catalogue.line_items[i], options);
  }
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const auto& x = catalogue.line_items[a];
    const auto& y = catalogue.line_items[b];
    if (x.priority != y.priority) return x.priority < y.priority;
    if (values[a] != values[b]) return values[a] > values[b];
    if (x.id != y.id) return x.id < y.id;
    return a < b;
  });
  return order;
}

}  // namespace bandstand::agents::targeting
