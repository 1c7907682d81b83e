// decide_codec: simdjson's tree on the way in, text appended by hand on the way out.
#include "protocol/decide/decide_codec.h"

#include <simdjson.h>

#include <cmath>
#include <cstdio>
#include <cstring>

#include "protocol/consent/tcf.h"
#include "protocol/consent/us_privacy.h"
#include "protocol/device/country.h"
#include "protocol/device/user_agent.h"
#include "protocol/openrtb/escape.h"

namespace bandstand::protocol::decide {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

/// Reads one request; remembers the first thing that is wrong.
class Reader {
 public:
  Reader(base::Arena& arena, ParsedDecide& out, std::uint16_t vendor_id) : arena_(arena), out_(out), vendor_id_(vendor_id) {}

  bool read(const object& root) {
    out_.auction.first_party = true;
    out_.auction.channel = domain::Channel::site;
    out_.auction.at = 2;
    out_.auction.id = text(root, "id");
    out_.auction.page = text(root, "url");
    out_.auction.item = text(root, "item");
    out_.auction.domain = host(out_.auction.page);
    out_.auction.keywords = texts(root, "keywords", true);
    out_.auction.source_categories = texts(root, "categories", false);
    bool test = false;
    if (root["test"].get(test) == simdjson::SUCCESS) out_.auction.test = test;
    read_key_values(root);
    read_user(root);
    read_device(root);
    read_consent(root);
    return read_placements(root) && !failed_;
  }

 private:
  bool fail(const char* field, std::string_view message) {
    if (!failed_) {
      failed_ = true;
      std::snprintf(out_.refusal.field, sizeof out_.refusal.field, "%s", field);
      out_.refusal.message = message;
    }
    return false;
  }

  bool fail(std::string_view where, std::string_view name, std::string_view message) {
    return fail((std::string(where) + std::string(name)).c_str(), message);
  }

  /// The value of a field that is there and not null. `where` is the path of `from` with a dot at its end, or
  /// "".
  static bool find(const object& from, std::string_view name, element& out) {
    return from[name].get(out) == simdjson::SUCCESS && !out.is_null();
  }

  bool object_of(const object& from, std::string_view where, std::string_view name, object& out) {
    element found;
    if (!find(from, name, found)) return false;
    return found.get(out) == simdjson::SUCCESS || fail(where, name, "expected an object");
  }

  std::string_view text(const object& from, std::string_view name, std::string_view where = "") {
    std::string_view value;
    element found;
    if (!find(from, name, found)) return {};
    if (found.get(value) != simdjson::SUCCESS) {
      fail(where, name, "expected a text");
      return {};
    }
    return arena_.copy(value);
  }

  domain::Texts texts(const object& from, std::string_view name, bool lower, std::string_view where = "") {
    simdjson::dom::array list;
    element found;
    if (!find(from, name, found)) return {};
    if (found.get(list) != simdjson::SUCCESS) {
      fail(where, name, "expected a list of texts");
      return {};
    }
    auto out = arena_.array<std::string_view>(list.size());
    std::size_t count = 0;
    for (const element item : list) {
      std::string_view value;
      if (item.get(value) != simdjson::SUCCESS) {
        fail(where, name, "expected a list of texts");
        return {};
      }
      out[count++] = lower ? lowered(value) : arena_.copy(value);
    }
    return out.first(count);
  }

  std::string_view lowered(std::string_view value) {
    auto copy = arena_.array<char>(value.size());
    for (std::size_t i = 0; i < value.size(); ++i) {
      copy[i] = value[i] >= 'A' && value[i] <= 'Z' ? static_cast<char>(value[i] + 32) : value[i];
    }
    return {copy.data(), copy.size()};
  }

  static std::string_view host(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return {};
    url.remove_prefix(scheme + 3);
    url = url.substr(0, url.find_first_of("/?#:"));
    return url.substr(0, 4) == "www." ? url.substr(4) : url;
  }

  void read_key_values(const object& root) {
    object map;
    if (!object_of(root, "", "key_values", map)) return;
    auto out = arena_.array<std::pair<std::string_view, std::string_view>>(map.size());
    std::size_t count = 0;
    for (const auto field : map) {
      std::string_view value;
      if (field.value.get(value) != simdjson::SUCCESS) {
        fail("key_values", "expected texts as values");
        return;
      }
      out[count++] = {lowered(field.key), lowered(value)};
    }
    out_.auction.key_values = out.first(count);
  }

