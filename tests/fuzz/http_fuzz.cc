// http_fuzz: the request parser, the chunk joiner and gzip on arbitrary bytes, cut at arbitrary places.
//
// What must hold: no crash; the same result however the bytes are cut; a parser never takes more than it was
// given; limits hold. The first byte picks the cut.
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "base/check.h"
#include "serving/http/gzip.h"
#include "serving/http/request_parser.h"

namespace {

namespace http = bandstand::serving::http;
using Progress = http::RequestParser::Progress;

constexpr http::ParserLimits kLimits{4096, 1024, 512};

/// All that a stream of bytes amounts to: the requests in it, then how it ended.
std::vector<std::string> read(const std::string& input, std::size_t step) {
  std::vector<std::string> out;
  http::RequestParser parser(kLimits);
  std::string buffer;  // one request and what follows it
  std::size_t fed = 0;
  std::size_t size = 0;
  while (true) {
    if (size > 0) {
      // A copy of exact size, so that a sanitizer sees a read beyond it.
      std::vector<char> exact(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
      const Progress progress = parser.parse(exact.data(), size);
      buffer.assign(exact.data(), size);
      if (progress == Progress::failed) {
        BANDSTAND_CHECK(parser.status() >= 400 && parser.status() <= 505);
        out.push_back("refused " + std::to_string(parser.status()));
        return out;
      }
      if (progress == Progress::ready) {
        http::Request request;
        parser.describe(exact.data(), request);
        BANDSTAND_CHECK(parser.consumed() <= size);
        BANDSTAND_CHECK(request.body.size() <= kLimits.body_bytes_max);
        BANDSTAND_CHECK(request.target.size() <= kLimits.target_bytes_max);
        std::string seen(request.target);
        seen.append("\n")
            .append(request.path)
            .append("\n")
            .append(request.query)
            .append("\n")
            .append(request.body);
        for (const auto header : request.headers) seen.append("\n").append(header);
        out.push_back(std::move(seen));
        buffer.erase(0, parser.consumed());
        size = buffer.size();
        parser.next();
        if (size > 0) continue;
      }
    }
    if (fed == input.size()) break;
    const std::size_t take = std::min(step, input.size() - fed);
    buffer.append(input, fed, take);
    fed += take;
    size = buffer.size();
  }
  out.push_back(parser.head_done() ? "wants body" : "wants head");
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 64 * 1024) return 0;
  const std::string input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = read(input, input.size() + 1);
  const auto cut = read(input, 1 + data[0] % 64);
  // A limit may be noticed on an earlier byte or for another reason when bytes come singly, but a request is
  // a request.
  for (std::size_t i = 0; i + 1 < std::max(whole.size(), cut.size()); ++i) {
    BANDSTAND_CHECK(i + 1 < whole.size() && i + 1 < cut.size() && whole[i] == cut[i]);
  }
  BANDSTAND_CHECK((whole.back().rfind("refused", 0) == 0) == (cut.back().rfind("refused", 0) == 0));

  static http::Inflater inflater({256 * 1024, 10, 16 * 1024});
  if (const auto inflated = inflater.inflate(input)) BANDSTAND_CHECK(inflated->size() <= 256 * 1024);
  static_cast<void>(http::accepts_gzip(input));
  std::string decoded;
  static_cast<void>(http::percent_decode(input, true, decoded));
  return 0;
}
