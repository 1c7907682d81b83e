// escape: runs of harmless bytes are appended whole, the others one by one.
#include "protocol/openrtb/escape.h"

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

}  // namespace

void append_json(std::string_view text, std::string& out) {
  const auto special = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\' || c == '/';
  };
  append_runs(text, out, special, [&](std::size_t i) {
    const char c = text[i];
    switch (c) {
      case '"': out.append("\\\""); break;
      case '\\': out.append("\\\\"); break;
      case '/': out.append(i > 0 && text[i - 1] == '<' ? "\\/" : "/"); break;
      case '\n': out.append("\\n"); break;
      case '\r': out.append("\\r"); break;
      case '\t': out.append("\\t"); break;
      default:
        out.append("\\u00");
        out.push_back(kHex[c >> 4 & 15]);
        out.push_back(kHex[c & 15]);
    }
  });
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
