// explain_words: codes in the words of people who have to act on them.
#pragma once

#include <string_view>

#include "domain/decision_record.h"
#include "domain/identity.h"
#include "domain/vocabulary.h"

namespace bandstand::serving {

/// One sentence part each, lower case, without a full stop; the tables of docs/formats/no-bid-reasons.md say
/// the same.
std::string_view words_of(domain::NoBid reason) noexcept;
std::string_view words_of(domain::Refusal reason) noexcept;
std::string_view words_of(domain::ConsentBasis basis) noexcept;
std::string_view words_of(domain::CallOutcome outcome) noexcept;

}  // namespace bandstand::serving
