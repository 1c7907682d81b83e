// escape: runs of harmless bytes are appended whole, the others one by one.
#include "protocol/openrtb/escape.h"

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

namespace bandstand::protocol::openrtb {
namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr char kHexUpper[] = "0123456789ABCDEF";

/// Appends `text`, with `replace(byte, out)` for the bytes for which `special(byte)` holds.
template <class Special, class Replace>
void append_runs(std::string_view text, std::string& out, Special&& special, Replace&& replace) {
  std::size_t run = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!special(text[i])) continue;
    out.append(text.substr(run, i - run));
    replace(i);
    run = i + 1;
  }
  out.append(text.substr(run));
}

/// 32 bytes, or what is left of the text and spaces.
__m256i load(const char* from, std::size_t left) {
  if (left >= 32) return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  alignas(32) char padded[32];
  std::memset(padded, ' ', sizeof padded);
  std::memcpy(padded, from, left);
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(padded));
}

std::uint32_t equal(__m256i chunk, char c) {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(chunk, _mm256_set1_epi8(c))));
}

std::uint32_t controls(__m256i chunk) {
  const __m256i most = _mm256_set1_epi8(0x1f);
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(chunk, most), most)));
}

/// Bit i: byte i needs an escape. `after_lt`: the byte before the chunk was '<'.
std::uint32_t json_specials(__m256i chunk, bool after_lt) {
  const std::uint32_t closing = equal(chunk, '/') & (equal(chunk, '<') << 1 | (after_lt ? 1u : 0u));
  return equal(chunk, '"') | equal(chunk, '\\') | closing | controls(chunk);
}

/// By how much a text grows at most.
std::size_t escapes_room(std::string_view text) {
  std::size_t room = 0;
  for (std::size_t at = 0; at < text.size(); at += 32) {
    const __m256i chunk = load(text.data() + at, text.size() - at);
    const std::uint32_t one = equal(chunk, '"') | equal(chunk, '\\') | equal(chunk, '/');
    room += static_cast<std::size_t>(std::popcount(one) + 5 * std::popcount(controls(chunk)));
  }
  return room;
}

char* escape_json(char c, char* to) {
  *to++ = '\\';
  switch (c) {
    case '\n': *to++ = 'n'; break;
    case '\r': *to++ = 'r'; break;
    case '\t': *to++ = 't'; break;
    case '"':
    case '\\':
    case '/': *to++ = c; break;
    default:
      std::memcpy(to, "u00", 3);
      to[3] = kHex[c >> 4 & 15];
      to[4] = kHex[c & 15];
      to += 5;
  }
  return to;
}

}  // namespace

void append_json(std::string_view text, std::string& out) {
  // Markup is most of an answer, so this is the one escape that looks at 32 bytes at a time. A chunk is stored whole; what
  // follows a byte that needs an escape is stored again behind it.
  const std::size_t before = out.size();
  out.resize(before + text.size() + escapes_room(text) + 32);
  char* to = out.data() + before;
  const char* from = text.data();
  const char* const end = from + text.size();
  bool after_lt = false;
  while (from < end) {
    const auto left = static_cast<std::size_t>(end - from);
    const __m256i chunk = load(from, left);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), chunk);
    const std::size_t width = std::min<std::size_t>(left, 32);
    const std::uint32_t mask = json_specials(chunk, after_lt);
    const std::size_t clean = std::min<std::size_t>(width, static_cast<std::size_t>(std::countr_zero(mask)));
    from += clean;
    to += clean;
    if (clean != 0) after_lt = from[-1] == '<';
    if (clean == width) continue;
    to = escape_json(*from++, to);
    after_lt = false;
  }
  out.resize(static_cast<std::size_t>(to - out.data()));
}

void append_html(std::string_view text, std::string& out) {
  const auto special = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '&' || c == '<' || c == '>' || c == '"' ||
           c == '\'' || c == '`';
  };
  append_runs(text, out, special, [&](std::size_t i) {
    switch (text[i]) {
      case '&': out.append("&amp;"); break;
      case '<': out.append("&lt;"); break;
      case '>': out.append("&gt;"); break;
      case '"': out.append("&quot;"); break;
      case '\'': out.append("&#39;"); break;
      case '`': out.append("&#96;"); break;
      default: out.push_back(' ');
    }
  });
}

void append_url(std::string_view text, std::string& out) {
  const auto special = [](char c) {
    const char lower = static_cast<char>(c | 0x20);
    return !((lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
             c == '~');
  };
  append_runs(text, out, special, [&](std::size_t i) {
    out.push_back('%');
    out.push_back(kHexUpper[text[i] >> 4 & 15]);
    out.push_back(kHexUpper[text[i] & 15]);
  });
}

void append_cdata(std::string_view text, std::string& out) {
  out.append("<![CDATA[");
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ']' && text.substr(i, 3) == "]]>") {
      out.append("]]]]><![CDATA[>");
      i += 2;
    } else {
      out.push_back(static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r' ? ' ' : c);
    }
  }
  out.append("]]>");
}

}  // namespace bandstand::protocol::openrtb
