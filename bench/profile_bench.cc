// profile_bench: what a user's vector costs: an update a click, a read, the score of an item. One core.
// Usage: profile_bench [model file of bandstand-lab train profile; without: networks of Diginetica's size, untrained]
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "bench/figures.h"
#include "learning/sequence/narm.h"
#include "learning/sequence/network_training.h"
#include "learning/sequence/sasrec.h"
#include "model/sequence_encoder.h"

namespace bandstand::bench {
namespace {

constexpr int kRounds = 7;
constexpr std::size_t kUsers = 2000;   ///< states of 40 KB: not in the cache when their turn comes
constexpr std::uint32_t kItems = 43097;

/// Median and range over rounds of microseconds a call, and allocations a call.
template <class Call>
void measure(const char* what, std::size_t calls, Call call) {
  const base::SystemClock clock;
  std::vector<double> us;
  const std::uint64_t before = allocations();
  us.reserve(kRounds);
  for (int round = 0; round < kRounds; ++round) {
    const base::MonoTime begin = clock.mono();
    for (std::size_t i = 0; i < calls; ++i) call(i);
    us.push_back(std::chrono::duration<double, std::micro>(clock.mono() - begin).count() / static_cast<double>(calls));
  }
  const auto allocated = static_cast<double>(allocations() - before - 1) / static_cast<double>(calls * kRounds);
  std::sort(us.begin(), us.end());
  std::printf("  %-34s %8.3f us  [%.3f, %.3f]  %.2f allocations\n", what, us[kRounds / 2], us.front(), us.back(), allocated);
}

void measure(const model::SequenceEncoder& encoder) {
  base::Rng rng(1);
  const auto any = [&] { return static_cast<std::uint32_t>(rng.below(encoder.items())); };
  std::vector<model::SequenceState> users(kUsers, encoder.start());
  auto& one = users[0];
  for (const int clicks : {1, 5, 50}) {
    const std::string what = "update, click " + std::to_string(clicks);
    for (auto& user : users) {
      model::SequenceEncoder::forget(user);
      for (int i = 1; i < clicks; ++i) encoder.update(user, any());
    }
    measure(what.c_str(), kUsers / kRounds, [&, next = std::size_t{0}](std::size_t) mutable {
      encoder.update(users[next++ % kUsers], any());
    });
  }
  float sum = 0;
  std::vector<float> copy(encoder.width());
  measure("read a vector", 20000, [&](std::size_t) {
    const auto& vector = users[rng.below(kUsers)].vector;
    std::copy(vector.begin(), vector.end(), copy.begin());
    sum += copy[0];
  });
  measure("score an item", 20000, [&](std::size_t) { sum += encoder.score(one, any()); });
  measure("score all items", 20, [&](std::size_t) {
    for (std::uint32_t i = 0; i < encoder.items(); ++i) sum += encoder.score(one, i);
  });
  std::printf("  (sum %.3g)\n", static_cast<double>(sum));
}

int measure(const model::ModelFile& file) {
  const auto encoder = model::SequenceEncoder::load(file);
  if (!encoder) {
    std::fprintf(stderr, "profile_bench: %s\n", encoder.error().what);
    return 1;
  }
  std::printf("%s, %zu items of width %zu, median of %d rounds\n", file.kind.c_str(), (*encoder)->items(), (*encoder)->width(),
              kRounds);
  measure(**encoder);
  return 0;
}

int measure(learning::SequenceNetwork& network) {
  std::string schema = "{\"items\":[0";
  for (std::uint32_t i = 1; i < kItems; ++i) schema += "," + std::to_string(i);
  model::ModelFile file{network.kind(), schema + "],\"width\":50,\"hidden\":100,\"window\":50}", "{}", {}};
  const learning::Visits none;
  learning::NetworkTraining(network, none, {}).save(file, false);
  return measure(file);
}

int run(const char* path) {
  if (path != nullptr) {
    const auto file = model::read_model(path);
    if (file) return measure(*file);
    std::fprintf(stderr, "profile_bench: %s: %s\n", path, file.error().what);
    return 1;
  }
  learning::Narm narm(kItems, {});
  learning::Sasrec sasrec(kItems, {});
  return measure(narm) + measure(sasrec);
}

}  // namespace
}  // namespace bandstand::bench

int main(int argc, char** argv) { return bandstand::bench::run(argc > 1 ? argv[1] : nullptr); }
