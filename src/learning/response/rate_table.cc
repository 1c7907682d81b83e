// rate_table: to and from model files.
#include "learning/response/rate_table.h"

namespace bandstand::learning {

void RateTable::save(model::ModelFile& file) const {
  model::Tensor counts{{table_.size(), 2}, {}};
  for (const Counts& one : table_) counts.values.insert(counts.values.end(), {one.rows, one.positives});
  file.tensors["rate.counts"] = std::move(counts);
  file.tensors["rate.base"] = {{2}, {base_rate_, smoothing_}};
}

base::Result<std::monostate> RateTable::load(const model::ModelFile& file) {
  BANDSTAND_TRY(counts, model::tensor_of(file, "rate.counts", {table_.size(), 2}));
  BANDSTAND_TRY(base, model::tensor_of(file, "rate.base", {2}));
  if (!(base->values[0] > 0 && base->values[0] < 1 && base->values[1] > 0)) {
    return base::fail(base::Code::corrupt, "a base rate that is none");
  }
  for (std::size_t i = 0; i < table_.size(); ++i) {
    const Counts one{counts->values[2 * i], counts->values[2 * i + 1]};
    if (!(one.positives >= 0 && one.positives <= one.rows)) return base::fail(base::Code::corrupt, "more positives than rows");
  }
  for (std::size_t i = 0; i < table_.size(); ++i) table_[i] = {counts->values[2 * i], counts->values[2 * i + 1]};
  base_rate_ = base->values[0];
  smoothing_ = base->values[1];
  return std::monostate{};
}

}  // namespace bandstand::learning
