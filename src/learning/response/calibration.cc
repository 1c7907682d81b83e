// calibration: Newton for two numbers, pools for a curve.
#include "learning/response/calibration.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "learning/response/learner.h"

namespace bandstand::learning {
namespace {

double logit(double p) {
  const double bounded = std::clamp(p, 1e-12, 1 - 1e-12);
  return std::log(bounded / (1 - bounded));
}

/// Rows pooled together.
struct Block {
  double rows = 0, p = 0, y = 0;  ///< sums
  [[nodiscard]] double rate() const { return y / rows; }
  void take(const Block& other) {
    rows += other.rows;
    p += other.p;
    y += other.y;
  }
};

double positives_of(std::span<const std::uint8_t> y) {
  return static_cast<double>(std::count_if(y.begin(), y.end(), [](std::uint8_t one) { return one != 0; }));
}

/// Pool adjacent violators over rows in order of p.
std::vector<Block> pools(std::span<const double> p, std::span<const std::uint8_t> y) {
  std::vector<std::uint32_t> order(p.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return p[a] < p[b]; });
  std::vector<Block> blocks;
  for (std::size_t i = 0; i < order.size();) {
    Block block;
    const double at = p[order[i]];
    for (; i < order.size() && p[order[i]] == at; ++i) block.take({1, at, static_cast<double>(y[order[i]] != 0)});
    while (!blocks.empty() && blocks.back().rate() >= block.rate()) {
      block.take(blocks.back());
      blocks.pop_back();
    }
    blocks.push_back(block);
  }
  return blocks;
}

/// Joins neighbours until each holds enough positives; what is left over at the end joins the last.
std::vector<Block> joined(const std::vector<Block>& blocks, double positives_min) {
  std::vector<Block> out;
  Block open;
  for (const Block& block : blocks) {
    open.take(block);
    if (open.y < positives_min) continue;
    out.push_back(open);
    open = {};
  }
  if (open.rows > 0) {
    if (out.empty()) out.emplace_back();
    out.back().take(open);
  }
  return out;
}

}  // namespace

double Platt::operator()(double p) const { return sigmoid(a * logit(p) + b); }

Platt fit_platt(std::span<const double> p, std::span<const std::uint8_t> y) {
  BANDSTAND_CHECK(p.size() == y.size());
  const double positives = positives_of(y);
  const double negatives = static_cast<double>(y.size()) - positives;
  Platt out;
  if (positives == 0 || negatives == 0) return out;
  const double high = (positives + 1) / (positives + 2), low = 1 / (negatives + 2);
  for (int round = 0; round < 50; ++round) {
    double ga = 0, gb = 0, haa = 1e-9, hab = 0, hbb = 1e-9;
    for (std::size_t i = 0; i < p.size(); ++i) {
      const double x = logit(p[i]);
      const double q = sigmoid(out.a * x + out.b);
      const double error = q - (y[i] != 0 ? high : low);
      const double curvature = q * (1 - q);
      ga += error * x;
      gb += error;
      haa += curvature * x * x;
      hab += curvature * x;
      hbb += curvature;
    }
    const double determinant = haa * hbb - hab * hab;
    if (!(determinant > 1e-12 * haa * hbb)) {  // all predictions alike: the level alone
      out.b -= gb / hbb;
      if (std::abs(gb / hbb) < 1e-9) break;
      continue;
    }
    const double da = (hbb * ga - hab * gb) / determinant;
    const double db = (haa * gb - hab * ga) / determinant;
    const double scale = std::min(1.0, 2 / std::max(std::abs(da), std::abs(db)));  // a bounded step cannot run away
    out.a -= scale * da;
    out.b -= scale * db;
    if (std::abs(da) + std::abs(db) < 1e-9) break;
  }
  return out;
}

double Isotonic::operator()(double prediction) const {
  if (p.empty()) return prediction;
  double out = 0;
  if (prediction <= p.front()) {
    out = p.front() > 0 ? q.front() * prediction / p.front() : q.front();
  } else if (prediction >= p.back()) {
    out = q.back() * prediction / p.back();
  } else {
    const auto above = static_cast<std::size_t>(std::upper_bound(p.begin(), p.end(), prediction) - p.begin());
    const double share = (prediction - p[above - 1]) / (p[above] - p[above - 1]);
    out = q[above - 1] + share * (q[above] - q[above - 1]);
  }
  return std::clamp(out, 0.0, 1.0);
}

Isotonic fit_isotonic(std::span<const double> p, std::span<const std::uint8_t> y) {
  BANDSTAND_CHECK(p.size() == y.size());
  const double positives = positives_of(y);
  Isotonic out;
  if (positives == 0) return out;
  for (const Block& block : joined(pools(p, y), std::clamp(positives / 20, 10.0, 500.0))) {
    out.p.push_back(block.p / block.rows);
    out.q.push_back(block.rate());
  }
  double sum = 0;
  for (const double one : p) sum += out(one);
  if (sum > 0) {
    for (double& one : out.q) one = std::min(1.0, one * positives / sum);
  }
  return out;
}

void save(const Platt& platt, const Isotonic& isotonic, model::ModelFile& file) {
  file.tensors["platt"] = {{2}, {static_cast<float>(platt.a), static_cast<float>(platt.b)}};
  model::Tensor curve{{2, isotonic.p.size()}, {}};
  for (const double one : isotonic.p) curve.values.push_back(static_cast<float>(one));
  for (const double one : isotonic.q) curve.values.push_back(static_cast<float>(one));
  file.tensors["isotonic"] = std::move(curve);
}

base::Result<Isotonic> load_isotonic(const model::ModelFile& file) {
  const auto found = file.tensors.find("isotonic");
  if (found == file.tensors.end()) return base::fail(base::Code::not_found, "the model has no isotonic curve");
  const model::Tensor& curve = found->second;
  if (curve.shape.size() != 2 || curve.shape[0] != 2) return base::fail(base::Code::conflict, "isotonic: not two rows");
  const auto blocks = static_cast<std::ptrdiff_t>(curve.shape[1]);
  Isotonic out;
  out.p.assign(curve.values.begin(), curve.values.begin() + blocks);
  out.q.assign(curve.values.begin() + blocks, curve.values.end());
  const bool rises = std::is_sorted(out.p.begin(), out.p.end()) && std::is_sorted(out.q.begin(), out.q.end());
  if (!rises || (blocks > 0 && (out.p.front() < 0 || out.q.front() < 0))) {
    return base::fail(base::Code::corrupt, "isotonic: a curve that falls or is below 0");
  }
  return out;
}

base::Result<Platt> load_platt(const model::ModelFile& file) {
  BANDSTAND_TRY(numbers, model::tensor_of(file, "platt", {2}));
  return Platt{numbers->values[0], numbers->values[1]};
}

double undo_downsampling(double p, double w) { return p / (p + (1 - p) / w); }

}  // namespace bandstand::learning
