// allocations_for_tests: counts every operator new of a test program, so that a test can say that a path allocates nothing.
//
// It replaces operator new and delete: include it in one file of a program.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace bandstand::base {

inline std::atomic<std::uint64_t> allocations_for_tests{0};

}  // namespace bandstand::base

// Not inlined: gcc would take the free() for a mismatch with its own operator new.
[[gnu::noinline]] void* operator new(std::size_t size) {
  bandstand::base::allocations_for_tests.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size == 0 ? 1 : size); memory != nullptr) return memory;
  std::abort();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return ::operator new(size); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