  void read_user(const object& root) {
    object user;
    if (!object_of(root, "", "user", user)) return;
    out_.identity = domain::SealedIdentity(text(user, "key", "user."));
    const domain::Texts names = texts(user, "segments", false, "user.");
    auto segments = arena_.array<domain::Segment>(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) segments[i].id = names[i];
    out_.sealed_segments = segments;
  }

  void read_device(const object& root) {
    object device;
    if (!object_of(root, "", "device", device)) return;
    domain::Device& d = out_.auction.device;
    d.user_agent = text(device, "ua", "device.");
    d.ip = text(device, "ip", "device.");
    const std::string_view language = text(device, "language", "device.");
    if (language.size() >= 2) d.language = domain::pack8(lowered(language.substr(0, 2)));
    read_country(device, "device.", d.geo);
    object geo;
    if (object_of(device, "device.", "geo", geo)) read_geo(geo, d.geo);
    const auto agent = device::classify_user_agent(d.user_agent);
    d.os = agent.os;
    d.browser = agent.browser;
    d.type = agent.type;
  }

  /// 0 unless it is one of ISO 3166-1: a typing error should not make line items silently stay away.
  static std::uint64_t known_country(std::string_view code) {
    const std::uint64_t packed = device::country_of(code);
    const char alpha2[] = {static_cast<char>(packed & 0xff), static_cast<char>(packed >> 8 & 0xff)};
    return packed != 0 && !device::alpha3_of({alpha2, 2}).empty() ? packed : 0;
  }

  void read_country(const object& from, std::string_view where, domain::Geo& out) {
    const std::string_view country = text(from, "country", where);
    if (country.empty()) return;
    out.country = known_country(country);
    if (out.country == 0) fail(where, "country", "expected a country of ISO 3166-1, such as DE or DEU");
  }

  /// Where the user is, as the caller knows it; nothing is looked up from an address.
  void read_geo(const object& geo, domain::Geo& out) {
    constexpr std::string_view kWhere = "device.geo.";
    read_country(geo, kWhere, out);
    read_region(text(geo, "region", kWhere), out);
    out.city = place(geo, "city");
    out.zip = place(geo, "zip");
    out.metro = place(geo, "metro");
    const bool has_lat = degrees(geo, "lat", 90, out.lat);
    const bool has_lon = degrees(geo, "lon", 180, out.lon);
    if (has_lat != has_lon) fail(kWhere, has_lat ? "lon" : "lat", "a position needs lat and lon");
    out.has_position = has_lat && has_lon;
  }

  /// "BY" beside a country, or "DE-BY".
  void read_region(std::string_view region, domain::Geo& out) {
    if (region.empty()) return;
    auto copy = arena_.array<char>(region.size());
    bool sound = region.size() <= 6;
    for (std::size_t i = 0; i < region.size(); ++i) {
      const char c = region[i];
      copy[i] = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      sound = sound && ((copy[i] >= 'A' && copy[i] <= 'Z') || (c >= '0' && c <= '9') || (c == '-' && i == 2));
    }
    const std::string_view upper(copy.data(), copy.size());
    const bool full = upper.size() > 3 && upper[2] == '-';
    if (!sound || (!full && upper.size() > 3)) {
      fail("device.geo.region", "expected a region of ISO 3166-2, such as BY or DE-BY");
      return;
    }
    if (full && out.country == 0) out.country = known_country(upper.substr(0, 2));
    if (full && out.country != domain::pack8(upper.substr(0, 2))) {
      fail("device.geo.region", "is in another country than device.geo.country");
    } else if (out.country == 0) {
      fail("device.geo.region", "needs a country: device.geo.country, or in the form DE-BY");
    }
    out.region = domain::pack8(upper);
  }

  std::string_view place(const object& geo, std::string_view name) {
    const std::string_view value = text(geo, name, "device.geo.");
    if (value.size() <= 128) return value;
    fail("device.geo.", name, "at most 128 bytes");
    return {};
  }

  bool degrees(const object& geo, std::string_view name, double most, float& out) {
    element found;
    double value = 0;
    if (!find(geo, name, found)) return false;
    if (found.get(value) != simdjson::SUCCESS || !(value >= -most && value <= most)) {
      fail("device.geo.", name,
           most > 90 ? "expected degrees from -180 to 180" : "expected degrees from -90 to 90");
    }
    out = static_cast<float>(value);
    return true;
  }

