// openrtb_golden_test: each file holds a request and all that it is read as.
//
// A file is {"about", "request" (or "body": raw text), "expect"}. `expect` is the whole reading: what differs
// from an empty request, in domain terms. BANDSTAND_UPDATE_GOLDEN=1 rewrites `expect`; look at the difference
// before committing it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/arena.h"
#include "protocol/openrtb/request_parser.h"

namespace bandstand::protocol::openrtb {
namespace {

using Json = nlohmann::ordered_json;

std::string unpacked(std::uint64_t packed) {
  std::string out;
  for (; packed != 0; packed >>= 8) out.push_back(static_cast<char>(packed & 0xff));
  return out;
}

/// Adds what is not empty.
struct Writer {
  Json out = Json::object();
  void text(const char* name, std::string_view value) {
    if (!value.empty()) out[name] = value;
  }
  void number(const char* name, std::int64_t value, std::int64_t absent = 0) {
    if (value != absent) out[name] = value;
  }
  void flag(const char* name, bool value, bool absent = false) {
    if (value != absent) out[name] = value;
  }
  void texts(const char* name, domain::Texts values) {
    for (const std::string_view value : values) out[name].push_back(value);
  }
  template <class Int>
  void numbers(const char* name, std::span<const Int> values) {
    for (const Int value : values) out[name].push_back(value);
  }
  void price(const char* name, base::Nanos value) {
    if (!value.is_zero()) out[name] = base::format_cpm(value);
  }
  void object(const char* name, const Json& value) {
    if (!value.empty()) out[name] = value;
  }
};

Json pair_of(domain::Size size) { return std::to_string(size.w) + "x" + std::to_string(size.h); }

Json describe(const domain::Banner& banner) {
  Writer w;
  for (const domain::Size size : banner.sizes) w.out["sizes"].push_back(pair_of(size));
  w.numbers("battr", banner.battr);
  w.numbers("btype", banner.btype);
  w.numbers("api", banner.api);
  w.numbers("expdir", banner.expdir);
  w.texts("mimes", banner.mimes);
  w.number("pos", banner.pos);
  w.flag("top_frame", banner.top_frame);
  return w.out;
}

Json describe(std::span<const domain::DurationFloor> floors) {
  Json out = Json::array();
  for (const auto& floor : floors) {
    out.push_back({{"min_s", floor.min_s}, {"max_s", floor.max_s}, {"floor", base::format_cpm(floor.floor)}});
  }
  return out;
}

Json describe(const domain::TimedMedia& media) {
  Writer w;
  w.texts("mimes", media.mimes);
  w.number("min_duration_s", media.min_duration_s);
  w.number("max_duration_s", media.max_duration_s);
  w.numbers("required_durations_s", media.required_durations_s);
  w.numbers("protocols", media.protocols);
  w.numbers("battr", media.battr);
  w.numbers("api", media.api);
  w.numbers("delivery", media.delivery);
  w.numbers("playback", media.playback);
  if (media.size != domain::Size{}) w.out["size"] = pair_of(media.size);
  if (media.has_start_delay) w.out["start_delay_s"] = media.start_delay_s;
  w.number("plcmt", media.plcmt);
  w.number("linearity", media.linearity);
  w.number("pos", media.pos);
  w.number("skip", media.skip, -1);
  w.number("min_bitrate", media.min_bitrate);
  w.number("max_bitrate", media.max_bitrate);
  w.text("pod_id", media.pod_id);
  w.number("pod_duration_s", media.pod_duration_s);
  w.number("max_in_pod", media.max_in_pod);
  w.price("floor_per_second", media.floor_per_second);
  w.object("duration_floors", describe(media.duration_floors));
  return w.out;
}

Json describe(const domain::Native& native) {
  static constexpr const char* kKinds[] = {"title", "image", "data", "video"};
  Writer w;
  w.text("version", native.version);
  for (const domain::NativeAsset& asset : native.assets) {
    Writer a;
    a.out["id"] = asset.id;
    a.out["kind"] = kKinds[static_cast<int>(asset.kind)];
    a.flag("required", asset.required);
    a.number("type", asset.type);
    a.number("len", asset.len);
    if (asset.size != domain::Size{}) a.out["size"] = pair_of(asset.size);
    if (asset.size_min != domain::Size{}) a.out["size_min"] = pair_of(asset.size_min);
    w.out["assets"].push_back(a.out);
  }
  w.numbers("battr", native.battr);
  w.numbers("api", native.api);
  w.flag("event_pixel", native.event_pixel);
  return w.out;
}

Json describe(const domain::Deal& deal) {
  Writer w;
  w.text("id", deal.id);
  w.price("floor", deal.floor);
  w.text("floor_currency", unpacked(deal.floor_currency));
  w.number("at", deal.at);
  w.flag("guaranteed", deal.guaranteed);
  w.texts("seats", deal.seats);
  w.texts("advertiser_domains", deal.advertiser_domains);
  w.price("floor_per_second", deal.floor_per_second);
  w.object("duration_floors", describe(deal.duration_floors));
  return w.out;
}

Json describe(const domain::Impression& imp) {
  Writer w;
  w.text("id", imp.id);
  if (imp.banner != nullptr) w.out["banner"] = describe(*imp.banner);
  if (imp.video != nullptr) w.out["video"] = describe(*imp.video);
  if (imp.audio != nullptr) w.out["audio"] = describe(*imp.audio);
  if (imp.native != nullptr) w.out["native"] = describe(*imp.native);
  w.price("floor", imp.floor);
  w.text("floor_currency", unpacked(imp.floor_currency));
  w.text("tag_id", imp.tag_id);
  for (const domain::Deal& deal : imp.deals) w.out["deals"].push_back(describe(deal));
  w.flag("private_auction", imp.private_auction);
  w.flag("interstitial", imp.interstitial);
  w.flag("rewarded", imp.rewarded);
  w.flag("secure", imp.secure);
  w.number("expires_s", imp.expires_s);
  w.number("quantity_e6", imp.quantity_e6, 1'000'000);
  return w.out;
}

Json describe(const domain::Device& device) {
  Writer w;
  w.text("user_agent", device.user_agent);
  w.text("ip", device.ip);
  w.text("ipv6", device.ipv6);
  w.text("make", device.make);
  w.text("model", device.model);
  w.text("os_text", device.os_text);
  w.text("os_version", device.os_version);
  w.text("type", domain::name_of(device.type));
  w.text("os", domain::name_of(device.os));
  w.text("browser", domain::name_of(device.browser));
  w.text("language", unpacked(device.language));
  w.number("connection", device.connection);
  w.flag("js", device.js, true);
  Writer g;
  g.text("country", unpacked(device.geo.country));
  g.text("region", unpacked(device.geo.region));
  g.text("city", device.geo.city);
  g.text("zip", device.geo.zip);
  g.text("metro", device.geo.metro);
  if (device.geo.has_position) {
    g.out["position_e2"] = {std::lround(device.geo.lat * 100), std::lround(device.geo.lon * 100)};
  }
  w.object("geo", g.out);
  return w.out;
}

Json describe(const domain::Auction& a) {
  static constexpr const char* kChannels[] = {"unknown", "site", "app", "dooh"};
  Writer w;
  w.text("id", a.id);
  for (const domain::Impression& imp : a.impressions) w.out["impressions"].push_back(describe(imp));
  w.text("channel", kChannels[static_cast<int>(a.channel)]);
  w.text("source_id", a.source_id);
  w.text("source_name", a.source_name);
  w.text("domain", a.domain);
  w.text("page", a.page);
  w.text("bundle", a.bundle);
  w.text("publisher_id", a.publisher_id);
  w.text("referrer", a.referrer);
  w.texts("source_categories", a.source_categories);
  w.number("source_cattax", a.source_cattax, 1);
  w.texts("keywords", a.keywords);
  w.object("device", describe(a.device));
  w.texts("blocked_categories", a.blocked_categories);
  w.number("cattax", a.cattax, 1);
  w.texts("blocked_domains", a.blocked_domains);
  w.texts("blocked_apps", a.blocked_apps);
  w.texts("seats_allowed", a.seats_allowed);
  w.texts("seats_blocked", a.seats_blocked);
  w.texts("languages_allowed", a.languages_allowed);
  w.texts("categories_allowed", a.categories_allowed);
  w.texts("currencies", a.currencies);
  if (a.schain.present) {
    w.out["schain"] = {{"complete", a.schain.complete}, {"nodes", Json::array()}};
    for (const domain::SchainNode& node : a.schain.nodes) {
      w.out["schain"]["nodes"].push_back({{"asi", node.asi}, {"sid", node.sid}, {"hp", node.hp}});
    }
  }
  w.number("tmax_ms", a.tmax_ms);
  w.number("at", a.at);
  w.flag("test", a.test);
  w.flag("all_impressions", a.all_impressions);
  return w.out;
}

Json describe(const domain::PrivacySignals& p) {
  Writer w;
  w.number("gdpr", static_cast<int>(p.gdpr), -1);
  w.flag("tcf_present", p.tcf_present);
  w.flag("tcf_malformed", p.tcf_malformed);
  w.flag("tcf_vendor_consent", p.tcf_vendor_consent);
  for (int i = 0; i < 24; ++i) {
    if ((p.tcf_purposes >> i & 1) != 0) w.out["tcf_purposes"].push_back(i + 1);
  }
  w.flag("us_known", p.us_known);
  w.flag("us_opt_out", p.us_opt_out);
  w.flag("coppa", p.coppa);
  w.flag("lmt", p.lmt);
  w.flag("dnt", p.dnt);
  w.flag("gpc", p.gpc);
  w.flag("gpp_malformed", p.gpp_malformed);
  return w.out;
}

Json describe(const ParsedRequest& request) {
  Writer w;
  w.out["outcome"] = name_of(request.outcome);
  if (request.outcome != Outcome::ok) {
    w.out["fault"] = name_of(request.refusal.fault);
    w.text("path", request.refusal.path.view());
    return w.out;
  }
  for (int i = 0; i < kFaults; ++i) {
    if (request.has(static_cast<Fault>(i))) w.out["oddities"].push_back(name_of(static_cast<Fault>(i)));
  }
  w.text("first_oddity_at", request.first_oddity.path.view());
  w.out["auction"] = describe(request.auction);
  w.object("privacy", describe(request.privacy));
  w.flag("identity_present", request.identity.present());
  for (const domain::Segment& segment : request.sealed_segments) {
    w.out["sealed_segments"].push_back(std::string(segment.provider) + "/" + std::string(segment.id));
  }
  if (request.sealed_keywords.size() > request.auction.keywords.size()) {
    w.texts("sealed_keywords", request.sealed_keywords.subspan(request.auction.keywords.size()));
  }
  w.flag("debug", request.debug);
  return w.out;
}

std::vector<std::filesystem::path> golden_files() {
  std::vector<std::filesystem::path> out;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(BANDSTAND_SOURCE_DIR "/tests/golden/openrtb")) {
    if (entry.path().extension() == ".json") out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

TEST(OpenRtbGolden, EveryFileIsReadAsItSays) {
  const auto files = golden_files();
  EXPECT_GE(files.size(), 20u);
  for (const auto& path : files) {
    std::ifstream in(path);
    Json file = Json::parse(in, nullptr, false);
    ASSERT_TRUE(file.is_object()) << path;
    const std::string body = file.contains("body") ? file["body"].get<std::string>() : file["request"].dump();
    ParserOptions options;
    options.tcf_vendor_id = 6;
    RequestParser parser(options);
    base::Arena arena;
    ParsedRequest request;
    parser.parse(body, arena, request);
    const Json reading = describe(request);
    if (std::getenv("BANDSTAND_UPDATE_GOLDEN") != nullptr) {
      file["expect"] = reading;
      std::ofstream(path) << file.dump(2) << "\n";
    }
    EXPECT_EQ(file.value("expect", Json()), reading) << path << "\nreads as\n" << reading.dump(2);
  }
}

}  // namespace
}  // namespace bandstand::protocol::openrtb
