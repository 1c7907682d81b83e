// context_reader: site, app, dooh, device, user, source, regs.
#include "protocol/openrtb/context_reader.h"

#include <algorithm>
#include <cmath>

#include "protocol/device/country.h"

namespace bandstand::protocol::openrtb {
namespace {

/// "Music, Rock,jazz" to lower-case words without outer spaces.
Texts split_keywords(JsonReader& r, std::string_view text) {
  std::vector<std::string_view>& words = *r.texts_scratch;
  words.clear();
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    std::string_view word = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    while (!word.empty() && word.front() == ' ') word.remove_prefix(1);
    while (!word.empty() && word.back() == ' ') word.remove_suffix(1);
    if (!word.empty()) words.push_back(word);
  }
  const auto kept = r.arena.array<std::string_view>(words.size());
  std::copy(words.begin(), words.end(), kept.begin());
  return kept;
}

}  // namespace

Texts joined(base::Arena& arena, Texts a, Texts b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  const auto both = arena.array<std::string_view>(a.size() + b.size());
  std::copy(b.begin(), b.end(), std::copy(a.begin(), a.end(), both.begin()));
  return both;
}

namespace {

void read_keywords(JsonReader& r, Token token, const Place& at, Texts& to) {
  std::string_view text;
  r.lowered(token, at, text);
  if (!to.empty()) r.note(Fault::both_of_a_pair, at);
  to = joined(r.arena, to, split_keywords(r, text));
}

void read_kwarray(JsonReader& r, ondemand::value& value, const Place& at, Texts& to) {
  Texts words;
  r.texts(value, at, words, true);
  if (!to.empty()) r.note(Fault::both_of_a_pair, at);
  to = joined(r.arena, to, words);
}

}  // namespace

void read_schain(JsonReader& r, ondemand::value& value, const Place& at, domain::SupplyChain& chain) {
  static constexpr KeyTable kKeys({"complete", "nodes"});
  static constexpr KeyTable kNodeKeys({"asi", "sid", "hp"});
  chain.present =
      r.fields(value, kKeys, at, [&](std::size_t field, const Place& here, ondemand::value& v, Token token) {
        if (field == kKeys["complete"]) return r.boolean(token, here, chain.complete);
        base::ArenaList<domain::SchainNode> nodes(r.arena, 4);
        r.elements(v, here, [&](const Place& there, ondemand::value& element, Token) {
          domain::SchainNode node;
          r.fields(element, kNodeKeys, there,
                   [&](std::size_t part, const Place& place, ondemand::value&, Token part_token) {
                     switch (part) {
                       case kNodeKeys["asi"]: return r.lowered(part_token, place, node.asi);
                       case kNodeKeys["sid"]: return r.text(part_token, place, node.sid);
                       case kNodeKeys["hp"]: return r.boolean(part_token, place, node.hp);
                     }
                   });
          nodes.push(node);
        });
        chain.nodes = nodes.span();
      });
}

namespace {

void read_content(JsonReader& r, ondemand::value& value, const Place& at, Pending& pending) {
  static constexpr KeyTable kKeys({"id", "keywords", "kwarray", "cat"});
  r.fields(value, kKeys, at, [&](std::size_t field, const Place& here, ondemand::value& v, Token token) {
    switch (field) {
      case kKeys["id"]: return r.text(token, here, r.out.auction.item);
      case kKeys["keywords"]: return read_keywords(r, token, here, pending.content_keywords);
      case kKeys["kwarray"]: return read_kwarray(r, v, here, pending.content_keywords);
    }
  });
}

}  // namespace

void read_channel(JsonReader& r, ondemand::value& value, const Place& at, domain::Channel channel,
                  Pending& pending) {
  static constexpr KeyTable kKeys({"id", "name", "domain", "page", "ref", "bundle", "cat", "sectioncat",
                                   "pagecat", "cattax", "keywords", "kwarray", "publisher", "content"});
  static constexpr KeyTable kPublisherKeys({"id"});
  domain::Auction& a = r.out.auction;
  if (!r.fields(value, kKeys, at, [&](std::size_t field, const Place& here, ondemand::value& v, Token token) {
        switch (field) {
          case kKeys["id"]: return r.text(token, here, a.source_id);
          case kKeys["name"]: return r.text(token, here, a.source_name);
          case kKeys["domain"]: return r.lowered(token, here, a.domain);
          case kKeys["page"]: return r.text(token, here, a.page);
          case kKeys["ref"]: return r.text(token, here, a.referrer);
          case kKeys["bundle"]: return r.text(token, here, a.bundle);
          case kKeys["cat"]: return r.texts(v, here, pending.categories);
          case kKeys["sectioncat"]: return r.texts(v, here, pending.section_categories);
          case kKeys["pagecat"]: return r.texts(v, here, pending.page_categories);
          case kKeys["cattax"]: return r.natural_or_refuse(token, here, a.source_cattax);
          case kKeys["keywords"]: return read_keywords(r, token, here, pending.site_keywords);
          case kKeys["kwarray"]: return read_kwarray(r, v, here, pending.site_keywords);
          case kKeys["publisher"]:
            r.fields(v, kPublisherKeys, here,
                     [&](std::size_t, const Place& there, ondemand::value&, Token id) {
                       r.text(id, there, a.publisher_id);
                     });
            return;
          case kKeys["content"]: return read_content(r, v, here, pending);
        }
      })) {
    return;
  }
  ++pending.channels;
  a.channel = channel;
}

