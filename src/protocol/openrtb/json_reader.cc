// json_reader: scalars, lists, escapes and the depth of a document.
#include "protocol/openrtb/json_reader.h"

#include <cstring>
#include <limits>

#include "base/money.h"

namespace bandstand::protocol::openrtb {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Cuts the spaces that simdjson leaves behind a token.
std::string_view trimmed(std::string_view text) {
  while (!text.empty() &&
         (text.back() == ' ' || text.back() == '\n' || text.back() == '\t' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

int hex4(const char* p) noexcept {
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = p[i];
    int digit = 0;
    if (is_digit(c))
      digit = c - '0';
    else if (c >= 'a' && c <= 'f')
      digit = c - 'a' + 10;
    else if (c >= 'A' && c <= 'F')
      digit = c - 'A' + 10;
    else
      return -1;
    value = value * 16 + digit;
  }
  return value;
}

char* append_utf8(char* to, std::uint32_t c) noexcept {
  if (c < 0x80) {
    *to++ = static_cast<char>(c);
  } else if (c < 0x800) {
    *to++ = static_cast<char>(0xc0 | c >> 6);
    *to++ = static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    *to++ = static_cast<char>(0xe0 | c >> 12);
    *to++ = static_cast<char>(0x80 | (c >> 6 & 0x3f));
    *to++ = static_cast<char>(0x80 | (c & 0x3f));
  } else {
    *to++ = static_cast<char>(0xf0 | c >> 18);
    *to++ = static_cast<char>(0x80 | (c >> 12 & 0x3f));
    *to++ = static_cast<char>(0x80 | (c >> 6 & 0x3f));
    *to++ = static_cast<char>(0x80 | (c & 0x3f));
  }
  return to;
}

/// Resolves \uXXXX at `p` (behind the u), pairs included. Returns the bytes read, 0 if it is none or a lone
/// surrogate.
std::size_t unicode_escape(std::string_view rest, std::uint32_t& c) noexcept {
  if (rest.size() < 4) return 0;
  const int first = hex4(rest.data());
  if (first < 0 || (first >= 0xdc00 && first <= 0xdfff)) return 0;
  if (first < 0xd800 || first > 0xdbff) {
    c = static_cast<std::uint32_t>(first);
    return 4;
  }
  if (rest.size() < 10 || rest[4] != '\\' || rest[5] != 'u') return 0;
  const int second = hex4(rest.data() + 6);
  if (second < 0xdc00 || second > 0xdfff) return 0;
  c = 0x10000 + ((static_cast<std::uint32_t>(first) - 0xd800) << 10) +
      (static_cast<std::uint32_t>(second) - 0xdc00);
  return 10;
}

/// Writes `text` without its escapes; the size, or SIZE_MAX for a bad one. Never longer than `text`.
std::size_t unescape(std::string_view text, char* out) noexcept {
  char* to = out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      *to++ = text[i];
      continue;
    }
    if (++i == text.size()) return SIZE_MAX;
    switch (text[i]) {
      case '"':
      case '\\':
      case '/': *to++ = text[i]; break;
      case 'b': *to++ = '\b'; break;
      case 'f': *to++ = '\f'; break;
      case 'n': *to++ = '\n'; break;
      case 'r': *to++ = '\r'; break;
      case 't': *to++ = '\t'; break;
      case 'u': {
        std::uint32_t c = 0;
        const std::size_t read = unicode_escape(text.substr(i + 1), c);
        if (read == 0) return SIZE_MAX;
        to = append_utf8(to, c);
        i += read;
        break;
      }
      default: return SIZE_MAX;
    }
  }
  return static_cast<std::size_t>(to - out);
}

/// Are all escapes of this text of a JSON string good?
bool valid_escapes(std::string_view text) noexcept {
  for (std::size_t i = text.find('\\'); i != std::string_view::npos; i = text.find('\\', i)) {
    if (++i == text.size()) return false;
    if (text[i] == 'u') {
      std::uint32_t c = 0;
      const std::size_t read = unicode_escape(text.substr(i + 1), c);
      if (read == 0) return false;
      i += read;
    } else if (std::string_view("\"\\/bfnrt").find(text[i]) == std::string_view::npos) {
      return false;
    }
    ++i;
  }
  return true;
}

/// RFC 8259, section 6.
bool valid_number(std::string_view text) noexcept {
  const char* p = text.data();
  const char* const end = p + text.size();
  const auto digits = [&] {
    const char* const first = p;
    while (p < end && is_digit(*p)) ++p;
    return p - first;
  };
  if (p < end && *p == '-') ++p;
  const bool zero = p < end && *p == '0';
  const auto whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (p < end && *p == '.') {
    ++p;
    if (digits() == 0) return false;
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p < end && (*p == '+' || *p == '-')) ++p;
    if (digits() == 0) return false;
  }
  return p == end;
}

