// traffic_request: appends text; our own tables need no escaping.
#include "simulation/traffic_request.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/hash.h"
#include "base/money.h"

namespace bandstand::simulation {
namespace {

using Media = SlotKind::Media;

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  Writer& raw(std::string_view text) {
    out_ += text;
    return *this;
  }
  Writer& number(std::int64_t value) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out_.append(digits, end);
    return *this;
  }
  Writer& price(std::int64_t nanos) {
    char digits[24];
    out_.append(digits, base::format_cpm({nanos}, digits));
    return *this;
  }
  /// Degrees with four decimals.
  Writer& degrees(double value) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed, 4).ptr;
    out_.append(digits, end);
    return *this;
  }
  Writer& hex(std::uint64_t value) {
    static constexpr char kDigits[] = "0123456789abcdef";
    for (int shift = 60; shift >= 0; shift -= 4) out_ += kDigits[value >> shift & 15];
    return *this;
  }
  /// "name":"value" with a comma before; nothing if empty.
  Writer& text(std::string_view name, std::string_view value) {
    if (value.empty()) return *this;
    return raw(",\"").raw(name).raw("\":\"").raw(value).raw("\"");
  }
  std::string& out() { return out_; }

 private:
  std::string& out_;
};

void write_banner(Writer& out, const SlotKind& slot) {
  out.raw(",\"banner\":{\"format\":[");
  for (std::size_t i = 0; i < slot.sizes.size() && slot.sizes[i].w != 0; ++i) {
    out.raw(i == 0 ? "{\"w\":" : ",{\"w\":")
        .number(slot.sizes[i].w)
        .raw(",\"h\":")
        .number(slot.sizes[i].h)
        .raw("}");
  }
  out.raw("],\"w\":").number(slot.sizes[0].w).raw(",\"h\":").number(slot.sizes[0].h);
  out.raw(",\"pos\":").number(slot.position).raw(",\"btype\":[4],\"battr\":[3,8],\"topframe\":1}");
}

void write_video(Writer& out, const SlotKind& slot, bool skippable) {
  out.raw(
      ",\"video\":{\"mimes\":[\"video/mp4\",\"video/"
      "webm\"],\"minduration\":5,\"maxduration\":30,\"startdelay\":0,"
      "\"protocols\":[2,3,5,6,7,8],\"linearity\":1,\"plcmt\":1,\"playbackmethod\":[1,2],\"api\":[7],\"w\":");
  out.number(slot.sizes[0].w).raw(",\"h\":").number(slot.sizes[0].h);
  out.raw(",\"skip\":").number(skippable ? 1 : 0).raw(",\"pos\":").number(slot.position).raw("}");
}

void write_native(Writer& out) {
  out.raw(R"(,"native":{"ver":"1.2","request":"{\"ver\":\"1.2\",\"context\":1,\"plcmttype\":1,\"assets\":[)"
          R"({\"id\":1,\"required\":1,\"title\":{\"len\":90}},)"
          R"({\"id\":2,\"required\":1,\"img\":{\"type\":3,\"wmin\":600,\"hmin\":314}},)"
          R"({\"id\":3,\"required\":0,\"data\":{\"type\":1,\"len\":40}},)"
          R"({\"id\":4,\"required\":0,\"data\":{\"type\":2,\"len\":140}},)"
          R"({\"id\":5,\"required\":0,\"data\":{\"type\":12,\"len\":20}}],)"
          R"(\"eventtrackers\":[{\"event\":1,\"methods\":[1]}],\"privacy\":1}"})");
}

void write_deal(Writer& out, const Offer& offer) {
  if (offer.deal < 0) return;
  const DealKind& deal = deal_kinds()[static_cast<std::size_t>(offer.deal)];
  out.raw(",\"pmp\":{\"private_auction\":")
      .number(offer.private_auction ? 1 : 0)
      .raw(",\"deals\":[{\"id\":\"");
  out.raw(deal.id).raw("\",\"bidfloor\":").price(static_cast<std::int64_t>(deal.floor_cpm * 1e6 + .5));
  out.raw(",\"bidfloorcur\":\"USD\",\"at\":").number(deal.at).raw("}]}");
}