namespace {

void read_geo(JsonReader& r, ondemand::value& value, const Place& at, domain::Geo& geo) {
  static constexpr KeyTable kKeys({"country", "region", "city", "zip", "metro", "lat", "lon", "accuracy"});
  bool has_lat = false, has_lon = false;
  std::int32_t accuracy_m = 0;
  r.fields(value, kKeys, at, [&](std::size_t field, const Place& here, ondemand::value&, Token token) {
    switch (field) {
      case kKeys["country"]: {
        std::string_view country;
        r.text(token, here, country);
        geo.country = device::country_of(country);
        return;
      }
      case kKeys["region"]: return r.code(token, here, true, geo.region);
      case kKeys["city"]: return r.text(token, here, geo.city);
      case kKeys["zip"]: return r.text(token, here, geo.zip);
      case kKeys["metro"]: return r.text(token, here, geo.metro);
      case kKeys["lat"]: return r.real(token, here, geo.lat, has_lat);
      case kKeys["lon"]: return r.real(token, here, geo.lon, has_lon);
      case kKeys["accuracy"]: return r.natural_or_refuse(token, here, accuracy_m);
    }
  });
  geo.has_position = has_lat && has_lon && std::abs(geo.lat) <= 90.0f && std::abs(geo.lon) <= 180.0f;
  if (!geo.has_position) geo.lat = geo.lon = 0.0f;
}

/// sua.platform.brand, when device.os is missing (OpenRTB 3.2.29).
void read_structured_agent(JsonReader& r, ondemand::value& value, const Place& at, Pending& pending) {
  static constexpr KeyTable kKeys({"platform"});
  static constexpr KeyTable kPlatformKeys({"brand"});
  r.fields(value, kKeys, at, [&](std::size_t, const Place& here, ondemand::value& v, Token) {
    r.fields(v, kPlatformKeys, here, [&](std::size_t, const Place& there, ondemand::value&, Token token) {
      r.text(token, there, pending.platform);
    });
  });
}

}  // namespace

void read_device(JsonReader& r, ondemand::value& value, const Place& at, Pending& pending) {
  static constexpr KeyTable kKeys({"ua", "sua", "ip",         "ipv6",     "make",  "model",
                                   "os", "osv", "devicetype", "language", "langb", "connectiontype",
                                   "js", "geo", "dnt",        "lmt",      "ifa",   "w",
                                   "h",  "ppi"});
  domain::Device& d = r.out.auction.device;
  std::int32_t pixels_per_inch = 0;
  r.fields(value, kKeys, at, [&](std::size_t field, const Place& here, ondemand::value& v, Token token) {
    switch (field) {
      case kKeys["ua"]: return r.text(token, here, d.user_agent);
      case kKeys["sua"]: return read_structured_agent(r, v, here, pending);
      case kKeys["ip"]: return r.text(token, here, d.ip);
      case kKeys["ipv6"]: return r.text(token, here, d.ipv6);
      case kKeys["make"]: return r.text(token, here, d.make);
      case kKeys["model"]: return r.text(token, here, d.model);
      case kKeys["os"]: return r.text(token, here, d.os_text);
      case kKeys["osv"]: return r.text(token, here, d.os_version);
      case kKeys["devicetype"]: {
        std::int64_t type = 0;
        if (r.integer(token, here, type) && type > 0 && type < domain::kDeviceTypes) {
          d.type = static_cast<domain::DeviceType>(type);
        }
        return;
      }
      case kKeys["language"]: {
        std::string_view language;
        r.text(token, here, language);
        language = language.substr(0, language.find_first_of("-_"));
        d.language = packed_code(language, false);
        return;
      }
      case kKeys["langb"]: return r.text(token, here, pending.language_b);
      case kKeys["connectiontype"]: return r.natural_or_refuse(token, here, d.connection);
      case kKeys["js"]: return r.boolean(token, here, d.js);
      case kKeys["geo"]: return read_geo(r, v, here, d.geo);
      case kKeys["dnt"]: return r.boolean(token, here, r.out.privacy.dnt);
      case kKeys["lmt"]: return r.boolean(token, here, r.out.privacy.lmt);
      case kKeys["ifa"]: return r.text(token, here, pending.ifa);
      case kKeys["w"]: return r.natural_or_refuse(token, here, pending.screen.w);
      case kKeys["h"]: return r.natural_or_refuse(token, here, pending.screen.h);
      case kKeys["ppi"]: return r.natural_or_refuse(token, here, pixels_per_inch);
    }
  });
}

