// endpoint_cases_test: the 108 whole-endpoint cases of Prebid Server, their status and the fault that they
// name.
//
// The mapping. A request that the parser refuses is answered 400 if malformed, and if unusable by the
// exchange's setting (204, nbr 2 or 400; protocol.md 1.1). Prebid Server's rule is the last one, so a case
// that expects 400 demands an outcome other than ok, and a case that expects 200 demands ok (we then answer
// 200 or 204).
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/arena.h"
#include "prebid_wording.h"
#include "protocol/openrtb/request_parser.h"
#include "shared_data.h"

namespace bandstand::conformance {
namespace {

using nlohmann::json;
using protocol::openrtb::name_of;
using protocol::openrtb::Outcome;
using protocol::openrtb::ParsedRequest;

constexpr const char* kCases = "openrtb_conformance/pbs_endpoint_cases.jsonl.xz";

std::string file_of(const json& line) {
  const std::string src = line.at("src");
  return src.substr(src.rfind('/') + 1);
}

/// The body as it was sent. One case's body is a bare word, kept as a JSON text.
std::string body_of(const json& line) {
  const json& body = line.at("case").at("mockBidRequest");
  return body.is_string() ? body.get<std::string>() : body.dump();
}

/// "request.imp[0].banner.h must be ..." -> "imp[0].banner.h"; empty if the wording has no path.
std::string path_in(const std::string& error) {
  for (const char* start : {"request.", "Request "}) {
    std::size_t at = error.find(start);
    if (at == std::string::npos) continue;
    at += std::string_view(start).size();
    return error.substr(at, error.find_first_of(" \n", at) - at);
  }
  return {};
}

void expect_named(const json& line, const ParsedRequest& request) {
  const std::string error = line.at("expected_error"), file = file_of(line);
  const Fault fault = request.refusal.fault;
  const std::string path(request.refusal.path.view());
  if (error.find_first_of(':') == std::string::npos) {
    for (const NativeCase& native : kNativeCases) {
      if (native.file != file) continue;
      EXPECT_STREQ(name_of(fault), name_of(native.fault)) << file;
      EXPECT_EQ(path, native.path) << file;
      return;
    }
    ADD_FAILURE() << file << ": no row in kNativeCases";
    return;
  }
  bool worded = false;
  for (const Wording& wording : kWordings) {
    worded = worded || (wording.fault == fault && error.find(wording.part) != std::string::npos);
  }
  EXPECT_TRUE(worded) << file << ": we say " << name_of(fault) << " at " << path << ", expected: " << error;
  const std::string theirs = path_in(error);
  if (fault == Fault::several_channels || theirs.empty()) return;
  EXPECT_EQ(path.substr(0, theirs.size()), theirs) << file << ": " << error;
}

TEST(EndpointCases, GetTheirStatusAndTheFaultThatTheyName) {
  NEEDS_DATA(kCases);
  protocol::openrtb::RequestParser parser;
  base::Arena arena;
  std::map<std::string, int> counts;
  for (const json& line : json_lines(kCases)) {
    const std::string file = file_of(line), group = line.at("group"), label = line.at("label");
    const json& expected = line.at("expected_http");
    ++counts["all"];
    if (!line.at("case").contains("mockBidRequest")) {
      ++counts[group == "video" ? "not applicable: Prebid's video endpoint"
                                : "not applicable: unparsable, states no code"];
      continue;
    }
    if (expected == 200 && (group == "hooks" || group.starts_with("amp"))) {
      ++counts[group == "hooks" ? "not applicable: hooks" : "not applicable: AMP"];
      continue;
    }
    const std::string body = body_of(line);
    if (expected == 200 && body.find("\"storedrequest\"") != std::string::npos) {
      ++counts["not applicable: stored impressions"];
      continue;
    }
    ParsedRequest request;
    arena.reset();
    const Outcome outcome = parser.parse(body, arena, request);
    if (expected == 200) {
      ++counts["expects 200"];
      EXPECT_EQ(outcome, Outcome::ok) << file << " (" << label << "): " << name_of(request.refusal.fault)
                                      << " at " << request.refusal.path.view();
      continue;
    }
    ASSERT_EQ(expected, 400) << file;
    const std::string error = line.at("expected_error");
    const ForeignFault* foreign = nullptr;
    for (const ForeignFault& fault : kForeignFaults) {
      if (error.find(fault.part) != std::string::npos) foreign = &fault;
    }
    if (foreign != nullptr) {
      ++counts["not applicable: " + std::string(foreign->why)];
      EXPECT_EQ(outcome, Outcome::ok) << file << ": a fault that is not ours to find, yet refused";
      continue;
    }
    ++counts["expects 400"];
    ++counts[std::string("  of it ") + name_of(outcome)];
    EXPECT_NE(outcome, Outcome::ok) << file << ": " << error;
    expect_named(line, request);
  }
  for (const auto& [what, n] : counts) std::printf("  %4d %s\n", n, what.c_str());
  EXPECT_EQ(counts["all"], 108);
  EXPECT_EQ(counts["expects 400"], 41);
}

}  // namespace
}  // namespace bandstand::conformance