bool has_upper(std::string_view text) {
  for (const char c : text) {
    if (c >= 'A' && c <= 'Z') return true;
  }
  return false;
}

}  // namespace

void Place::write(FieldPath& path) const {
  if (parent != nullptr) parent->write(path);
  if (!name.empty()) {
    if (!path.empty()) path.append(".");
    path.append(name);
  } else if (parent != nullptr) {
    char digits[24] = "[";
    char* end = std::to_chars(digits + 1, digits + 22, index).ptr;
    *end++ = ']';
    path.append({digits, static_cast<std::size_t>(end - digits)});
  }
}

bool JsonReader::leave_out(Fault fault, const Place& at) {
  if (left_out_.fault == Fault::none) {
    left_out_.fault = fault;
    at.write(left_out_.path);
  }
  note(fault, at);
  return false;
}

void JsonReader::refuse(Fault fault, const Place& at) {
  if (refusal_.fault != Fault::none) return;
  refusal_.fault = fault;
  at.write(refusal_.path);
}

void JsonReader::note(Fault fault, const Place& at) {
  if (out.oddities == 0) {
    out.first_oddity.fault = fault;
    at.write(out.first_oddity.path);
  }
  out.oddities |= std::uint64_t{1} << static_cast<int>(fault);
}

bool JsonReader::valid_scalar_slowly(Token token) const {
  switch (token.first()) {
    case '{':
    case '[': return true;
    case '"': {
      if (!escapes) return true;
      const std::string_view text = trimmed(token.text);
      return text.size() >= 2 && text.back() == '"' && valid_escapes(text.substr(1, text.size() - 2));
    }
    case 't': return trimmed(token.text) == "true";
    case 'f': return trimmed(token.text) == "false";
    case 'n': return trimmed(token.text) == "null";
    default: return valid_number(trimmed(token.text));
  }
}

bool JsonReader::valid_key(const char* key) {
  std::size_t size = 0;
  while (key[size] != '"') size += key[size] == '\\' ? 2 : 1;
  return valid_escapes({key, size});
}

void JsonReader::check(ondemand::value& value, Token token) {
  if (token.first() == '{') {
    ondemand::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) return set_broken(Fault::not_json);
    for (auto item : object) {
      ondemand::field field;
      if (std::move(item).get(field) != simdjson::SUCCESS) return set_broken(Fault::not_json);
      pass_over(field);
      if (broken()) return;
    }
    return;
  }
  ondemand::array array;
  if (value.get_array().get(array) != simdjson::SUCCESS) return set_broken(Fault::not_json);
  for (auto item : array) {
    ondemand::value element;
    if (std::move(item).get(element) != simdjson::SUCCESS) return set_broken(Fault::not_json);
    const Token inner{element.raw_json_token()};
    if (!valid_scalar(inner)) return set_broken(Fault::not_json);
    if (inner.is_container()) check(element, inner);
    if (broken()) return;
  }
}

bool JsonReader::as_object(ondemand::value& value, const Place& at, ondemand::object& object) {
  const auto error = value.get_object().get(object);
  if (error == simdjson::SUCCESS) return true;
  if (error != simdjson::INCORRECT_TYPE) {
    set_broken(Fault::not_json);
    return false;
  }
  note(Fault::wrong_type, at);
  if (const Token token{value.raw_json_token()}; token.is_container()) check(value, token);
  return false;
}