  void read_consent(const object& root) {
    object consent;
    if (!object_of(root, "", "consent", consent)) return;
    domain::PrivacySignals& p = out_.privacy;
    const auto flag = [&](const char* name) {
      bool value = false;
      return consent[name].get(value) == simdjson::SUCCESS && value;
    };
    bool gdpr = false;
    if (consent["gdpr"].get(gdpr) == simdjson::SUCCESS) p.gdpr = gdpr ? domain::Tri::yes : domain::Tri::no;
    p.coppa = flag("coppa");
    p.gpc = flag("gpc");
    if (const std::string_view tcf = text(consent, "tcf", "consent."); !tcf.empty()) {
      const auto decoded = consent::decode_tcf(tcf, vendor_id_);
      p.tcf_malformed = !decoded.valid;
      p.tcf_present = decoded.valid;
      p.tcf_vendor_consent = decoded.vendor_consent;
      p.tcf_purposes = decoded.purposes();
    }
    if (const std::string_view us = text(consent, "us_privacy", "consent."); !us.empty()) {
      const auto decoded = consent::decode_us_privacy(us);
      p.us_known = decoded.valid;
      p.us_opt_out = decoded.opt_out || !decoded.valid;
    }
  }

  bool read_placements(const object& root) {
    simdjson::dom::array list;
    if (root["placements"].get(list) != simdjson::SUCCESS) return fail("placements", "a list of placements is required");
    if (list.size() == 0) return fail("placements", "at least one placement is required");
    if (list.size() > 64) return fail("placements", "at most 64 placements");
    auto impressions = arena_.array<domain::Impression>(list.size());
    std::size_t i = 0;
    for (const element item : list) {
      object placement;
      char where[48];
      std::snprintf(where, sizeof where, "placements[%zu]", i);
      if (item.get(placement) != simdjson::SUCCESS) return fail(where, "expected an object");
      if (!read_placement(placement, where, impressions[i])) return false;
      for (std::size_t j = 0; j < i; ++j) {
        if (impressions[j].id == impressions[i].id) return fail(where, "the id is used twice");
      }
      ++i;
    }
    out_.auction.impressions = impressions;
    return true;
  }

  bool read_placement(const object& placement, const char* where, domain::Impression& out) {
    const std::string in = std::string(where) + ".";
    out.id = text(placement, "id", in);
    out.tag_id = out.id;
    if (failed_) return false;
    if (out.id.empty()) return fail(in, "id", "is required");
    const domain::Texts sizes = texts(placement, "sizes", false, in);
    auto parsed = arena_.array<domain::Size>(sizes.size());
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      unsigned w = 0;
      unsigned h = 0;
      if (std::sscanf(std::string(sizes[i]).c_str(), "%ux%u", &w, &h) != 2 || w > 10'000 || h > 10'000) {
        return fail(in, "sizes", "expected sizes such as 300x250");
      }
      parsed[i] = {static_cast<std::uint16_t>(w), static_cast<std::uint16_t>(h)};
    }
    const std::string_view floor = text(placement, "floor", in);
    if (!floor.empty()) {
      const auto price = base::parse_cpm(floor);
      if (!price) return fail(in, "floor", "expected a CPM price such as \"0.50\"");
      out.floor = *price;
    }
    domain::Texts types = texts(placement, "types", false, in);
    if (failed_) return false;
    const bool any = types.empty();
    const auto wants = [&](std::string_view type) {
      for (const auto& t : types) {
        if (t == type) return true;
      }
      return any && type == "banner";
    };
    if (wants("banner")) {
      auto* banner = arena_.make<domain::Banner>();
      banner->sizes = parsed;
      if (parsed.empty()) return fail(in, "sizes", "a banner placement needs sizes");
      out.banner = banner;
    }
    if (wants("video")) out.video = arena_.make<domain::TimedMedia>();
    if (wants("native")) out.native = whole_native();
    if (out.banner == nullptr && out.video == nullptr && out.native == nullptr) {
      return fail(in, "types", "expected banner, video or native");
    }
    return true;
  }

