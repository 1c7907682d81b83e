// result: a value, or why there is none; sixteen bytes of error, no allocation.
#pragma once

#include <cstdint>
#include <tl/expected.hpp>
#include <utility>

namespace bandstand::base {

/// The kinds of operational failure. Few on purpose: detail goes to the log or to a report, not into the type.
enum class Code : std::uint8_t {
  invalid_input,  ///< what came from outside is malformed or out of range
  deadline,       ///< no time left
  unavailable,    ///< a part that should answer does not (yet)
  exhausted,      ///< a limit is reached: full queue, spent budget, full disk
  conflict,       ///< contradicts what is already recorded
  corrupt,        ///< stored bytes are not what was written
  not_found,      ///< no such thing
  forbidden,      ///< a signature or a permission is missing
};

/// Name of a code as it appears in metrics and messages.
const char* name_of(Code code) noexcept;

/// Safe to return on the hot path.
struct Error {
  Code code;
  std::uint32_t line;  ///< source line where it was made
  const char* what;    ///< a string literal
};

/// Makes an Error where it is called.
constexpr Error fail(Code code, const char* what,
                     std::uint32_t line = static_cast<std::uint32_t>(__builtin_LINE())) noexcept {
  return {code, line, what};
}

/// A T, or why there is none. Dropping one unread is a compiler warning, and warnings are errors.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
  using Parent = tl::expected<T, Error>;

 public:
  using Parent::Parent;
  Result(Parent&& other) : Parent(std::move(other)) {}  // NOLINT: what and_then() hands back
  Result(Error error) : Parent(tl::unexpect, error) {}  // NOLINT: return fail(...)
};

}  // namespace bandstand::base

#define BANDSTAND_CONCAT_INNER(a, b) a##b
#define BANDSTAND_CONCAT(a, b) BANDSTAND_CONCAT_INNER(a, b)
/// Binds `name` to the value of `expr` (a Result), or returns its error from the enclosing function.
#define BANDSTAND_TRY(name, expr)                                   \
  auto BANDSTAND_CONCAT(name, _result) = (expr);                    \
  if (!BANDSTAND_CONCAT(name, _result)) return BANDSTAND_CONCAT(name, _result).error(); \
  auto& name = *BANDSTAND_CONCAT(name, _result)
/// The same for a Result whose value is not needed.
#define BANDSTAND_TRY_VOID(expr)                                                               \
  if (auto try_result = (expr); !try_result) return try_result.error()