std::int64_t expiry_s(const SlotKind& slot, const Site& site, double factor) {
  const double whole = slot.media == Media::video ? 1800 : site.channel == Channel::web ? 60 : 300;
  return std::max<std::int64_t>(1, std::llround(whole * factor));
}

void write_impression(Writer& out, const Site& site, const Offer& offer, std::size_t index, double expiry_factor) {
  const Placement& placement = site.placements[offer.placement];
  const SlotKind& slot = slot_kinds()[placement.slot];
  out.raw(index == 0 ? "{\"id\":\"" : ",{\"id\":\"").number(static_cast<std::int64_t>(index + 1)).raw("\"");
  const bool skippable = site.channel != Channel::ctv;
  if (slot.media == Media::banner) write_banner(out, slot);
  if (slot.media == Media::video) write_video(out, slot, skippable);
  if (slot.media == Media::native) write_native(out);
  write_deal(out, offer);
  out.text("tagid", placement.tag_id).raw(",\"bidfloor\":").price(offer.floor_nanos);
  out.raw(",\"bidfloorcur\":\"USD\",\"secure\":1,\"instl\":").number(slot.name == "inter" ? 1 : 0);
  out.raw(",\"exp\":").number(expiry_s(slot, site, expiry_factor)).raw("}");
}

void write_source(Writer& out, const Visit& visit, const Site& site) {
  const Topic& topic = topics()[site.topic];
  const bool web = site.channel == Channel::web;
  out.raw(web ? ",\"site\":{\"id\":\"" : ",\"app\":{\"id\":\"")
      .raw(site.id)
      .raw("\"")
      .text("name", site.name);
  out.text("domain", site.domain).text("bundle", site.bundle);
  if (!web) out.raw(",\"storeurl\":\"https://store.example/").raw(site.bundle).raw("\"");
  out.raw(",\"cat\":[\"").raw(topic.category).raw("\"],\"pagecat\":[\"").raw(topic.detail).raw("\"]");
  if (web) {
    const std::uint64_t page = base::mix64(visit.number) % 200;
    out.raw(",\"page\":\"https://")
        .raw(site.domain)
        .raw("/")
        .raw(topic.segment)
        .raw("/")
        .number(static_cast<std::int64_t>(page));
    out.raw("\"");
    if (page % 3 == 0)
      out.raw(",\"ref\":\"https://search.example/?q=").number(static_cast<std::int64_t>(page)).raw("\"");
  }
  if (visit.item != 0) out.raw(",\"content\":{\"id\":\"").number(visit.item).raw("\"}");
  out.raw(",\"keywords\":\"")
      .raw(topic.keywords[0])
      .raw(",")
      .raw(topic.keywords[1 + visit.number % 2])
      .raw("\"");
  out.raw(",\"publisher\":{\"id\":\"").raw(site.publisher).raw("\"}}");
}

void write_geo(Writer& out, const User& user) {
  const Country& country = countries()[user.country];
  const double north = static_cast<double>(user.key >> 40 & 0xFF) / 128 - 1;
  const double east = static_cast<double>(user.key >> 48 & 0xFF) / 128 - 1;
  out.raw(",\"geo\":{\"type\":2")
      .text("country", country.alpha3)
      .text("region", country.regions[user.region]);
  out.text("city", country.cities[user.region]).text("zip", country.zips[user.region]);
  out.raw(",\"lat\":").degrees(country.lat + north).raw(",\"lon\":").degrees(country.lon + east).raw("}");
}