  /// A page of one's own takes any native ad: title required, the rest if there.
  const domain::Native* whole_native() {
    using Kind = domain::NativeAsset::Kind;
    auto assets = arena_.array<domain::NativeAsset>(5);
    assets[0].id = 1, assets[0].required = true, assets[0].kind = Kind::title, assets[0].len = 140;
    assets[1].id = 2, assets[1].kind = Kind::image, assets[1].type = 3;
    assets[2].id = 3, assets[2].kind = Kind::image, assets[2].type = 1;
    assets[3].id = 4, assets[3].kind = Kind::data, assets[3].type = 2, assets[3].len = 500;
    assets[4].id = 5, assets[4].kind = Kind::data, assets[4].type = 12, assets[4].len = 30;
    auto* native = arena_.make<domain::Native>();
    native->version = "1.2";
    native->assets = assets;
    return native;
  }

  base::Arena& arena_;
  ParsedDecide& out_;
  std::uint16_t vendor_id_;
  bool failed_ = false;
};

void append_text(std::string_view name, std::string_view value, std::string& out) {
  if (value.empty()) return;
  out += '"';
  out += name;
  out += "\":\"";
  openrtb::append_json(value, out);
  out += "\",";
}

void append_number(std::string_view name, std::uint32_t value, std::string& out) {
  char digits[12];
  const int n = std::snprintf(digits, sizeof digits, "%u", value);
  out += '"';
  out += name;
  out += "\":\"";
  out.append(digits, static_cast<std::size_t>(n));
  out += "\",";
}

}  // namespace

struct DecideParser::State {
  simdjson::dom::parser parser{256 * 1024};
  std::uint16_t vendor_id = 0;
};

DecideParser::DecideParser(std::uint16_t vendor_id) : state_(std::make_unique<State>()) { state_->vendor_id = vendor_id; }
DecideParser::~DecideParser() = default;

bool DecideParser::parse(std::string_view body, base::Arena& arena, ParsedDecide& out) {
  out = ParsedDecide{};
  element root;
  object fields;
  if (state_->parser.parse(body.data(), body.size(), false).get(root) != simdjson::SUCCESS ||
      root.get(fields) != simdjson::SUCCESS) {
    out.refusal.message = "the body is not a JSON object";
    return false;
  }
  return Reader(arena, out, state_->vendor_id).read(fields);
}

void admit(const domain::Consent& consent, ParsedDecide& request) {
  if (consent.may_personalise()) request.auction.segments = request.sealed_segments;
  if (consent.may_locate()) return;
  domain::Geo& geo = request.auction.device.geo;
  geo.lat = std::round(geo.lat * 10.0f) / 10.0f;
  geo.lon = std::round(geo.lon * 10.0f) / 10.0f;
  geo.zip = {};
}

void DecideWriter::begin(std::string_view request_id, std::string_view decision_id) {
  out_ += '{';
  append_text("id", request_id, out_);
  append_text("decision_id", decision_id, out_);
  out_ += "\"decisions\":[";
}

void DecideWriter::add(const DecisionOut& d) {
  if (!first_) out_ += ',';
  first_ = false;
  out_ += '{';
  append_text("placement", d.placement, out_);
  append_text("bid_id", d.decision_id, out_);
  append_number("campaign", d.campaign, out_);
  append_number("line_item", d.line_item, out_);
  append_number("creative", d.creative, out_);
  append_text("type", domain::name_of(d.type), out_);
  char size[16];
  std::snprintf(size, sizeof size, "%ux%u", d.size.w, d.size.h);
  append_text("size", size, out_);
  append_text("click_url", d.click_url, out_);
  append_text("impression_url", d.impression_url, out_);
  append_text("view_url", d.view_url, out_);
  append_text("conversion_url", d.conversion_url, out_);
  append_text("landing_page", d.landing_page, out_);
  append_text("markup", d.markup, out_);
  out_.back() = '}';
}

void DecideWriter::add_unfilled(std::string_view placement, std::string_view reason) {
  out_ += unfilled_ ? "," : "],\"unfilled\":[";
  unfilled_ = true;
  out_ += '{';
  append_text("placement", placement, out_);
  append_text("reason", reason, out_);
  out_.back() = '}';
}

void DecideWriter::end() { out_ += "]}"; }

void append_refusal(const Refusal& refusal, std::string& out) {
  out += '{';
  append_text("code", refusal.code, out);
  append_text("field", refusal.field, out);
  append_text("message", refusal.message, out);
  out.back() = '}';
}

}  // namespace bandstand::protocol::decide
