// rng: the machine's entropy, asked nowhere else.
#include "base/rng.h"

#include <sys/random.h>

namespace bandstand::base {

Result<std::string> machine_entropy(std::size_t bytes) {
  std::string out(bytes, '\0');
  if (getrandom(out.data(), bytes, 0) != static_cast<ssize_t>(bytes)) return fail(Code::unavailable, "no entropy");
  return out;
}

}  // namespace bandstand::base
