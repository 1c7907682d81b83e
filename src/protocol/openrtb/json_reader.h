// json_reader: simdjson's on-demand front end, cut to what the readers of OpenRTB need. Internal to this
// folder.
//
// 1. Only the .cc files of this folder that read JSON include it: simdjson costs seconds to compile, and
// those files are
//    built with -O3 -DNDEBUG (its asserts live in headers).
// 2. A broken document sets broken(); loops then end by themselves and whoever started the parse reports it.
// 3. All of a document is checked, what nobody reads too: fields() and elements() see every token once.
#pragma once

#include <immintrin.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

#include "base/arena.h"
#include "protocol/openrtb/fault.h"
#include "protocol/openrtb/request_parser.h"

namespace bandstand::protocol::openrtb {

namespace ondemand = simdjson::ondemand;

/// A key of up to 15 bytes, padded with zeros. Longer ones are no key of ours.
struct Key {
  std::uint64_t low = ~std::uint64_t{0}, high = ~std::uint64_t{0};
  friend constexpr bool operator==(Key, Key) = default;
};

constexpr Key key_of(std::string_view name) {
  Key key{0, 0};
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto byte = static_cast<std::uint64_t>(static_cast<unsigned char>(name[i]));
    (i < 8 ? key.low : key.high) |= byte << (8 * (i % 8));
  }
  return key;
}

/// The key that starts at `raw` and ends before a quote; 16 bytes are readable (padding).
inline Key load_key(const char* raw) noexcept {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(raw));
  const int quotes = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
  if (quotes == 0) return {};
  const __m128i places = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m128i end = _mm_set1_epi8(static_cast<char>(__builtin_ctz(static_cast<unsigned>(quotes))));
  const __m128i kept = _mm_and_si128(bytes, _mm_cmpgt_epi8(end, places));
  return {static_cast<std::uint64_t>(_mm_cvtsi128_si64(kept)),
          static_cast<std::uint64_t>(_mm_extract_epi64(kept, 1))};
}

/// A perfect hash of an object's field names, made by the compiler: kKeys["imp"] is the place of "imp", and a
/// name that is not in the table does not compile.
template <std::size_t n>
class KeyTable {
 public:
  consteval explicit KeyTable(const std::string_view (&names)[n]) {
    static_assert(n <= 64);
    for (std::size_t i = 0; i < n; ++i) {
      names_[i] = names[i];
      keys_[i] = key_of(names[i]);
    }
    multiplier_ = 0x9e37'79b9'7f4a'7c15;
    while (!fill()) multiplier_ = multiplier_ * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
  }

  consteval std::size_t operator[](std::string_view name) const {
    for (std::size_t i = 0; i < n; ++i) {
      if (names_[i] == name) return i;
    }
    throw "no such field name in the table";  // never at run time: stops the compilation
  }

  /// n if it is none of them.
  [[nodiscard]] std::size_t find(Key key) const noexcept {
    const std::size_t place = slots_[slot(key)];
    return place < n && keys_[place] == key ? place : n;
  }
  [[nodiscard]] std::string_view name(std::size_t place) const { return names_[place]; }

