// request_parser: the request object, and what several of its fields decide together.
#include "protocol/openrtb/request_parser.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "protocol/consent/gpp.h"
#include "protocol/consent/us_privacy.h"
#include "protocol/device/user_agent.h"
#include "protocol/openrtb/context_reader.h"
#include "protocol/openrtb/impression_reader.h"

namespace bandstand::protocol::openrtb {

using domain::Tri;

struct RequestParser::State {
  explicit State(const ParserOptions& chosen) : options(chosen) {
    texts.reserve(4096);
    numbers.reserve(4096);
    // Grown now rather than by the first large body.
    BANDSTAND_CHECK(parser.allocate(options.body_bytes_max) == simdjson::SUCCESS);
    BANDSTAND_CHECK(native_parser.allocate(options.body_bytes_max) == simdjson::SUCCESS);
  }
  ParserOptions options;
  ondemand::parser parser, native_parser;
  std::vector<std::string_view> texts;
  std::vector<std::uint16_t> numbers;
};

RequestParser::RequestParser(const ParserOptions& options) : state_(std::make_unique<State>(options)) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;

namespace {

/// ext: what Prebid and version 2.4 put there.
void read_extension(JsonReader& r, ondemand::value& value, const Place& at, Pending& pending) {
  static constexpr KeyTable kKeys({"schain", "debug", "prebid"});
  static constexpr KeyTable kPrebidKeys({"debug"});
  r.fields(value, kKeys, at, [&](std::size_t field, const Place& here, ondemand::value& v, Token token) {
    switch (field) {
      case kKeys["schain"]:
        if (!pending.schain_ext.present) read_schain(r, v, here, pending.schain_ext);
        return;
      case kKeys["debug"]: return r.boolean(token, here, r.out.debug);
      case kKeys["prebid"]:
        r.fields(v, kPrebidKeys, here, [&](std::size_t, const Place& there, ondemand::value&, Token flag) {
          r.boolean(flag, there, r.out.debug);
        });
        return;
    }
  });
}

void read_request(JsonReader& r, ondemand::object object, const ParserOptions& options,
                  ondemand::parser& native_parser, Pending& pending) {
  static constexpr KeyTable kKeys({"id",   "imp",  "site",   "app",   "dooh",    "device", "user",  "test",
                                   "at",   "tmax", "wseat",  "bseat", "allimps", "cur",    "wlang", "wlangb",
                                   "acat", "bcat", "cattax", "badv",  "bapp",    "source", "regs",  "ext"});
  domain::Auction& a = r.out.auction;
  std::int64_t test = 0;
  r.fields(
      object, kKeys, Place{}, [&](std::size_t field, const Place& here, ondemand::value& v, Token token) {
        switch (field) {
          case kKeys["id"]: return r.text(token, here, a.id);
          case kKeys["imp"]: return read_impressions(r, v, here, options, native_parser);
          case kKeys["site"]: return read_channel(r, v, here, domain::Channel::site, pending);
          case kKeys["app"]: return read_channel(r, v, here, domain::Channel::app, pending);
          case kKeys["dooh"]: return read_channel(r, v, here, domain::Channel::dooh, pending);
          case kKeys["device"]: return read_device(r, v, here, pending);
          case kKeys["user"]: return read_user(r, v, here, pending);
          case kKeys["test"]: r.integer(token, here, test); return;
          case kKeys["at"]: {
            std::int64_t at = 2;
            r.integer(token, here, at);
            a.at = at == 2
                       ? 2
                       : 1;  // 500 and up: an exchange's own rule; read as first price, the careful reading
            return;
          }
          case kKeys["tmax"]: return r.natural_or_refuse(token, here, a.tmax_ms);
          case kKeys["wseat"]: return r.texts(v, here, a.seats_allowed);
          case kKeys["bseat"]: return r.texts(v, here, a.seats_blocked);
          case kKeys["allimps"]: return r.boolean(token, here, a.all_impressions);
          case kKeys["cur"]: return r.texts(v, here, a.currencies);
          case kKeys["wlang"]: return r.texts(v, here, a.languages_allowed, true);
          case kKeys["wlangb"]: return r.texts(v, here, pending.wlangb, true);
          case kKeys["acat"]: return r.texts(v, here, a.categories_allowed);
          case kKeys["bcat"]: return r.texts(v, here, a.blocked_categories);
          case kKeys["cattax"]: return r.natural_or_refuse(token, here, a.cattax);
          case kKeys["badv"]: return r.texts(v, here, a.blocked_domains, true);
          case kKeys["bapp"]: return r.texts(v, here, a.blocked_apps);
          case kKeys["source"]: return read_source(r, v, here, pending);
          case kKeys["regs"]: return read_regs(r, v, here, pending);
          case kKeys["ext"]: return read_extension(r, v, here, pending);
        }
      });
  a.test = test == 1;
}

/// The host of a URL; empty if there is none.
std::string_view host_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  std::string_view host = url.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (const std::size_t user = host.rfind('@'); user != std::string_view::npos) host.remove_prefix(user + 1);
  return host.substr(0, host.find(':'));
}

/// Pairs of which one is allowed: both are applied, which is the stricter reading.
void settle_pairs(JsonReader& r, Pending& p) {
  domain::Auction& a = r.out.auction;
  const Place root;
  if (!a.seats_allowed.empty() && !a.seats_blocked.empty())
    r.note(Fault::both_of_a_pair, root.field("bseat"));
  if (!a.categories_allowed.empty() && !a.blocked_categories.empty())
    r.note(Fault::both_of_a_pair, root.field("acat"));
  if (!p.wlangb.empty()) {
    if (!a.languages_allowed.empty()) {
      r.note(Fault::both_of_a_pair, root.field("wlangb"));
    } else {
      const auto primary = r.arena.array<std::string_view>(p.wlangb.size());
      for (std::size_t i = 0; i < primary.size(); ++i)
        primary[i] = p.wlangb[i].substr(0, p.wlangb[i].find('-'));
      a.languages_allowed = primary;
    }
  }
  if (!p.language_b.empty()) {
    const Place device{&root, "device", 0};
    if (a.device.language != 0)
      r.note(Fault::both_of_a_pair, device.field("langb"));
    else
      a.device.language = packed_code(p.language_b.substr(0, p.language_b.find('-')), false);
  }
}

void settle_privacy(JsonReader& r, const ParserOptions& options, Pending& p) {
  domain::PrivacySignals& privacy = r.out.privacy;
  const Place root;
  const Place regs{&root, "regs", 0};
  const Place user{&root, "user", 0};
  const auto lift = [&](auto& first_class, const auto& extension, const auto& absent, const Place& at) {
    if (first_class != absent || extension == absent) return;
    first_class = extension;
    r.note(Fault::deprecated_form, at);
  };
  lift(p.gdpr, p.gdpr_ext, std::int64_t{-1}, regs.field("ext"));
  lift(p.us_privacy, p.us_privacy_ext, std::string_view{}, regs.field("ext"));
  lift(p.consent, p.consent_ext, std::string_view{}, user.field("ext"));

  if (p.gdpr >= 0) privacy.gdpr = p.gdpr != 0 ? Tri::yes : Tri::no;
  consent::Tcf tcf;
  bool said = false;
  if (!p.gpp.empty()) {
    const consent::Gpp gpp = consent::decode_gpp(p.gpp, p.gpp_sid, options.tcf_vendor_id);
    privacy.gpp_malformed = !gpp.valid;
    if (!gpp.valid) r.note(Fault::privacy_string, regs.field("gpp"));
    privacy.us_known = gpp.us_known;
    privacy.us_opt_out = gpp.us_opt_out;
    said = gpp.has_tcf;
    tcf = gpp.tcf;
  }
  for (const std::uint16_t section : p.gpp_sid) {
    if (section == 2) privacy.gdpr = Tri::yes;
  }
  if (!p.consent.empty()) {
    // Where both speak, the string of user.consent is the one that vendors were told to read.
    tcf = consent::decode_tcf(p.consent, options.tcf_vendor_id);
    said = true;
  }
  if (said) {
    privacy.tcf_present = tcf.valid;
    privacy.tcf_malformed = !tcf.valid;
    privacy.tcf_vendor_consent = tcf.vendor_consent;
    privacy.tcf_purposes = tcf.purposes();
    if (!tcf.valid) r.note(Fault::privacy_string, user.field("consent"));
  }
  if (!p.us_privacy.empty()) {
    const consent::UsPrivacy us = consent::decode_us_privacy(p.us_privacy);
    if (!us.valid) r.note(Fault::privacy_string, regs.field("us_privacy"));
    privacy.us_known = privacy.us_known || (us.valid && us.applies);
    privacy.us_opt_out = privacy.us_opt_out || !us.valid || us.opt_out;
  }
}

void settle_device(JsonReader& r, const Pending& p) {
  domain::Device& d = r.out.auction.device;
  const device::UserAgent agent = device::classify_user_agent(d.user_agent);
  d.browser = agent.browser;
  d.os = device::os_of(d.os_text);
  if (d.os == domain::Os::unknown && !p.platform.empty()) d.os = device::os_of(p.platform);
  if (d.os == domain::Os::unknown) d.os = agent.os;
  if (d.type == domain::DeviceType::unknown) d.type = agent.type;
  if (d.geo.country == 0 && p.user_geo.country != 0) d.geo = p.user_geo;
}

/// Everything that needed the whole request.
void settle(JsonReader& r, const ParserOptions& options, Pending& p) {
  domain::Auction& a = r.out.auction;
  const Place root;
  if (!a.schain.present && p.schain_ext.present) {
    a.schain = p.schain_ext;
    r.note(Fault::deprecated_form, root.field("source"));
  }
  a.source_categories =
      joined(r.arena, joined(r.arena, p.categories, p.section_categories), p.page_categories);
  a.keywords = joined(r.arena, p.site_keywords, p.content_keywords);
  r.out.sealed_keywords = joined(r.arena, a.keywords, p.user_keywords);
  if (a.domain.empty()) a.domain = r.in_lower_case(host_of(a.page));
  settle_pairs(r, p);
  settle_privacy(r, options, p);
  settle_device(r, p);
  const std::string_view user = !p.buyer_uid.empty() ? p.buyer_uid : !p.user_id.empty() ? p.user_id : p.ifa;
  r.out.identity = domain::SealedIdentity(user);

  if (p.screen.w == 0 || p.screen.h == 0) return;
  for (const domain::Impression& imp : a.impressions) {
    if (imp.banner == nullptr || !imp.banner->sizes.empty())
      continue;  // an interstitial without size fills the screen
    domain::Banner* banner = r.arena.make<domain::Banner>(*imp.banner);
    banner->sizes = {r.arena.make<domain::Size>(p.screen), 1};
    const_cast<domain::Impression&>(imp).banner = banner;
  }
}

Outcome refused(ParsedRequest& out, const FaultAt& why) {
  out.refusal = why;
  return out.outcome = outcome_of(why.fault);
}

Outcome refused(ParsedRequest& out, Fault why) {
  FaultAt at;
  at.fault = why;
  return refused(out, at);
}

/// The first byte that is no white space; the padding's zero if there is none.
const char* document_start(std::string_view padded) {
  const std::size_t at = padded.find_first_not_of(" \t\r\n");
  return padded.data() + (at == std::string_view::npos ? padded.size() : at);
}

Fault fault_of(simdjson::error_code error) {
  return error == simdjson::UTF8_ERROR ? Fault::invalid_utf8 : Fault::not_json;
}

}  // namespace

