// learned_response: a response model that the laboratory trained, as a file: features' scales, weights, line items' levels.
//
// The server goes on learning from where the file ends, with the file's features.
#pragma once

#include <memory>

#include "agents/creative/response_model.h"
#include "agents/learned_model.h"
#include "model/safetensors.h"

namespace bandstand::agents::creative {

inline constexpr const char* kResponseKind = "creative.response";

/// JSON: kinds of features in their order, size of the table. A file for other features is refused by it.
[[nodiscard]] const std::string& response_schema();

struct LearnedResponse final : LearnedModel {
  ResponseModelPtr model;  ///< version 0: the server counts its own
};

/// Arrays: "scales" [kinds]; "weights" [n, 3] (slot, mean, precision; those learned alone, by slot); "line_items" [n, 6]
/// (id / 2^16, id % 2^16, intercept, its precision, calibration, conversions a click); "base" [2] (logit, conversions a click).
/// float32 holds each slot and each half of an id exactly.
[[nodiscard]] model::ModelFile to_file(const ResponseModel& model, std::string training);
/// Errors: of expect_model and tensor_of; `corrupt` for a slot outside the table or twice, a precision or scale below 0.
[[nodiscard]] base::Result<std::shared_ptr<const LearnedResponse>> learned_response(const model::ModelFile& file);

}  // namespace bandstand::agents::creative
