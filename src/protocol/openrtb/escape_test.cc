// escape_test: the escape that looks at 32 bytes at a time says what one byte at a time says.
#include "protocol/openrtb/escape.h"

#include <gtest/gtest.h>

#include <string>

#include "base/rng.h"

namespace bandstand::protocol::openrtb {
namespace {

std::string one_by_one(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\\' || (c == '/' && i > 0 && text[i - 1] == '<')) {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      static constexpr char kHex[] = "0123456789abcdef";
      out += "\\u00";
      out.push_back(kHex[c >> 4]);
      out.push_back(kHex[c & 15]);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

TEST(Escape, SaysOfAnyTextInJsonWhatOneByteAtATimeSays) {
  static constexpr std::string_view kOften = "<</\"\\ \n\t\x01\x1f\x20\x7f\x80\xffz";
  base::Rng rng(1);
  for (int i = 0; i < 50'000; ++i) {
    std::string text(rng.below(150), ' ');
    const double special = rng.uniform();
    for (char& c : text) {
      c = rng.chance(special) ? kOften[rng.below(kOften.size())] : static_cast<char>(rng.below(256));
    }
    std::string out = "before";
    append_json(text, out);
    ASSERT_EQ(out, "before" + one_by_one(text));
  }
}

TEST(Escape, SeesAClosingTagOverTheEdgeOfAChunk) {
  for (std::size_t at = 0; at < 70; ++at) {
    const std::string text = std::string(at, 'x') + "</script>";
    std::string out;
    append_json(text, out);
    EXPECT_EQ(out, std::string(at, 'x') + "<\\/script>");
  }
}

}  // namespace
}  // namespace bandstand::protocol::openrtb