Outcome RequestParser::parse(std::string_view body, base::Arena& arena, ParsedRequest& out) {
  const ParserOptions& options = state_->options;
  out = ParsedRequest{};
  if (body.size() > options.body_bytes_max) return refused(out, Fault::too_large);
  if (!depth_within(body, options.depth_max)) return refused(out, Fault::too_deep);
  const std::string_view padded = padded_copy(arena, body);

  ondemand::document document;
  ondemand::object object;
  if (const auto error = state_->parser
                             .iterate(simdjson::padded_string_view(
                                 padded.data(), padded.size(), padded.size() + simdjson::SIMDJSON_PADDING))
                             .get(document);
      error != simdjson::SUCCESS) {
    return refused(out, fault_of(error));
  }
  if (const auto error = document.get_object().get(object); error != simdjson::SUCCESS) {
    const bool value =
        !padded.empty() && std::strchr("[\"-0123456789tfn", *document_start(padded)) != nullptr;
    return refused(out, error == simdjson::INCORRECT_TYPE && value ? Fault::not_an_object : Fault::not_json);
  }

  JsonReader reader(arena, out);
  reader.escapes = padded.find('\\') != std::string_view::npos;
  reader.texts_scratch = &state_->texts;
  reader.numbers_scratch = &state_->numbers;
  Pending pending;
  read_request(reader, object, options, state_->native_parser, pending);
  if (reader.broken()) return refused(out, reader.broken_by());
  if (!fully_read(document)) return refused(out, Fault::not_json);

  const Place root;
  if (out.auction.id.empty()) {
    FaultAt at{Fault::id_missing, {}};
    at.path.append("id");
    return refused(out, at);
  }
  if (pending.channels > 1) reader.refuse(Fault::several_channels, root.field("site"));
  if (reader.refusal().fault != Fault::none) return refused(out, reader.refusal());
  if (out.auction.impressions.empty()) {
    if (reader.first_left_out().fault != Fault::none) return refused(out, reader.first_left_out());
    reader.refuse(Fault::no_impression, root.field("imp"));
    return refused(out, reader.refusal());
  }
  settle(reader, options, pending);
  return out.outcome = Outcome::ok;
}

