// foreign_samples_test: documents of other libraries, schemas and bidders: each parses or is refused with a
// reason.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/arena.h"
#include "base/input.h"
#include "protocol/openrtb/request_parser.h"
#include "shared_data.h"

namespace bandstand::conformance {
namespace {

using nlohmann::json;
using protocol::openrtb::name_of;
using protocol::openrtb::Outcome;
using protocol::openrtb::ParsedRequest;

struct Tally {
  std::map<std::string, int> counts;
  int read = 0, requests = 0, requests_read = 0;
};

/// Parses every file. What is a request (an object with id and imp, by an independent parser) is counted
/// apart.
Tally parse_files(const std::string& folder) {
  Tally tally;
  protocol::openrtb::RequestParser parser;
  base::Arena arena;
  for (const auto& path : files_under(folder)) {
    const auto text = base::read_whole_file(path.string());
    if (!text) {
      ADD_FAILURE() << path;
      continue;
    }
    arena.reset();
    ParsedRequest request;
    const Outcome outcome = parser.parse(*text, arena, request);
    ++tally.read;
    std::string what = name_of(outcome);
    if (outcome != Outcome::ok) {
      what += std::string(": ") + name_of(request.refusal.fault);
      EXPECT_NE(request.refusal.fault, protocol::openrtb::Fault::none) << path;
    }
    ++tally.counts[what];
    const json body = json::parse(*text, nullptr, false);
    if (!body.is_object() || !body.contains("imp") || !body.contains("id")) {
      EXPECT_NE(outcome, Outcome::ok) << path;
      continue;
    }
    ++tally.requests;
    if (outcome == Outcome::ok)
      ++tally.requests_read;
    else
      std::printf("  %s at %s: %s\n", what.c_str(), std::string(request.refusal.path.view()).c_str(),
                  path.filename().c_str());
  }
  std::printf("  %s: %d files, %d requests, %d read\n", folder.c_str(), tally.read, tally.requests,
              tally.requests_read);
  for (const auto& [what, n] : tally.counts) std::printf("  %5d %s\n", n, what.c_str());
  return tally;
}

TEST(ForeignSamples, SmallLibraries) {
  NEEDS_DATA("openrtb_conformance/small_repos");
  const Tally tally = parse_files("openrtb_conformance/small_repos");
  EXPECT_EQ(tally.read, 82);
  // Three carry a native request that is no JSON ("... Native Spec request as an encoded string ...").
  EXPECT_EQ(tally.requests, 25);
  EXPECT_EQ(tally.counts.at("unusable: native_request_json"), 3);
  EXPECT_EQ(tally.requests_read, 22);
}

TEST(ForeignSamples, SchemasOfOldVersions) {
  NEEDS_DATA("openrtb_conformance/openssp_json_schema");
  const Tally tally = parse_files("openrtb_conformance/openssp_json_schema/test");
  // Version 1.0 names impressions otherwise (impid); two native requests of the specification are no JSON.
  EXPECT_EQ(tally.requests, 39);
  EXPECT_EQ(tally.counts.at("unusable: impression_id_missing"), 2);
  EXPECT_EQ(tally.counts.at("unusable: native_request_json"), 2);
  EXPECT_EQ(tally.requests_read, 35);
}

TEST(ForeignSamples, RequestsThatABidderKept) {
  NEEDS_DATA("openrtb_traffic/rtb4free_SampleBids");
  const Tally tally = parse_files("openrtb_traffic/rtb4free_SampleBids");
  EXPECT_EQ(tally.read, 71);
  // Not JSON at all, or broken: c1xbad, garbage, runt, badmobi (empty), three protobuf texts, one gzip.
  EXPECT_EQ(tally.requests, 63);
  EXPECT_EQ(tally.counts.at("unusable: mimes_missing"), 3);
  EXPECT_EQ(tally.counts.at("unusable: native_request_missing"), 2);
  EXPECT_EQ(tally.requests_read, 58);
}

TEST(ForeignSamples, RequestsOfRtbkit) {
  NEEDS_DATA("openrtb_traffic/rtbkit_testing");
  const Tally tally = parse_files("openrtb_traffic/rtbkit_testing");
  EXPECT_EQ(tally.read, 23);
}

}  // namespace
}  // namespace bandstand::conformance