namespace {

/// user.data[].segment[]: sealed until the consent gate has spoken.
void read_segments(JsonReader& r, ondemand::value& value, const Place& at,
                   base::ArenaList<domain::Segment>& segments) {
  static constexpr KeyTable kDataKeys({"id", "name", "segment"});
  static constexpr KeyTable kSegmentKeys({"id", "name", "value"});
  constexpr std::size_t kSegmentsMax = 256;
  r.elements(value, at, [&](const Place& here, ondemand::value& data, Token) {
    std::string_view provider, name;
    const std::size_t first = segments.size();
    r.fields(data, kDataKeys, here,
             [&](std::size_t field, const Place& there, ondemand::value& v, Token token) {
               switch (field) {
                 case kDataKeys["id"]: return r.text(token, there, provider);
                 case kDataKeys["name"]: return r.text(token, there, name);
                 case kDataKeys["segment"]:
                   r.elements(v, there, [&](const Place& place, ondemand::value& element, Token) {
                     domain::Segment segment;
                     r.fields(element, kSegmentKeys, place,
                              [&](std::size_t part, const Place& part_place, ondemand::value&, Token text) {
                                if (part == kSegmentKeys["id"]) r.text(text, part_place, segment.id);
                              });
                     if (!segment.id.empty() && segments.size() < kSegmentsMax) segments.push(segment);
                   });
                   return;
               }
             });
    for (std::size_t i = first; i < segments.size(); ++i)
      segments[i].provider = name.empty() ? provider : name;
  });
}

}  // namespace

void read_user(JsonReader& r, ondemand::value& value, const Place& at, Pending& pending) {
  static constexpr KeyTable kKeys({"id", "buyeruid", "keywords", "kwarray", "data", "consent", "geo", "ext"});
  static constexpr KeyTable kExtKeys({"consent"});
  base::ArenaList<domain::Segment> segments(r.arena, 8);
  r.fields(value, kKeys, at, [&](std::size_t field, const Place& here, ondemand::value& v, Token token) {
    switch (field) {
      case kKeys["id"]: return r.text(token, here, pending.user_id);
      case kKeys["buyeruid"]: return r.text(token, here, pending.buyer_uid);
      case kKeys["keywords"]: return read_keywords(r, token, here, pending.user_keywords);
      case kKeys["kwarray"]: return read_kwarray(r, v, here, pending.user_keywords);
      case kKeys["data"]: return read_segments(r, v, here, segments);
      case kKeys["consent"]: return r.text(token, here, pending.consent);
      case kKeys["geo"]: return read_geo(r, v, here, pending.user_geo);
      case kKeys["ext"]:
        r.fields(v, kExtKeys, here, [&](std::size_t, const Place& there, ondemand::value&, Token text) {
          r.text(text, there, pending.consent_ext);
        });
        return;
    }
  });
  r.out.sealed_segments = segments.span();
}

void read_source(JsonReader& r, ondemand::value& value, const Place& at, Pending& pending) {
  static constexpr KeyTable kKeys({"schain", "ext"});
  static constexpr KeyTable kExtKeys({"schain"});
  r.fields(value, kKeys, at, [&](std::size_t field, const Place& here, ondemand::value& v, Token) {
    if (field == kKeys["schain"]) return read_schain(r, v, here, r.out.auction.schain);
    r.fields(v, kExtKeys, here, [&](std::size_t, const Place& there, ondemand::value& chain, Token) {
      read_schain(r, chain, there, pending.schain_ext);
    });
  });
}

void read_regs(JsonReader& r, ondemand::value& value, const Place& at, Pending& pending) {
  static constexpr KeyTable kKeys({"coppa", "gdpr", "us_privacy", "gpp", "gpp_sid", "ext"});
  static constexpr KeyTable kExtKeys({"gdpr", "us_privacy", "gpc"});
  const auto read_gdpr = [&](Token token, const Place& here, std::int64_t& to) {
    if (r.integer(token, here, to) && to != 0 && to != 1) r.refuse(Fault::gdpr_range, here);
  };
  r.fields(value, kKeys, at, [&](std::size_t field, const Place& here, ondemand::value& v, Token token) {
    switch (field) {
      case kKeys["coppa"]: return r.boolean(token, here, r.out.privacy.coppa);
      case kKeys["gdpr"]: return read_gdpr(token, here, pending.gdpr);
      case kKeys["us_privacy"]: return r.text(token, here, pending.us_privacy);
      case kKeys["gpp"]: return r.text(token, here, pending.gpp);
      case kKeys["gpp_sid"]: return r.numbers(v, here, pending.gpp_sid);
      case kKeys["ext"]:
        r.fields(v, kExtKeys, here, [&](std::size_t part, const Place& there, ondemand::value&, Token text) {
          switch (part) {
            case kExtKeys["gdpr"]: return read_gdpr(text, there, pending.gdpr_ext);
            case kExtKeys["us_privacy"]: return r.text(text, there, pending.us_privacy_ext);
            case kExtKeys["gpc"]: {  // the string "1" by the specification; the number is accepted
              std::string_view said;
              if (text.first() == '"') said = r.unquoted(text);
              bool number = false;
              if (text.first() != '"') r.boolean(text, there, number);
              r.out.privacy.gpc = said == "1" || number;
              return;
            }
          }
        });
        return;
    }
  });
}

}  // namespace bandstand::protocol::openrtb
