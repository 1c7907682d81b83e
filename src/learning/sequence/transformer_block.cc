// transformer_block: dense products for all rows at once, attention visit by visit.
#include "learning/sequence/transformer_block.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace bandstand::learning {

LayerNorm::LayerNorm(Eigen::Index width) : scale(1, width), shift(1, width) { scale.value.setOnes(); }

void LayerNorm::forward(const Matrix& in, Matrix& out) {
  normal_ = in.colwise() - in.rowwise().mean();
  inverse_ = (normal_.array().square().rowwise().mean() + 1e-5f).rsqrt();
  normal_.array().colwise() *= inverse_;
  out = (normal_.array().rowwise() * scale.value.row(0).array()).rowwise() + shift.value.row(0).array();
}

void LayerNorm::backward(const Matrix& out_gradient, Matrix& in_gradient) {
  scale.gradient.row(0) += out_gradient.cwiseProduct(normal_).colwise().sum();
  shift.gradient.row(0) += out_gradient.colwise().sum();
  in_gradient = out_gradient.array().rowwise() * scale.value.row(0).array();
  const Eigen::ArrayXf mean = in_gradient.rowwise().mean();
  const Eigen::ArrayXf along = in_gradient.cwiseProduct(normal_).rowwise().mean();
  in_gradient.array().colwise() -= mean;
  in_gradient.array() -= normal_.array().colwise() * along;
  in_gradient.array().colwise() *= inverse_;
}

TransformerBlock::TransformerBlock(Eigen::Index width, Eigen::Index window, float dropout, base::Rng& rng)
    : width_(width), window_(window), dropout_(dropout), norm1_(width), norm2_(width), query_key_value_(width, 3 * width),
      inner_(width, width), inner_bias_(1, width), outer_(width, width), outer_bias_(1, width) {
  const float deviation = std::sqrt(1.f / static_cast<float>(width));
  for (Parameter* one : {&query_key_value_, &inner_, &outer_}) fill_normal(one->value, deviation, rng);
}

void TransformerBlock::name(const std::string& prefix, std::map<std::string, Parameter*>& parameters) {
  parameters[prefix + ".norm1.scale"] = &norm1_.scale;
  parameters[prefix + ".norm1.shift"] = &norm1_.shift;
  parameters[prefix + ".qkv"] = &query_key_value_;
  parameters[prefix + ".norm2.scale"] = &norm2_.scale;
  parameters[prefix + ".norm2.shift"] = &norm2_.shift;
  parameters[prefix + ".inner"] = &inner_;
  parameters[prefix + ".inner_bias"] = &inner_bias_;
  parameters[prefix + ".outer"] = &outer_;
  parameters[prefix + ".outer_bias"] = &outer_bias_;
}

void TransformerBlock::attend(const PackedVisits& batch) {
  const float scale = 1 / std::sqrt(static_cast<float>(width_));
  attended_.setZero(batch.rows(), width_);
  shares_.clear();
  for (Eigen::Index visit = 0; visit < batch.visits(); ++visit) {
    for (Eigen::Index t = 0; t < batch.length(visit); ++t) {
      const Eigen::Index at = batch.row(visit, t), from = std::max<Eigen::Index>(0, t + 1 - window_);
      const std::size_t first = shares_.size();
      float greatest = -std::numeric_limits<float>::infinity(), sum = 0;
      for (Eigen::Index j = from; j <= t; ++j) {
        const auto key = projected_.row(batch.row(visit, j)).segment(width_, width_);
        shares_.push_back(scale * projected_.row(at).head(width_).dot(key));
        greatest = std::max(greatest, shares_.back());
      }
      for (std::size_t i = first; i < shares_.size(); ++i) sum += shares_[i] = std::exp(shares_[i] - greatest);
      for (Eigen::Index j = from; j <= t; ++j) {
        float& share = shares_[first + static_cast<std::size_t>(j - from)];
        share /= sum;
        attended_.row(at) += share * projected_.row(batch.row(visit, j)).tail(width_);
      }
    }
  }
}

