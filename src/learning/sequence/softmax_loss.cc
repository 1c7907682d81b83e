// softmax_loss: the denominators are known only at the end, so the first pass leaves them out and the second puts them in.
#include "learning/sequence/softmax_loss.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace bandstand::learning {
namespace {

constexpr Eigen::Index kBlock = 512;  ///< items whose scores for 512 examples fit the second cache
constexpr float kScoreMax = 60;       ///< e^60 times 2^32 items is still a float

}  // namespace

double SoftmaxLoss::learn(const Matrix& vectors, std::span<const Item> targets, Parameter& items, Matrix& vectors_gradient) {
  return learn(vectors, targets, items.value, {}, items.gradient, vectors_gradient);
}

double SoftmaxLoss::learn_sampled(const Matrix& vectors, std::span<const Item> targets, Parameter& items,
                                  Matrix& vectors_gradient, std::size_t sampled, base::Rng& rng) {
  constexpr Item kNone = ~Item{0};
  const auto count = static_cast<std::size_t>(items.value.rows());
  if (order_.size() != count) {
    order_.resize(count);
    std::iota(order_.begin(), order_.end(), Item{0});
    row_of_.assign(count, kNone);
  }
  candidates_.clear();
  const auto take = [&](Item item) {
    if (row_of_[item] != kNone) return;
    row_of_[item] = static_cast<Item>(candidates_.size());
    candidates_.push_back(item);
  };
  for (const Item target : targets) take(target);
  const std::size_t exact = candidates_.size(), others = count - exact;
  sampled = std::min(sampled, others);
  for (std::size_t i = 0; i < count && candidates_.size() < exact + sampled; ++i) {  // the shuffle of Fisher and Yates, begun
    std::swap(order_[i], order_[i + rng.below(count - i)]);
    take(order_[i]);
  }
  const auto rows = static_cast<Eigen::Index>(candidates_.size());
  Eigen::ArrayXf weights = Eigen::ArrayXf::Ones(rows);
  if (sampled > 0) weights.tail(static_cast<Eigen::Index>(sampled)) = static_cast<float>(others) / static_cast<float>(sampled);
  candidate_values_.resize(rows, items.value.cols());
  for (Eigen::Index i = 0; i < rows; ++i) candidate_values_.row(i) = items.value.row(candidates_[static_cast<std::size_t>(i)]);
  std::vector<Item> target_rows;
  for (const Item target : targets) target_rows.push_back(row_of_[target]);
  candidate_gradient_.setZero(rows, items.value.cols());
  const double loss = learn(vectors, target_rows, candidate_values_, weights, candidate_gradient_, vectors_gradient);
  for (Eigen::Index i = 0; i < rows; ++i) {
    const Item item = candidates_[static_cast<std::size_t>(i)];
    items.gradient.row(item) += candidate_gradient_.row(i);
    row_of_[item] = kNone;
  }
  return loss;
}

double SoftmaxLoss::learn(const Matrix& vectors, std::span<const Item> target_rows, const Matrix& values,
                          const Eigen::ArrayXf& weights, Matrix& values_gradient, Matrix& vectors_gradient) {
  const Eigen::Index n = vectors.rows(), count = values.rows();
  const auto blocks = static_cast<std::size_t>((count + kBlock - 1) / kBlock);
  exponentials_.resize(std::max(blocks, exponentials_.size()));
  Columns gradient = Columns::Zero(n, vectors.cols());
  Eigen::ArrayXf sums = Eigen::ArrayXf::Zero(n);
  const auto block_of = [&](std::size_t b) {
    const Eigen::Index begin = static_cast<Eigen::Index>(b) * kBlock;
    return std::pair(begin, std::min(kBlock, count - begin));
  };
  // In each of the three products the items' width is the columns or the depth, never the rows: Eigen's kernel takes 24 rows at
  // once.
  for (std::size_t b = 0; b < blocks; ++b) {
    const auto [begin, size] = block_of(b);
    const auto block = values.middleRows(begin, size);
    scores_.resize(size, n);
    scores_.noalias() = block * vectors.transpose();
    Columns& e = exponentials_[b];
    e = scores_.array().min(kScoreMax).exp();
    if (weights.size() > 0) e.array().colwise() *= weights.segment(begin, size);
    sums += e.colwise().sum().transpose().array();
    gradient.noalias() += e.transpose() * block;
  }
  const auto mean = 1 / static_cast<float>(n);
  const Columns scaled = vectors.array().colwise() * (mean / sums);
  for (std::size_t b = 0; b < blocks; ++b) {
    const auto [begin, size] = block_of(b);
    block_gradient_.noalias() = exponentials_[b] * scaled;
    values_gradient.middleRows(begin, size) += block_gradient_;
  }
  vectors_gradient = gradient.array().colwise() * (mean / sums);
  double loss = 0;
  for (Eigen::Index i = 0; i < n; ++i) {
    const Item target = target_rows[static_cast<std::size_t>(i)];
    const float score = std::min(vectors.row(i).dot(values.row(target)), kScoreMax);
    loss += std::log(static_cast<double>(sums[i])) - static_cast<double>(score);
    vectors_gradient.row(i) -= mean * values.row(target);
    values_gradient.row(target) -= mean * vectors.row(i);
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
