// learned_response: between a model and its arrays.
#include "agents/creative/learned_response.h"

#include <cmath>

namespace bandstand::agents::creative {
namespace {

using base::Code;
using model::Tensor;

constexpr std::size_t kWeightColumns = 3, kItemColumns = 6;

/// Arrays [n, columns] for any n.
base::Result<const Tensor*> table_of(const model::ModelFile& file, const std::string& name, std::size_t columns) {
  const auto found = file.tensors.find(name);
  const std::size_t rows = found == file.tensors.end() || found->second.shape.empty() ? 0 : found->second.shape[0];
  return model::tensor_of(file, name, {rows, columns});
}

bool is_whole(float value, float below) { return value >= 0 && value < below && value == std::floor(value); }

}  // namespace

const std::string& response_schema() {
  static const std::string schema = [] {
    std::string out = R"({"features":[)";
    for (std::size_t i = 0; i < kFeatureKinds; ++i) {
      out += i == 0 ? "\"" : ",\"";
      out += name_of(static_cast<FeatureKind>(i));
      out += '"';
    }
    return out + R"(],"table":)" + std::to_string(ResponseModel::kTableSize) + "}";
  }();
  return schema;
}

model::ModelFile to_file(const ResponseModel& model, std::string training) {
  model::ModelFile file{.kind = kResponseKind, .schema = response_schema(), .training = std::move(training), .tensors = {}};
  const auto& scales = model.scales().of;
  file.tensors["scales"] = {{kFeatureKinds}, {scales.begin(), scales.end()}};
  file.tensors["base"] = {{2}, {model.base_logit(), model.base_conversions()}};
  Tensor weights;
  for (std::size_t slot = 0; slot < model.weights().size(); ++slot) {
    const Weight& weight = model.weights()[slot];
    if (!(weight.precision > 0)) continue;
    for (const float value : {static_cast<float>(slot), weight.mean, weight.precision}) weights.values.push_back(value);
  }
  weights.shape = {weights.values.size() / kWeightColumns, kWeightColumns};
  file.tensors["weights"] = std::move(weights);
  Tensor items;
  for (const LineItemResponse& item : model.line_items()) {
    for (const float value : {static_cast<float>(item.id >> 16), static_cast<float>(item.id & 0xffff), item.intercept,
                              item.intercept_precision, item.calibration, item.conversions_a_click}) {
      items.values.push_back(value);
    }
  }
  items.shape = {items.values.size() / kItemColumns, kItemColumns};
  file.tensors["line_items"] = std::move(items);
  return file;
}

base::Result<std::shared_ptr<const LearnedResponse>> learned_response(const model::ModelFile& file) {
  BANDSTAND_TRY_VOID(model::expect_model(file, kResponseKind, response_schema()));
  const auto scales = model::tensor_of(file, "scales", {kFeatureKinds});
  if (!scales) return scales.error();
  const auto base = model::tensor_of(file, "base", {2});
  if (!base) return base.error();
  const auto weights = table_of(file, "weights", kWeightColumns);
  if (!weights) return weights.error();
  const auto items = table_of(file, "line_items", kItemColumns);
  if (!items) return items.error();

  FeatureScales read;
  for (std::size_t i = 0; i < kFeatureKinds; ++i) {
    read.of[i] = (*scales)->values[i];
    if (!(read.of[i] >= 0)) return base::fail(Code::corrupt, "scales: one is below 0");
  }
  std::vector<Weight> table(ResponseModel::kTableSize);
  const auto& w = (*weights)->values;
  for (std::size_t i = 0; i < w.size(); i += kWeightColumns) {
    if (!is_whole(w[i], static_cast<float>(ResponseModel::kTableSize)))
      return base::fail(Code::corrupt, "weights: a slot outside the table");
    Weight& weight = table[static_cast<std::size_t>(w[i])];
    if (weight.precision > 0) return base::fail(Code::corrupt, "weights: a slot twice");
    weight = {w[i + 1], w[i + 2]};
    if (!(weight.precision > 0)) return base::fail(Code::corrupt, "weights: a precision that is not above 0");
  }
  std::vector<LineItemResponse> line_items;
  const auto& v = (*items)->values;
  for (std::size_t i = 0; i < v.size(); i += kItemColumns) {
    if (!is_whole(v[i], 65536) || !is_whole(v[i + 1], 65536)) return base::fail(Code::corrupt, "line_items: no id");
    if (!(v[i + 3] >= 0 && v[i + 4] > 0 && v[i + 5] >= 0)) return base::fail(Code::corrupt, "line_items: a figure below 0");
    line_items.push_back({static_cast<std::uint32_t>(v[i]) << 16 | static_cast<std::uint32_t>(v[i + 1]), v[i + 2], v[i + 3],
                          v[i + 4], v[i + 5]});
  }
  auto out = std::make_shared<LearnedResponse>();
  out->model = std::make_shared<const ResponseModel>(0, (*base)->values[0], (*base)->values[1], std::move(table),
                                                     std::move(line_items), read);
  return std::shared_ptr<const LearnedResponse>(std::move(out));
}

}  // namespace bandstand::agents::creative
