// row_maps: floats of a model seen as rows and matrices. For the encoders' .cc files.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "model/safetensors.h"

namespace bandstand::model {

using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Row = Eigen::Map<Eigen::RowVectorXf>;
using ConstRow = Eigen::Map<const Eigen::RowVectorXf>;

inline Row row(float* at, std::size_t size) { return Row(at, static_cast<Eigen::Index>(size)); }
inline ConstRow row(const float* at, std::size_t size) { return ConstRow(at, static_cast<Eigen::Index>(size)); }
inline ConstRow row(const std::vector<float>& values) { return row(values.data(), values.size()); }
/// Row by row, as many rows as there are values for.
inline Eigen::Map<const RowMatrix> matrix(const std::vector<float>& values, std::size_t columns) {
  return {values.data(), static_cast<Eigen::Index>(values.size() / columns), static_cast<Eigen::Index>(columns)};
}

/// Copies a tensor's values. Errors: as tensor_of.
inline base::Result<std::monostate> take(const ModelFile& file, const std::string& name, const std::vector<std::size_t>& shape,
                                         std::vector<float>& out) {
  BANDSTAND_TRY(tensor, tensor_of(file, name, shape));
  out = tensor->values;
  return std::monostate{};
}

}  // namespace bandstand::model