bool JsonReader::as_array(ondemand::value& value, const Place& at, ondemand::array& array) {
  const auto error = value.get_array().get(array);
  if (error == simdjson::SUCCESS) return true;
  if (error != simdjson::INCORRECT_TYPE) {
    set_broken(Fault::not_json);
    return false;
  }
  note(Fault::wrong_type, at);
  if (const Token token{value.raw_json_token()}; token.is_container()) check(value, token);
  return false;
}

std::string_view JsonReader::unquoted(Token token) {
  const std::string_view whole = trimmed(token.text);
  if (whole.size() < 2 || whole.back() != '"') {
    set_broken(Fault::not_json);
    return {};
  }
  const std::string_view text = whole.substr(1, whole.size() - 2);
  if (!escapes || std::memchr(text.data(), '\\', text.size()) == nullptr) return text;
  char* to = static_cast<char*>(arena.take(text.size() + simdjson::SIMDJSON_PADDING, 1));
  const std::size_t size = unescape(text, to);
  if (size == SIZE_MAX) {
    set_broken(Fault::not_json);
    return {};
  }
  std::memset(to + size, 0, text.size() + simdjson::SIMDJSON_PADDING - size);
  return {to, size};
}

void JsonReader::text(Token token, const Place& at, std::string_view& to) {
  if (token.first() == '"') {
    to = unquoted(token);
    return;
  }
  note(Fault::wrong_type, at);
  if (is_digit(token.first()) || token.first() == '-') to = trimmed(token.text);
  unread_ = token.is_container();
}

std::string_view JsonReader::in_lower_case(std::string_view text) {
  if (!has_upper(text)) return text;
  char* const copy = static_cast<char*>(arena.take(text.size(), 1));
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    copy[i] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  return {copy, text.size()};
}

void JsonReader::lowered(Token token, const Place& at, std::string_view& to) {
  text(token, at, to);
  to = in_lower_case(to);
}

void JsonReader::boolean(Token token, const Place& at, bool& to) {
  if (token.first() == 't' || token.first() == 'f') {
    note(Fault::wrong_type, at);
    to = token.first() == 't';
    return;
  }
  std::int64_t value = 0;
  if (integer(token, at, value)) to = value != 0;
}

bool JsonReader::integer(Token token, const Place& at, std::int64_t& to) {
  std::string_view text = trimmed(token.text);
  if (text.size() <= 6 && is_digit(text[0])) {  // nearly all
    std::int64_t value = 0;
    std::size_t i = 0;
    for (; i < text.size() && is_digit(text[i]); ++i) value = value * 10 + (text[i] - '0');
    if (i == text.size()) {
      to = value;
      return true;
    }
  }
  const bool quoted = text[0] == '"';
  if (quoted) text = text.substr(1, text.size() - 2);
  const char* const end = text.data() + text.size();
  std::int64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (quoted || rest != end || error != std::errc{}) {
    // A quoted number is read; of "300.0" and "1e3" what stands before the point; all else is not.
    note(Fault::wrong_type, at);
    unread_ = token.is_container();
    if (error == std::errc::invalid_argument) return false;
    if (error == std::errc::result_out_of_range)
      value = text[0] == '-' ? INT64_MIN : INT64_MAX;
    else if (rest != end && *rest != '.' && *rest != 'e' && *rest != 'E')
      return false;
  }
  to = value;
  return true;
}

void JsonReader::real(Token token, const Place& at, float& to, bool& present) {
  std::string_view text = trimmed(token.text);
  if (text[0] == '"') {
    note(Fault::wrong_type, at);
    text = text.size() < 2 ? std::string_view{} : text.substr(1, text.size() - 2);
  }
  float value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || rest != text.data() + text.size() || !(value > -1e6f && value < 1e6f)) {
    unread_ = token.is_container();
    return note(Fault::wrong_type, at);
  }
  to = value;
  present = true;
}

bool JsonReader::price(Token token, const Place& at, base::Nanos& to) {
  std::string_view text = trimmed(token.text);
  if (text[0] == '"') {
    note(Fault::wrong_type, at);
    text = text.size() < 2 ? std::string_view{} : text.substr(1, text.size() - 2);
  }
  const auto parsed = base::parse_cpm(text);
  unread_ = token.is_container();
  if (!parsed) return false;
  to = *parsed;
  return true;
}

