// check: the failing half, kept out of line.
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace bandstand::base {

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "CHECK failed: %s at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace bandstand::base
