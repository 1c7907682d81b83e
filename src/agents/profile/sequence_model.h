// sequence_model: a trained network of visits as the profile agent's model: what the server's cache of vectors encodes with.
#pragma once

#include <memory>

#include "agents/learned_model.h"
#include "domain/user_vector.h"
#include "model/sequence_encoder.h"

namespace bandstand::agents::profile {

struct SequenceModel final : LearnedModel {
  std::shared_ptr<const model::SequenceEncoder> encoder;
};

/// States of a served GRU: a page view costs 20 updates of some 6 h (h + width) products each on the control thread.
inline constexpr std::size_t kHiddenMax = 256;

/// Errors: of SequenceEncoder::load; `invalid_input` for vectors of more than kUserVectorMax numbers, or states of more than
/// kHiddenMax.
inline base::Result<std::shared_ptr<const SequenceModel>> sequence_model(const model::ModelFile& file) {
  BANDSTAND_TRY(encoder, model::SequenceEncoder::load(file));
  if (encoder->width() > domain::kUserVectorMax)
    return base::fail(base::Code::invalid_input, "a user's vector has at most 64 numbers: train with a smaller --width");
  const auto gru = file.tensors.find("gru.recurrent");
  if (gru != file.tensors.end() && gru->second.shape.front() > kHiddenMax)
    return base::fail(base::Code::invalid_input, "a served network has at most 256 hidden states: train with a smaller --hidden");
  auto out = std::make_shared<SequenceModel>();
  out->encoder = std::move(encoder);
  return std::shared_ptr<const SequenceModel>(std::move(out));
}

}  // namespace bandstand::agents::profile
