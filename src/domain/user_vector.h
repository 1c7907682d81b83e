// user_vector: the size of what a sequence model says of a user.
#pragma once

#include <array>
#include <cstddef>

namespace bandstand::domain {

/// A wider model is refused: the vector is in the record of each decision that read one.
inline constexpr std::size_t kUserVectorMax = 64;
/// So much of it may travel with a bid, to be learned from: models of at most this width.
inline constexpr std::size_t kTasteMax = 16;
/// Of length 1, with zeros behind the model's width; all zeros: nothing is known.
using Taste = std::array<float, kTasteMax>;

}  // namespace bandstand::domain
