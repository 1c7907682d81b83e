// request_bodies_test: 2,815 bodies that adapters take and send: read or refused, checked by an independent
// reader.
//
// Each refusal must be for a fault that a naive reading of the rules finds in the body too (most are native
// requests that are no JSON, or site and app at once); what is read must equal what a DOM says.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "base/arena.h"
#include "protocol/openrtb/request_parser.h"
#include "shared_data.h"

namespace bandstand::conformance {
namespace {

using nlohmann::json;
using protocol::openrtb::Fault;
using protocol::openrtb::name_of;
using protocol::openrtb::Outcome;
using protocol::openrtb::ParsedRequest;

constexpr const char* kIncoming = "openrtb_conformance/pbs_adapter_requests.exemplary.jsonl.xz";
constexpr const char* kOutgoing = "openrtb_conformance/pbs_adapter_outgoing_requests.exemplary.jsonl.xz";

/// "imp[0].banner.w" -> the value there.
const json& at_path(const json& body, std::string_view path) {
  std::string pointer = "/";
  for (const char c : path) {
    if (c == '.' || c == '[')
      pointer.push_back('/');
    else if (c != ']')
      pointer.push_back(c);
  }
  return body.at(json::json_pointer(pointer));
}

/// The rules, read naively from a DOM: is this fault really in the body?
bool really_has(const json& body, Fault fault, std::string_view path = {}) {
  if (fault == Fault::negative) return at_path(body, path) < 0;
  if (fault == Fault::not_an_object) return !body.is_object();
  if (fault == Fault::id_missing) return !body.contains("id") || body["id"] == "";
  if (fault == Fault::several_channels)
    return body.contains("site") + body.contains("app") + body.contains("dooh") > 1;
  const json imps = body.value("imp", json::array());
  if (fault == Fault::no_impression) return imps.empty();
  std::set<std::string> ids;
  for (const json& imp : imps) {
    const std::string id = imp.value("id", "");
    if (fault == Fault::impression_id_missing && id.empty()) return true;
    if (fault == Fault::impression_id_duplicate && !ids.insert(id).second) return true;
    const json banner = imp.value("banner", json::object());
    const json native = imp.value("native", json::object());
    const json request = json::parse(native.value("request", ""), nullptr, false);
    const json root = request.is_object() && request.contains("native") ? request["native"] : request;
    switch (fault) {
      case Fault::no_medium:
        if (!imp.contains("banner") && !imp.contains("video") && !imp.contains("audio") &&
            !imp.contains("native"))
          return true;
        break;
      case Fault::banner_no_size:
        if (imp.contains("banner") && banner.value("format", json::array()).empty() &&
            (banner.value("w", 0) == 0 || banner.value("h", 0) == 0))
          return true;
        break;
      case Fault::mimes_missing:
        for (const char* medium : {"video", "audio"}) {
          if (imp.contains(medium) && imp[medium].value("mimes", json::array()).empty()) return true;
        }
        break;
      case Fault::native_request_missing:
        if (imp.contains("native") && native.value("request", "").empty()) return true;
        break;
      case Fault::native_request_json:
        if (imp.contains("native") && !request.is_object()) return true;
        break;
      case Fault::native_no_assets:
        if (imp.contains("native") && root.is_object() && root.value("assets", json::array()).empty())
          return true;
        break;
      case Fault::native_asset_id: {
        std::multiset<int> asset_ids;
        const json assets = root.is_object() ? root.value("assets", json::array()) : json::array();
        for (const json& asset : assets) {
          if (asset.contains("id")) asset_ids.insert(asset["id"].get<int>());
        }
        if (!asset_ids.empty() && asset_ids.size() != assets.size()) return true;
        if (std::set<int>(asset_ids.begin(), asset_ids.end()).size() != asset_ids.size()) return true;
        break;
      }
      case Fault::native_asset_content: {
        const json assets = root.is_object() ? root.value("assets", json::array()) : json::array();
        for (const json& asset : assets) {
          if (asset.contains("title") && asset["title"].value("len", 0) == 0) return true;
          if (asset.contains("data") && asset["data"].value("type", 0) == 0) return true;
          const json video = asset.value("video", json::object());
          if (asset.contains("video") && !(video.contains("mimes") && video.contains("minduration") &&
                                           video.contains("maxduration") && video.contains("protocols")))
            return true;
        }
        break;
      }
      default: break;
    }
  }
  return false;
}

/// What we read, against what the DOM says.
void expect_equal(const json& body, const domain::Auction& auction, const std::string& src) {
  EXPECT_EQ(auction.id, body["id"].get<std::string>()) << src;
  EXPECT_EQ(auction.blocked_categories.size(), body.value("bcat", json::array()).size()) << src;
  EXPECT_EQ(auction.blocked_domains.size(), body.value("badv", json::array()).size()) << src;
  EXPECT_EQ(auction.tmax_ms, body.value("tmax", 0)) << src;
  EXPECT_EQ(auction.device.user_agent, body.value("device", json::object()).value("ua", "")) << src;
  EXPECT_EQ(auction.device.ip, body.value("device", json::object()).value("ip", "")) << src;
  for (const domain::Impression& imp : auction.impressions) {
    const json* found = nullptr;
    for (const json& candidate : body["imp"]) {
      if (candidate["id"] == imp.id) found = &candidate;
    }
    ASSERT_NE(found, nullptr) << src;
    const double floor = found->value("bidfloor", 0.0);
    EXPECT_NEAR(static_cast<double>(imp.floor.value), floor * 1e6, 0.501) << src;
    EXPECT_EQ(imp.tag_id, found->value("tagid", "")) << src;
    EXPECT_EQ(imp.deals.size(), found->value("pmp", json::object()).value("deals", json::array()).size())
        << src;
    if (imp.banner != nullptr) {
      const json& banner = (*found)["banner"];
      if (banner.contains("format") && !banner["format"].empty()) {
        ASSERT_EQ(imp.banner->sizes.size(), banner["format"].size()) << src;
        for (std::size_t i = 0; i < imp.banner->sizes.size(); ++i) {
          if (banner["format"][i].contains("w")) {
            EXPECT_EQ(imp.banner->sizes[i].w, banner["format"][i]["w"]) << src;
          }
        }
      }
    }
    if (imp.video != nullptr) {
      EXPECT_EQ(imp.video->mimes.size(), (*found)["video"]["mimes"].size()) << src;
      EXPECT_EQ(imp.video->protocols.size(), (*found)["video"].value("protocols", json::array()).size())
          << src;
      EXPECT_EQ(imp.video->max_duration_s, (*found)["video"].value("maxduration", 0)) << src;
    }
  }
}

void read_all(const char* corpus, int total_expected, int refused_expected) {
  protocol::openrtb::RequestParser parser;
  base::Arena arena;
  std::map<std::string, int> counts;
  int total = 0, refused = 0;
  for (const json& line : json_lines(corpus)) {
    const json& body = line.at("body");
    const std::string src = line.at("src"), text = body.dump();
    arena.reset();
    ParsedRequest request;
    const Outcome outcome = parser.parse(text, arena, request);
    ++total;
    ++counts[outcome == Outcome::ok ? "ok" : std::string("refused: ") + name_of(request.refusal.fault)];
    for (int i = 0; outcome == Outcome::ok && i < protocol::openrtb::kFaults; ++i) {
      if (request.has(static_cast<Fault>(i))) ++counts[std::string("with ") + name_of(static_cast<Fault>(i))];
    }
    if (outcome == Outcome::ok) {
      for (const Fault fault : {Fault::id_missing, Fault::several_channels, Fault::no_impression,
                                Fault::impression_id_missing, Fault::impression_id_duplicate}) {
        EXPECT_FALSE(really_has(body, fault)) << src << ": accepted, but " << name_of(fault);
      }
      expect_equal(body, request.auction, src);
      continue;
    }
    ++refused;
    EXPECT_TRUE(really_has(body, request.refusal.fault, request.refusal.path.view()))
        << src << ": refused for " << name_of(request.refusal.fault) << " at " << request.refusal.path.view();
  }
  for (const auto& [what, n] : counts) std::printf("  %5d %s\n", n, what.c_str());
  EXPECT_EQ(total, total_expected);
  EXPECT_EQ(refused, refused_expected);
}

TEST(RequestBodies, OfAdaptersAreReadOrRefusedForARealFault) {
  NEEDS_DATA(kIncoming);
  read_all(kIncoming, 1'418, 66);
}

TEST(RequestBodies, OfAdaptersToExchangesAreReadOrRefusedForARealFault) {
  NEEDS_DATA(kOutgoing);
  read_all(kOutgoing, 1'397, 63);
}

}  // namespace
}  // namespace bandstand::conformance