void TransformerBlock::attend_backward(const PackedVisits& batch) {
  const float scale = 1 / std::sqrt(static_cast<float>(width_));
  projected_gradient_.setZero(batch.rows(), 3 * width_);
  std::vector<float> slopes;
  std::size_t first = 0;
  for (Eigen::Index visit = 0; visit < batch.visits(); ++visit) {
    for (Eigen::Index t = 0; t < batch.length(visit); ++t) {
      const Eigen::Index at = batch.row(visit, t), from = std::max<Eigen::Index>(0, t + 1 - window_);
      slopes.clear();
      float mean = 0;
      for (Eigen::Index j = from; j <= t; ++j) {
        const Eigen::Index row = batch.row(visit, j);
        const float share = shares_[first + slopes.size()];
        slopes.push_back(attended_gradient_.row(at).dot(projected_.row(row).tail(width_)));
        mean += share * slopes.back();
        projected_gradient_.row(row).tail(width_) += share * attended_gradient_.row(at);
      }
      for (Eigen::Index j = from; j <= t; ++j) {
        const Eigen::Index row = batch.row(visit, j);
        const auto i = static_cast<std::size_t>(j - from);
        const float slope = scale * shares_[first + i] * (slopes[i] - mean);
        projected_gradient_.row(at).head(width_) += slope * projected_.row(row).segment(width_, width_);
        projected_gradient_.row(row).segment(width_, width_) += slope * projected_.row(at).head(width_);
      }
      first += slopes.size();
    }
  }
}

void TransformerBlock::forward(const PackedVisits& batch, const Matrix& in, Matrix& out, base::Rng* dropout) {
  norm1_.forward(in, normal1_);
  projected_.noalias() = normal1_ * query_key_value_.value;
  attend(batch);
  fill_dropout(mask1_, batch.rows(), width_, dropout_, dropout);
  middle_ = in + attended_.cwiseProduct(mask1_);
  norm2_.forward(middle_, normal2_);
  hidden_.noalias() = normal2_ * inner_.value;
  hidden_ = (hidden_.rowwise() + inner_bias_.value.row(0)).cwiseMax(0);
  out.noalias() = hidden_ * outer_.value;
  out.rowwise() += outer_bias_.value.row(0);
  fill_dropout(mask2_, batch.rows(), width_, dropout_, dropout);
  out.array() *= mask2_.array();
  out += middle_;
}

void TransformerBlock::backward(const PackedVisits& batch, const Matrix& out_gradient, Matrix& in_gradient) {
  const Matrix dropped = out_gradient.cwiseProduct(mask2_);
  outer_.gradient.noalias() += hidden_.transpose() * dropped;
  outer_bias_.gradient.row(0) += dropped.colwise().sum();
  hidden_gradient_.noalias() = dropped * outer_.value.transpose();
  hidden_gradient_.array() *= (hidden_.array() > 0).cast<float>();
  inner_.gradient.noalias() += normal2_.transpose() * hidden_gradient_;
  inner_bias_.gradient.row(0) += hidden_gradient_.colwise().sum();
  normal_gradient_.noalias() = hidden_gradient_ * inner_.value.transpose();
  norm2_.backward(normal_gradient_, rest_gradient_);
  middle_gradient_ = out_gradient + rest_gradient_;
  attended_gradient_ = middle_gradient_.cwiseProduct(mask1_);
  attend_backward(batch);
  query_key_value_.gradient.noalias() += normal1_.transpose() * projected_gradient_;
  normal_gradient_.noalias() = projected_gradient_ * query_key_value_.value.transpose();
  norm1_.backward(normal_gradient_, rest_gradient_);
  in_gradient = middle_gradient_ + rest_gradient_;
}

}  // namespace bandstand::learning
