// full_softmax: the denominators are known only at the end, so the first pass leaves them out and the second puts them in.
#include "learning/sequence/full_softmax.h"

#include <algorithm>
#include <cmath>

namespace bandstand::learning {
namespace {

constexpr Eigen::Index kBlock = 512;  ///< items whose scores for 512 examples fit the second cache
constexpr float kScoreMax = 60;       ///< e^60 times 2^32 items is still a float

}  // namespace

double FullSoftmax::learn(const Matrix& vectors, std::span<const Item> targets, Parameter& items, Matrix& vectors_gradient) {
  const Eigen::Index n = vectors.rows(), count = items.value.rows();
  const auto blocks = static_cast<std::size_t>((count + kBlock - 1) / kBlock);
  exponentials_.resize(blocks);
  vectors_gradient.setZero(n, vectors.cols());
  Eigen::ArrayXf sums = Eigen::ArrayXf::Zero(n);
  const auto block_of = [&](std::size_t b) {
    const Eigen::Index begin = static_cast<Eigen::Index>(b) * kBlock;
    return std::pair(begin, std::min(kBlock, count - begin));
  };
  for (std::size_t b = 0; b < blocks; ++b) {
    const auto [begin, size] = block_of(b);
    const auto block = items.value.middleRows(begin, size);
    Matrix& e = exponentials_[b];
    e.noalias() = vectors * block.transpose();
    e.array() = e.array().min(kScoreMax).exp();
    sums += e.rowwise().sum().array();
    vectors_gradient.noalias() += e * block;
  }
  const auto mean = 1 / static_cast<float>(n);
  scaled_ = vectors.array().colwise() * (mean / sums);
  for (std::size_t b = 0; b < blocks; ++b) {
    const auto [begin, size] = block_of(b);
    items.gradient.middleRows(begin, size).noalias() += exponentials_[b].transpose() * scaled_;
  }
  vectors_gradient.array().colwise() *= mean / sums;
  double loss = 0;
  for (Eigen::Index i = 0; i < n; ++i) {
    const Item target = targets[static_cast<std::size_t>(i)];
    const float score = std::min(vectors.row(i).dot(items.value.row(target)), kScoreMax);
    loss += std::log(static_cast<double>(sums[i])) - static_cast<double>(score);
    vectors_gradient.row(i) -= mean * items.value.row(target);
    items.gradient.row(target) -= mean * vectors.row(i);
  }
  return loss;
}

void rank_targets(const Matrix& vectors, std::span<const Item> targets, const Matrix& items, std::span<std::uint32_t> ranks) {
  const Eigen::Index n = vectors.rows(), count = items.rows();
  Matrix scores;
  Eigen::ArrayXf own(n);
  const auto known = [&](Eigen::Index i) { return static_cast<Eigen::Index>(targets[static_cast<std::size_t>(i)]) < count; };
  std::fill(ranks.begin(), ranks.end(), 0u);
  // The target's score must come from the same product as the others, or equal scores would differ in the last bit.
  for (int pass = 0; pass < 2; ++pass) {
    for (Eigen::Index begin = 0; begin < count; begin += kBlock) {
      const Eigen::Index size = std::min(kBlock, count - begin);
      scores.noalias() = vectors * items.middleRows(begin, size).transpose();
      for (Eigen::Index i = 0; i < n; ++i) {
        if (!known(i)) continue;
        const Eigen::Index target = targets[static_cast<std::size_t>(i)] - begin;
        if (pass == 0) {
          if (target >= 0 && target < size) own[i] = scores(i, target);
          continue;
        }
        const auto row = scores.row(i).array();
        const Eigen::Index before = std::clamp<Eigen::Index>(target, 0, size);
        const auto higher = (row > own[i]).count() + (row.head(before) == own[i]).count();
        ranks[static_cast<std::size_t>(i)] += static_cast<std::uint32_t>(higher);
      }
    }
  }
  for (Eigen::Index i = 0; i < n; ++i) ranks[static_cast<std::size_t>(i)] += known(i) ? 1 : 0;
}

}  // namespace bandstand::learning
