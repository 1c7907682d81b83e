// sasrec: items and positions in, blocks, a normalisation out.
#include "learning/sequence/sasrec.h"

#include <algorithm>
#include <cmath>

namespace bandstand::learning {

Sasrec::Sasrec(Eigen::Index items, const SasrecOptions& options)
    : options_(options), rng_(options.seed), item_vectors_(items, options.width), positions_(options.window, options.width),
      last_(options.width) {
  fill_normal(item_vectors_.value, .1f, rng_);
  fill_normal(positions_.value, .1f, rng_);
  parameters_ = {{"items", &item_vectors_}, {"positions", &positions_}};
  for (Eigen::Index b = 0; b < options.blocks; ++b) {
    blocks_.push_back(std::make_unique<TransformerBlock>(options.width, options.window, options.dropout, rng_));
    blocks_.back()->name("block" + std::to_string(b), parameters_);
  }
  parameters_["last.scale"] = &last_.scale;
  parameters_["last.shift"] = &last_.shift;
}

const Matrix& Sasrec::forward(const PackedVisits& batch, base::Rng* dropout) {
  batch_ = &batch;
  const float scale = std::sqrt(static_cast<float>(options_.width));
  states_.resize(blocks_.size() + 1);
  fill_dropout(mask_, batch.rows(), options_.width, options_.dropout, dropout);
  states_[0].resize(batch.rows(), options_.width);
  for (Eigen::Index t = 0; t < batch.steps(); ++t) {
    const auto position = positions_.value.row(std::min(t, options_.window - 1));
    for (Eigen::Index row = batch.begin(t); row < batch.begin(t + 1); ++row) {
      states_[0].row(row) = scale * item_vectors_.value.row(batch.item(row)) + position;
    }
  }
  states_[0].array() *= mask_.array();
  for (std::size_t b = 0; b < blocks_.size(); ++b) blocks_[b]->forward(batch, states_[b], states_[b + 1], dropout);
  last_.forward(states_.back(), out_);
  return out_;
}

void Sasrec::backward(const Matrix& gradient) {
  const float scale = std::sqrt(static_cast<float>(options_.width));
  last_.backward(gradient, gradient_);
  for (std::size_t b = blocks_.size(); b > 0; --b) {
    blocks_[b - 1]->backward(*batch_, gradient_, before_gradient_);
    gradient_.swap(before_gradient_);
  }
  gradient_.array() *= mask_.array();
  for (Eigen::Index t = 0; t < batch_->steps(); ++t) {
    const Eigen::Index position = std::min(t, options_.window - 1);
    for (Eigen::Index row = batch_->begin(t); row < batch_->begin(t + 1); ++row) {
      item_vectors_.gradient.row(batch_->item(row)) += scale * gradient_.row(row);
      positions_.gradient.row(position) += gradient_.row(row);
    }
  }
}

}  // namespace bandstand::learning
