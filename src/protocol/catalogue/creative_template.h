// creative_template: one creative written with slots, and the variants that it stands for.
//
// A slot (headline, image, call to action, colours, an item of a feed) has alternatives. A variant takes one alternative of each
// slot; it is a creative like any other, whose placeholders are filled before anything is served: no cost in an auction.
//
// 1. Text is escaped for where its placeholder stands, and the braces of a filled text are never read as macros again.
// 2. A variant's id is a hash of the template's id and its choices: it keeps its meaning, and what was learned under it, when
//    alternatives are added, removed or put in another order.
// 3. Of too many variants those with the least hashes are kept, an even sample that a new alternative hardly changes, and each
//    alternative is in at least one of them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/catalogue.h"
#include "protocol/catalogue/fields.h"

namespace bandstand::protocol::catalogue {

/// What a slot may show: a text, or the texts of an item of a feed by their names.
struct Alternative {
  std::string name;
  std::vector<std::pair<std::string, std::string>> texts;  ///< one, named "", for a text alone
};

struct Slot {
  std::string name;
  std::vector<Alternative> alternatives;
};

struct CreativeTemplate {
  static constexpr std::size_t kSlotsMax = 8, kAlternativesMax = 32, kVariantsMax = 64, kCombinationsMax = 65'536;

  std::vector<Slot> slots;
  std::size_t variants_max = kVariantsMax;
};

/// One alternative of each slot, by index.
struct Variant {
  std::uint32_t id = 0;  ///< from 2^31 on: apart from ids that people write
  std::vector<std::uint8_t> choices;
};

/// The fields "slots" and "variants_max" of a creative. Names of slots and alternatives are letters, digits, '_' and '-', at most
/// 32. Everything that is wrong is among the problems.
[[nodiscard]] CreativeTemplate read_template(Fields& in, std::vector<Problem>& problems);

/// All combinations, or `variants_max` of them. By id. O(combinations x slots).
[[nodiscard]] std::vector<Variant> variants_of(std::uint32_t template_id, const CreativeTemplate& from);
[[nodiscard]] std::size_t combinations(const CreativeTemplate& from) noexcept;

/// "headline=free image=shoe": as features and in names.
[[nodiscard]] std::vector<std::string> choices_of(const CreativeTemplate& from, const Variant& variant);

/// Whether the text has a placeholder of a slot.
[[nodiscard]] bool has_placeholder(std::string_view text) noexcept;
[[nodiscard]] bool has_placeholder(const domain::Creative& creative) noexcept;

/// Fills the placeholders in all texts of `creative`. In markup:
///   {SLOT:s}          escaped as text or quoted attribute of HTML
///   {SLOT_URL:s}      an http(s) address, escaped as a quoted attribute
///   {SLOT_URL_ENC:s}  percent-encoded, for the query of an address
///   {SLOT_JS:s}       inside a quoted string of JavaScript
///   {SLOT_CSS:s}      a colour or length: '#', letters, digits, '.', '%', '-' and spaces alone
/// and {SLOT:s.part} for the parts of a feed's item. Elsewhere {SLOT:s} only: in texts of native ads as it is (their writer
/// escapes), in addresses whole (https where the creative is secure) or percent-encoded as a part. `problem(field, what)` for
/// what cannot be filled. Each slot that was used is marked in `used` [slots].
void fill_variant(const CreativeTemplate& from, const Variant& variant, domain::Creative& creative, std::vector<bool>& used,
                  const std::function<void(std::string_view, std::string)>& problem);

}  // namespace bandstand::protocol::catalogue