void JsonReader::code(Token token, const Place& at, bool upper, std::uint64_t& to) {
  std::string_view value;
  text(token, at, value);
  if (const std::uint64_t packed = packed_code(value, upper); packed != 0) to = packed;
}

void JsonReader::texts(ondemand::value& value, const Place& at, domain::Texts& to, bool lower) {
  std::vector<std::string_view>& scratch = *texts_scratch;
  scratch.clear();
  const auto add = [&](const Place& here, Token token) {
    std::string_view item;
    if (lower)
      lowered(token, here, item);
    else
      text(token, here, item);
    if (!item.empty()) scratch.push_back(item);
  };
  const Token token{value.raw_json_token()};
  if (token.first() == '"') {
    note(Fault::wrong_type, at);
    add(at, token);
  } else if (!elements(value, at, [&](const Place& here, ondemand::value&, Token item) {
               if (!item.is_null()) add(here, item);
             })) {
    return;
  }
  const auto kept = arena.array<std::string_view>(scratch.size());
  std::copy(scratch.begin(), scratch.end(), kept.begin());
  to = kept;
}

void JsonReader::numbers(ondemand::value& value, const Place& at, std::span<const std::uint16_t>& to) {
  std::vector<std::uint16_t>& scratch = *numbers_scratch;
  scratch.clear();
  const auto add = [&](const Place& here, Token token) {
    std::int64_t number = 0;
    if (token.is_null() || !integer(token, here, number)) return;
    if (number >= 0 && number <= 0xffff)
      scratch.push_back(static_cast<std::uint16_t>(number));
    else
      note(Fault::out_of_range, here);
  };
  const Token token{value.raw_json_token()};
  if (is_digit(token.first())) {
    note(Fault::wrong_type, at);
    add(at, token);
  } else if (!elements(value, at,
                       [&](const Place& here, ondemand::value&, Token item) { add(here, item); })) {
    return;
  }
  const auto kept = arena.array<std::uint16_t>(scratch.size());
  std::copy(scratch.begin(), scratch.end(), kept.begin());
  to = kept;
}

void JsonReader::bytes(ondemand::value& value, const Place& at, domain::Bytes& to) {
  std::span<const std::uint16_t> wide;
  numbers(value, at, wide);
  const auto kept = arena.array<std::uint8_t>(wide.size());
  std::size_t size = 0;
  for (const std::uint16_t number : wide) {
    // 256 and up are exchange-specific values that no creative of ours declares.
    if (number <= 0xff) kept[size++] = static_cast<std::uint8_t>(number);
  }
  to = kept.first(size);
}

std::uint64_t packed_code(std::string_view code, bool upper) noexcept {
  if (code.size() > 8) return 0;
  char letters[8];
  for (std::size_t i = 0; i < code.size(); ++i) {
    const char c = code[i];
    if (upper)
      letters[i] = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    else
      letters[i] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  return domain::pack8({letters, code.size()});
}

std::string_view padded_copy(base::Arena& arena, std::string_view body) {
  char* copy = static_cast<char*>(arena.take(body.size() + simdjson::SIMDJSON_PADDING, 64));
  if (!body.empty()) std::memcpy(copy, body.data(), body.size());
  std::memset(copy + body.size(), 0, simdjson::SIMDJSON_PADDING);
  return {copy, body.size()};
}

bool depth_within(std::string_view body, std::size_t depth_max) noexcept {
  // Few brackets cannot nest deeply. Counted by 32; the exact loop below runs for long bodies only.
  std::size_t opened = 0, at = 0;
  for (; at + 32 <= body.size(); at += 32) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(body.data() + at));
    const __m256i folded =
        _mm256_and_si256(bytes, _mm256_set1_epi8(~0x20));  // '[' and '{' differ in bit 5 alone
    const int found = _mm256_movemask_epi8(_mm256_cmpeq_epi8(folded, _mm256_set1_epi8('[')));
    opened += static_cast<std::size_t>(__builtin_popcount(static_cast<unsigned>(found)));
  }
  for (; at < body.size(); ++at) opened += (body[at] & ~0x20) == '[' ? 1u : 0u;
  if (opened <= depth_max) return true;
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const char c = body[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > depth_max) return false;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return true;
}

}  // namespace bandstand::protocol::openrtb