 private:
  [[nodiscard]] constexpr std::size_t slot(Key key) const {
    return ((key.low ^ (key.high * 0xc2b2'ae3d'27d4'eb4f)) * multiplier_) >> 56;
  }
  constexpr bool fill() {
    slots_.fill(0xff);
    for (std::size_t i = 0; i < n; ++i) {
      std::uint8_t& place = slots_[slot(keys_[i])];
      if (place != 0xff) return false;
      place = static_cast<std::uint8_t>(i);
    }
    return true;
  }

  std::array<std::string_view, n> names_{};
  std::array<Key, n> keys_{};
  std::array<std::uint8_t, 256> slots_{};
  std::uint64_t multiplier_ = 0;
};

/// Where we are: a chain of frames on the stack, written out only when something is wrong.
struct Place {
  const Place* parent = nullptr;
  std::string_view name;  ///< a field; else an element
  std::size_t index = 0;

  [[nodiscard]] Place field(std::string_view field_name) const { return {this, field_name, 0}; }
  [[nodiscard]] Place element(std::size_t i) const { return {this, {}, i}; }
  void write(FieldPath& out) const;
};

/// A scalar, or the first byte of a container.
struct Token {
  std::string_view text;
  [[nodiscard]] char first() const { return text[0]; }
  [[nodiscard]] bool is_null() const { return text[0] == 'n'; }
  [[nodiscard]] bool is_container() const { return text[0] == '{' || text[0] == '['; }
};

/// What one parse shares.
class JsonReader {
 public:
  JsonReader(base::Arena& memory, ParsedRequest& request) : arena(memory), out(request) {}

  base::Arena& arena;
  ParsedRequest& out;
  std::vector<std::string_view>* texts_scratch = nullptr;
  std::vector<std::uint16_t>* numbers_scratch = nullptr;
  bool escapes = true;  ///< the document has backslashes; else no text need be searched for them

  [[nodiscard]] bool broken() const { return broken_ != Fault::none; }
  [[nodiscard]] Fault broken_by() const { return broken_; }
  void set_broken(Fault fault) {
    if (broken_ == Fault::none) broken_ = fault;
  }
  /// Forgets that it is broken (after an inner document). Returns whether it was.
  bool mend_broken() { return std::exchange(broken_, Fault::none) != Fault::none; }

  /// Something is left out because of this. The first one names the refusal if nothing remains. Returns
  /// false.
  bool leave_out(Fault fault, const Place& at);
  /// The request cannot be used. The first one counts.
  void refuse(Fault fault, const Place& at);
  /// Odd, but we can go on.
  void note(Fault fault, const Place& at);
  [[nodiscard]] const FaultAt& first_left_out() const { return left_out_; }
  [[nodiscard]] const FaultAt& refusal() const { return refusal_; }

  /// Calls on_field(place in keys, Place, value, Token) for each known field, first ones only.
  template <std::size_t n, class OnField>
  void fields(ondemand::object object, const KeyTable<n>& keys, const Place& at, OnField&& on_field) {
    std::uint64_t seen = 0;
    for (auto item : object) {
      ondemand::field field;
      if (std::move(item).get(field) != simdjson::SUCCESS) return set_broken(Fault::not_json);
      const char* const key = field.key().raw();
      const std::size_t known = keys.find(load_key(key));
      const Token token{field.value().raw_json_token()};
      if (escapes && !valid_key(key)) set_broken(Fault::not_json);
      if (!valid_scalar(token)) set_broken(Fault::not_json);
      if (broken()) return;
      if (known == n) {
        if (token.is_container()) check(field.value(), token);
      } else if (const Place here = at.field(keys.name(known)); (seen >> known & 1) != 0) {
        note(Fault::duplicate_key, here);
        if (token.is_container()) check(field.value(), token);
      } else if (seen |= std::uint64_t{1} << known; !token.is_null()) {  // null is absence (protocol.md 1.2)
        on_field(known, here, field.value(), token);
        if (std::exchange(unread_, false)) check(field.value(), token);
      }
      if (broken()) return;
    }
  }
  /// The same for a value that should be an object; noted and skipped if it is not.
  template <std::size_t n, class OnField>
  bool fields(ondemand::value& value, const KeyTable<n>& keys, const Place& at, OnField&& on_field) {
    ondemand::object object;
    if (!as_object(value, at, object)) return false;
    fields(object, keys, at, on_field);
    return true;
  }
  bool as_object(ondemand::value& value, const Place& at, ondemand::object& object);

  /// For loops of one's own over an object: checks a field that is not read.
  void pass_over(ondemand::field& field) {
    const Token token{field.value().raw_json_token()};
    if ((escapes && !valid_key(field.key().raw())) || !valid_scalar(token))
      set_broken(Fault::not_json);
    else if (token.is_container())
      check(field.value(), token);
  }

  /// Calls on_element(Place, value, Token) for each element; noted and skipped if the value is no array.
  template <class OnElement>
  bool elements(ondemand::value& value, const Place& at, OnElement&& on_element) {
    ondemand::array array;
    if (!as_array(value, at, array)) return false;
    std::size_t i = 0;
    for (auto item : array) {
      ondemand::value element;
      if (std::move(item).get(element) != simdjson::SUCCESS) {
        set_broken(Fault::not_json);
        return false;
      }
      const Token token{element.raw_json_token()};
      if (!valid_scalar(token)) set_broken(Fault::not_json);
      if (broken()) return false;
      on_element(at.element(i++), element, token);
      if (std::exchange(unread_, false)) check(element, token);
      if (broken()) return false;
    }
    return true;
  }
  bool as_array(ondemand::value& value, const Place& at, ondemand::array& array);

  // Scalars. What has the wrong type is noted, read if its meaning is clear (a quoted number), else left
  // alone.
  void text(Token token, const Place& at, std::string_view& to);
  void lowered(Token token, const Place& at, std::string_view& to);
  [[nodiscard]] std::string_view in_lower_case(
      std::string_view text);  ///< a copy only if there is something to change
  void boolean(Token token, const Place& at, bool& to);
  bool integer(Token token, const Place& at, std::int64_t& to);
  /// Clamped to T. False, without a note, if negative.
  template <class T>
  [[nodiscard]] bool natural(Token token, const Place& at, T& to) {
    std::int64_t value = 0;
    if (!integer(token, at, value)) return true;
    if (value < 0) return false;
    constexpr auto kMax = static_cast<std::int64_t>(std::numeric_limits<T>::max());
    if (value > kMax) {
      note(Fault::out_of_range, at);
      value = kMax;
    }
    to = static_cast<T>(value);
    return true;
  }
  /// A negative number leaves the surrounding thing out.
  template <class T>
  void natural_or_leave_out(Token token, const Place& at, T& to, bool& usable) {
    if (!natural(token, at, to)) usable = leave_out(Fault::negative, at);
  }
  /// A negative number refuses the request.
  template <class T>
  void natural_or_refuse(Token token, const Place& at, T& to) {
    if (!natural(token, at, to)) refuse(Fault::negative, at);
  }
  void real(Token token, const Place& at, float& to, bool& present);
  /// A CPM price. False, without a note, if it is none.
  [[nodiscard]] bool price(Token token, const Place& at, base::Nanos& to);
  /// A packed code: upper- or lower-cased, at most 8 bytes; longer is absent.
  void code(Token token, const Place& at, bool upper, std::uint64_t& to);

  // Lists. A lone scalar is read as a list of one, and noted.
  void texts(ondemand::value& value, const Place& at, domain::Texts& to, bool lower = false);
  void bytes(ondemand::value& value, const Place& at, domain::Bytes& to);
  void numbers(ondemand::value& value, const Place& at, std::span<const std::uint16_t>& to);

  /// The text between the quotes of a string token, escapes resolved (into the arena, with simdjson's padding
  /// behind).
  std::string_view unquoted(Token token);

 private:
  /// The grammar of what nobody reads: simdjson skips by brackets alone. Depth is bounded by depth_within().
  void check(ondemand::value& value, Token token);
  [[nodiscard]] bool valid_scalar(Token token) const {
    const char first = token.first();
    if ((first == '"' && !escapes) || first == '{' || first == '[') return true;
    if (first >= '1' && first <= '9') {  // most numbers are short and whole
      std::size_t i = 1;
      while (i < token.text.size() && token.text[i] >= '0' && token.text[i] <= '9') ++i;
      if (i == token.text.size()) return true;
    }
    return valid_scalar_slowly(token);
  }
  [[nodiscard]] bool valid_scalar_slowly(Token token) const;
  [[nodiscard]] static bool valid_key(const char* key);

  Fault broken_ = Fault::none;
  bool unread_ = false;  ///< a reader of scalars was handed a container and left it alone
  FaultAt left_out_, refusal_;
};

/// True if nothing follows the root object, which has been iterated to its end.
inline bool fully_read(ondemand::document& document) {
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

/// A code in one case, packed; 0 if longer than 8 bytes.
std::uint64_t packed_code(std::string_view code, bool upper) noexcept;

/// Copies a body to where simdjson may read past its end.
std::string_view padded_copy(base::Arena& arena, std::string_view body);
/// True if `body` nests no deeper than `depth_max`. 0.1 us for a usual 2 KB.
bool depth_within(std::string_view body, std::size_t depth_max) noexcept;

}  // namespace bandstand::protocol::openrtb
