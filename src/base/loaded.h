// loaded: what was read from a file or an argument of somebody, or a sentence for him on what is wrong with it.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace bandstand::base {

/// A value, or what is wrong with the input: file, line, column or field, and what was expected.
template <class T>
using Loaded = tl::expected<T, std::string>;
inline tl::unexpected<std::string> problem(std::string text) { return tl::unexpected<std::string>(std::move(text)); }

}  // namespace bandstand::base
