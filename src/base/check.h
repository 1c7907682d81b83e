// check: assertions that stay on in production; a bug stops the process before it does harm.
#pragma once

namespace bandstand::base {

/// Prints the failed condition with its place to standard error and aborts. Never returns.
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace bandstand::base

/// A bug if false. Not for what comes from outside: that is a Result.
#define BANDSTAND_CHECK(condition)                                                      \
  (__builtin_expect(static_cast<bool>(condition), 1)                                    \
       ? static_cast<void>(0)                                                           \
       : ::bandstand::base::check_failed(#condition, __FILE__, __LINE__))
