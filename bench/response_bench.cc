// response_bench: rows a second that models of response rates learn and predict, on one core, features already hashed.
// Usage: response_bench [rows = 1000000] [bits = 20]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "learning/response/click_world.h"
#include "learning/response/dcn.h"
#include "learning/response/ftrl.h"
#include "learning/response/fwfm.h"
#include "model/cross.h"
#include "model/dense.h"

namespace bandstand::bench {
namespace {

using learning::Learner;
using learning::Row;

constexpr int kRounds = 5;

/// Rows a second of each round; prints the median and the range.
template <class Each>
void measure(const char* what, const std::vector<Row>& rows, Each each) {
  const base::SystemClock clock;
  std::vector<double> rates;
  double sum = 0;  // so that nothing is optimised away
  for (int round = 0; round < kRounds; ++round) {
    const base::MonoTime begin = clock.mono();
    for (const Row& row : rows) sum += each(row);
    rates.push_back(static_cast<double>(rows.size()) / std::chrono::duration<double>(clock.mono() - begin).count());
  }
  std::sort(rates.begin(), rates.end());
  std::printf("%-14s %9.0f rows/s  [%.0f, %.0f]  %.0f ns a row  (mean %.4f)\n", what, rates[kRounds / 2], rates.front(),
              rates.back(), 1e9 / rates[kRounds / 2], sum / kRounds / static_cast<double>(rows.size()));
}

void measure(const char* learns, const char* predicts, Learner& learner, const std::vector<Row>& rows) {
  measure(learns, rows, [&](const Row& row) { return learner.learn(row.features, row.label); });
  measure(predicts, rows, [&](const Row& row) { return learner.predict(row.features); });
}

/// The kernels that would serve a DCN-v2 on the same rows: vectors gathered, cross layers, tower.
void measure_served(const learning::Dcn& dcn, std::size_t fields, const std::vector<Row>& rows) {
  model::ModelFile file;
  dcn.save(file);
  const auto cross = model::CrossLayers::from(file, "cross");
  const auto deep = model::Dense::from(file, "deep");
  if (!cross || !deep) return;
  constexpr std::size_t kSize = learning::Dcn::kSize;
  const std::vector<float>& vectors = file.tensors["embedding"].values;
  const std::size_t mask = vectors.size() / kSize - 1;
  std::vector<float> x(fields * kSize), crossed(x.size());
  const auto gather = [&](const Row& row) {
    for (const auto& feature : row.features) {
      std::copy_n(&vectors[(feature.hash & mask) * kSize], kSize, &x[feature.field * kSize]);
    }
    return x[0];
  };
  float tower = 0;
  measure("dcn gather", rows, gather);
  measure("dcn served", rows, [&](const Row& row) {
    gather(row);
    cross->forward(x, crossed);
    deep->forward(x, {&tower, 1});
    return crossed[0] + tower;
  });
}

int run(std::uint64_t count, int bits) {
  auto world = learning::open_click_world({.rows = count});
  std::vector<Row> rows;
  Row row;
  while (world->next(row).value_or(false)) {
    // The world's values are few; spread them so that a table of any size is used all over, as ids of users and pages do.
    row.features.back().hash = base::mix64(rows.size());
    rows.push_back(row);
  }
  std::printf("%zu rows of %zu features, 2^%d coordinates, median of %d rounds\n", rows.size(), rows[0].features.size(), bits,
              kRounds);
  learning::Ftrl ftrl({.bits = bits});
  measure("ftrl learn", "ftrl predict", ftrl, rows);
  learning::Fwfm fwfm({.bits = bits, .fields = 16});
  measure("fwfm learn", "fwfm predict", fwfm, rows);
  learning::Dcn dcn({.bits = bits, .fields = 16});
  measure("dcn learn", "dcn predict", dcn, rows);
  measure_served(dcn, 16, rows);
  return 0;
}

}  // namespace
}  // namespace bandstand::bench

int main(int argc, char** argv) {
  const std::uint64_t rows = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  const int bits = argc > 2 ? std::atoi(argv[2]) : 20;
  if (rows == 0 || bits < 1 || bits > 26) {
    std::fprintf(stderr, "usage: response_bench [rows, at least 1] [bits, 1..26]\n");
    return 2;
  }
  return bandstand::bench::run(rows, bits);
}