void write_device(Writer& out, const User& user, Channel channel) {
  const DeviceKind& device = device_kinds()[user.device];
  out.raw(",\"device\":{\"ua\":\"").raw(user_agent_of(user)).raw("\",\"ip\":\"");
  append_address(user, out.out());
  out.raw("\"");
  write_geo(out, user);
  if (user.behaviour != Behaviour::crawler) {
    out.raw(",\"devicetype\":").number(device.type).text("os", device.os).text("osv", device.os_version);
    out.text("make", device.make).text("model", device.model);
  }
  out.text("language", countries()[user.country].language);
  out.raw(",\"connectiontype\":").number(device.type == 4 && user.key % 3 != 0 ? 6 : 2);
  out.raw(",\"js\":")
      .number(user.behaviour == Behaviour::crawler ? 0 : 1)
      .raw(",\"lmt\":")
      .number(user.limited ? 1 : 0);
  if (channel != Channel::web && !user.limited)
    out.raw(",\"ifa\":\"").hex(base::mix64(user.key)).hex(user.key).raw("\"");
  out.raw("}");
}

void write_user(Writer& out, const User& user, std::string_view consent) {
  out.raw(",\"user\":{\"id\":\"")
      .hex(user.key)
      .raw("\",\"buyeruid\":\"b-")
      .hex(base::mix64(user.key ^ 0xB))
      .raw("\"");
  out.text("consent", consent);
  // Segment sellers know two interests in three.
  bool first = true;
  for (std::size_t i = 0; i < user.interests.size(); ++i) {
    if ((user.key >> (8 * i)) % 3 == 0) continue;
    out.raw(first ? ",\"data\":[{\"id\":\"seg\",\"name\":\"segments.example\",\"segment\":[{\"id\":\""
                  : ",{\"id\":\"");
    out.raw(topics()[user.interests[i]].segment).raw("\"}");
    first = false;
  }
  if (!first) out.raw("]}]");
  out.raw("}");
}

void write_regs(Writer& out, const User& user, const Site& site) {
  const bool regulated = user.permission != Permission::not_needed;
  out.raw(",\"regs\":{\"coppa\":").number(user.coppa || site.child_directed ? 1 : 0);
  out.raw(",\"gdpr\":").number(regulated ? 1 : 0);
  if (countries()[user.country].alpha2 == "US") out.text("us_privacy", user.limited ? "1YYN" : "1YNN");
  out.raw("}");
}

}  // namespace

void append_auction_id(std::uint64_t seed, std::uint64_t number, std::string& out) {
  Writer(out)
      .raw("w")
      .number(static_cast<std::int64_t>(seed))
      .raw("-")
      .number(static_cast<std::int64_t>(number));
}

void write_request(const Visit& visit, const Population& population, const TrafficOptions& options,
                   std::string& out) {
  const User& user = population.users()[visit.user];
  const Site& site = population.sites()[visit.site];
  out.clear();
  Writer w(out);
  w.raw("{\"id\":\"");
  append_auction_id(options.seed, visit.number, out);
  w.raw("\",\"imp\":[");
  for (std::size_t i = 0; i < visit.offers; ++i) write_impression(w, site, visit.offer[i], i, options.expiry_factor);
  w.raw("]");
  write_source(w, visit, site);
  write_device(w, user, site.channel);
  write_user(w, user, population.consent_string(user));
  write_regs(w, user, site);
  w.raw(",\"at\":").number(options.at[visit.exchange]).raw(",\"tmax\":").number(options.tmax_ms);
  w.raw(",\"cur\":[\"USD\"],\"bcat\":[\"IAB25\",\"IAB26\"],\"badv\":[\"blocked.example\"]");
  if (visit.test) w.raw(",\"test\":1");
  w.raw(",\"source\":{\"tid\":\"t-").hex(base::mix64(visit.number ^ options.seed << 32));
  w.raw("\",\"schain\":{\"ver\":\"1.0\",\"complete\":1,\"nodes\":[{\"asi\":\"")
      .raw(kExchangeNames[visit.exchange]);
  w.raw(".example\",\"sid\":\"").raw(site.publisher).raw("\",\"hp\":1}]}}}");
}

}  // namespace bandstand::simulation
