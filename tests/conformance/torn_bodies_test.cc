// torn_bodies_test: bodies cut at every byte and with bytes flipped: refused or read, never a crash.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/arena.h"
#include "base/rng.h"
#include "protocol/openrtb/request_parser.h"
#include "shared_data.h"

namespace bandstand::conformance {
namespace {

using protocol::openrtb::Outcome;
using protocol::openrtb::ParsedRequest;

constexpr const char* kIncoming = "openrtb_conformance/pbs_adapter_requests.exemplary.jsonl.xz";

/// Every `step`-th distinct body.
std::vector<std::string> distinct_bodies(std::size_t step) {
  std::set<std::string> all;
  for (const auto& line : json_lines(kIncoming)) all.insert(line.at("body").dump());
  std::vector<std::string> out;
  std::size_t i = 0;
  for (const std::string& body : all) {
    if (i++ % step == 0) out.push_back(body);
  }
  return out;
}

TEST(TornBodies, CutAnywhereAreMalformed) {
  NEEDS_DATA(kIncoming);
  protocol::openrtb::RequestParser parser;
  base::Arena arena;
  ParsedRequest request;
  std::size_t cuts = 0;
  for (const std::string& body : distinct_bodies(1)) {
    for (std::size_t size = 0; size < body.size(); ++size, ++cuts) {
      arena.reset();
      ASSERT_EQ(parser.parse(std::string_view(body).substr(0, size), arena, request), Outcome::malformed)
          << body.substr(0, size);
    }
  }
  std::printf("  %zu cuts\n", cuts);
  EXPECT_GT(cuts, 500'000u);
}

TEST(TornBodies, WithAFlippedByteAreReadOrRefused) {
  NEEDS_DATA(kIncoming);
  protocol::openrtb::RequestParser parser;
  base::Arena arena;
  ParsedRequest request;
  base::Rng rng(44);
  std::size_t outcomes[3] = {}, compared = 0;
  for (std::string body : distinct_bodies(2)) {
    for (std::size_t i = 0; i < body.size(); ++i) {
      const char kept = body[i];
      body[i] = static_cast<char>(kept ^ (1 << rng.below(8)));
      arena.reset();
      const Outcome outcome = parser.parse(body, arena, request);
      ++outcomes[static_cast<std::size_t>(outcome)];
      using protocol::openrtb::Fault;
      const Fault fault = request.refusal.fault;
      if (i % 4 == 0 && fault != Fault::not_an_object) {  // an independent parser agrees on what is JSON
        ++compared;
        const bool json =
            fault != Fault::not_json && fault != Fault::invalid_utf8 && fault != Fault::too_deep;
        ASSERT_EQ(json, nlohmann::json::accept(body)) << body;
      }
      body[i] = kept;
    }
  }
  std::printf("  ok %zu, malformed %zu, unusable %zu; %zu compared with an independent parser\n", outcomes[0],
              outcomes[1], outcomes[2], compared);
  EXPECT_GT(outcomes[0], 0u);
  EXPECT_GT(outcomes[1], 0u);
}

}  // namespace
}  // namespace bandstand::conformance
