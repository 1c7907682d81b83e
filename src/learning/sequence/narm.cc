// narm: equations 2 to 11 of the paper, and their chain rule.
#include "learning/sequence/narm.h"

#include <cmath>

namespace bandstand::learning {

Narm::Narm(Eigen::Index items, const NarmOptions& options)
    : options_(options),
      rng_(options.seed),
      item_vectors_(items, options.width),
      gru_(options.width, options.hidden, rng_),
      attention_(options.hidden, options.window, rng_),
      decoder_(2 * options.hidden, options.width) {
  fill_normal(item_vectors_.value, .1f, rng_);
  fill_normal(decoder_.value, std::sqrt(2.f / static_cast<float>(2 * options.hidden + options.width)), rng_);
  parameters_ = {{"items", &item_vectors_},
                 {"gru.input", &gru_.input},
                 {"gru.recurrent", &gru_.recurrent},
                 {"gru.bias", &gru_.bias},
                 {"gru.candidate_bias", &gru_.candidate_bias},
                 {"attention.query", &attention_.query},
                 {"attention.key", &attention_.key},
                 {"attention.weight", &attention_.weight},
                 {"decoder", &decoder_}};
}

const Matrix& Narm::forward(const PackedVisits& batch, base::Rng* dropout) {
  batch_ = &batch;
  const Eigen::Index rows = batch.rows(), hidden = options_.hidden;
  fill_dropout(input_mask_, rows, options_.width, options_.input_dropout, dropout);
  inputs_.resize(rows, options_.width);
  for (Eigen::Index i = 0; i < rows; ++i) {
    inputs_.row(i) = item_vectors_.value.row(batch.item(i)).cwiseProduct(input_mask_.row(i));
  }
  gru_.forward(batch, inputs_, states_);
  attention_.forward(batch, states_, local_);
  fill_dropout(output_mask_, rows, 2 * hidden, options_.output_dropout, dropout);
  both_.resize(rows, 2 * hidden);
  both_.leftCols(hidden) = states_;
  both_.rightCols(hidden) = local_;
  both_.array() *= output_mask_.array();
  out_.noalias() = both_ * decoder_.value;
  return out_;
}

void Narm::backward(const Matrix& gradient) {
  decoder_.gradient.noalias() += both_.transpose() * gradient;
  both_gradient_.noalias() = gradient * decoder_.value.transpose();
  both_gradient_.array() *= output_mask_.array();
  states_gradient_ = both_gradient_.leftCols(options_.hidden);
  local_gradient_ = both_gradient_.rightCols(options_.hidden);
  attention_.backward(*batch_, states_, local_gradient_, states_gradient_);
  gru_.backward(*batch_, inputs_, states_gradient_, inputs_gradient_);
  for (Eigen::Index i = 0; i < batch_->rows(); ++i) {
    item_vectors_.gradient.row(batch_->item(i)) += inputs_gradient_.row(i).cwiseProduct(input_mask_.row(i));
  }
}

}  // namespace bandstand::learning