namespace {

/// The address without what singles out a household: an IPv4's last octet is 0, an IPv6 keeps three groups.
std::string_view coarse_address(base::Arena& arena, std::string_view ip) {
  const bool v6 = ip.find(':') != std::string_view::npos;
  std::size_t end = 0;
  if (v6) {
    int groups = 0;
    for (; end < ip.size(); ++end) {
      if (ip[end] == ':' && ++groups == 3) break;
      if (ip[end] == ':' && end + 1 < ip.size() && ip[end + 1] == ':') break;
    }
    if (end == ip.size()) return {};
  } else {
    end = ip.rfind('.');
    if (end == std::string_view::npos) return {};
  }
  const auto text = arena.array<char>(end + 2);
  std::copy(ip.begin(), ip.begin() + static_cast<std::ptrdiff_t>(end), text.begin());
  text[end] = v6 ? ':' : '.';
  text[end + 1] = v6 ? ':' : '0';
  return {text.data(), text.size()};
}

}  // namespace

void admit(const domain::Consent& consent, base::Arena& arena, ParsedRequest& request) {
  domain::Auction& a = request.auction;
  if (consent.may_personalise()) {
    a.segments = request.sealed_segments;
    a.keywords = request.sealed_keywords;
  }
  if (consent.may_locate()) return;
  a.device.geo.lat = std::round(a.device.geo.lat * 10.0f) / 10.0f;
  a.device.geo.lon = std::round(a.device.geo.lon * 10.0f) / 10.0f;
  a.device.geo.zip = {};
  a.device.ip = coarse_address(arena, a.device.ip);
  a.device.ipv6 = coarse_address(arena, a.device.ipv6);
}

}  // namespace bandstand::protocol::openrtb
