// seed_jobs: seeds have nothing to do with each other: some of them at a time.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

namespace bandstand::app {

/// measure(seed) of each seed from `first` to `last`, in their order; `jobs` threads (at least one) share them.
template <class Measure>
auto by_seed(std::uint64_t first, std::uint64_t last, unsigned jobs, Measure measure) {
  std::vector<decltype(measure(first))> out(last - first + 1);
  std::atomic<std::uint64_t> next{0};
  std::vector<std::thread> threads;
  for (unsigned job = 0; job < std::max(1u, jobs); ++job) {
    threads.emplace_back([&] {
      for (std::uint64_t i = next++; i < out.size(); i = next++) out[i] = measure(first + i);
    });
  }
  for (auto& thread : threads) thread.join();
  return out;
}

}  // namespace bandstand::app
