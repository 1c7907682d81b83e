// impression_reader: imp[], banner, video, audio, deals.
#include "protocol/openrtb/impression_reader.h"

#include <algorithm>

namespace bandstand::protocol::openrtb {
namespace {

using domain::Banner;
using domain::Deal;
using domain::DurationFloor;
using domain::Impression;
using domain::Size;
using domain::TimedMedia;

bool read_format(JsonReader& r, ondemand::value& value, const Place& at, Size& size) {
  static constexpr KeyTable kKeys({"w", "h", "wratio", "hratio", "wmin"});
  std::uint16_t w_min = 0, w_ratio = 0, h_ratio = 0;
  bool usable = true;
  const bool object =
      r.fields(value, kKeys, at, [&](std::size_t field, const Place& here, ondemand::value&, Token token) {
        switch (field) {
          case kKeys["w"]: return r.natural_or_leave_out(token, here, size.w, usable);
          case kKeys["h"]: return r.natural_or_leave_out(token, here, size.h, usable);
          case kKeys["wratio"]: return r.natural_or_leave_out(token, here, w_ratio, usable);
          case kKeys["hratio"]: return r.natural_or_leave_out(token, here, h_ratio, usable);
          case kKeys["wmin"]: return r.natural_or_leave_out(token, here, w_min, usable);
        }
      });
  if (!object || !usable) return false;
  const bool some_flexible = w_min != 0 || w_ratio != 0 || h_ratio != 0;
  if (size.w != 0 && size.h != 0) return true;
  if (!some_flexible) return r.leave_out(Fault::format_empty, at);
  if (w_min == 0 || w_ratio == 0 || h_ratio == 0) return r.leave_out(Fault::format_incomplete, at);
  size = {w_min, 0};
  return true;
}

void read_formats(JsonReader& r, ondemand::value& value, const Place& at, Banner& banner) {
  base::ArenaList<Size> sizes(r.arena, 4);
  r.elements(value, at, [&](const Place& here, ondemand::value& element, Token) {
    Size size;
    if (read_format(r, element, here, size)) sizes.push(size);
  });
  banner.sizes = sizes.span();
}

bool read_banner(JsonReader& r, ondemand::value& value, const Place& at, bool& size_range, Banner& banner) {
  static constexpr KeyTable kKeys({"format", "w", "h", "wmin", "wmax", "hmin", "hmax", "btype", "battr",
                                   "pos", "mimes", "topframe", "expdir", "api"});
  Size only;
  std::uint16_t bound = 0;
  bool usable = true;
  size_range = false;
  const bool object =
      r.fields(value, kKeys, at, [&](std::size_t field, const Place& here, ondemand::value& v, Token token) {
        switch (field) {
          case kKeys["format"]: return read_formats(r, v, here, banner);
          case kKeys["w"]: return r.natural_or_leave_out(token, here, only.w, usable);
          case kKeys["h"]: return r.natural_or_leave_out(token, here, only.h, usable);
          case kKeys["wmin"]:
          case kKeys["wmax"]:
          case kKeys["hmin"]:
          case kKeys["hmax"]: size_range = true; return r.natural_or_leave_out(token, here, bound, usable);
          case kKeys["btype"]: return r.bytes(v, here, banner.btype);
          case kKeys["battr"]: return r.bytes(v, here, banner.battr);
          case kKeys["pos"]: return r.natural_or_leave_out(token, here, banner.pos, usable);
          case kKeys["mimes"]: return r.texts(v, here, banner.mimes);
          case kKeys["topframe"]: return r.boolean(token, here, banner.top_frame);
          case kKeys["expdir"]: return r.bytes(v, here, banner.expdir);
          case kKeys["api"]: return r.bytes(v, here, banner.api);
        }
      });
  if (banner.sizes.empty() && only.w != 0 && only.h != 0) {
    const auto sizes = r.arena.array<Size>(1);
    sizes[0] = only;
    banner.sizes = sizes;
  }
  return object && usable;
}

bool read_duration_floors(JsonReader& r, ondemand::value& value, const Place& at,
                          std::span<const DurationFloor>& to) {
  static constexpr KeyTable kKeys({"mindur", "maxdur", "bidfloor"});
  base::ArenaList<DurationFloor> floors(r.arena, 4);
  bool usable = true;
  r.elements(value, at, [&](const Place& here, ondemand::value& element, Token) {
    DurationFloor floor;
    r.fields(element, kKeys, here, [&](std::size_t field, const Place& there, ondemand::value&, Token token) {
      switch (field) {
        case kKeys["mindur"]: return r.natural_or_leave_out(token, there, floor.min_s, usable);
        case kKeys["maxdur"]: return r.natural_or_leave_out(token, there, floor.max_s, usable);
        case kKeys["bidfloor"]:
          if (!r.price(token, there, floor.floor)) usable = r.leave_out(Fault::price, there);
          return;
      }
    });
    floors.push(floor);
  });
  to = floors.span();
  return usable;
}

void read_start_delay(JsonReader& r, Token token, const Place& at, TimedMedia& media) {
  std::int64_t value = 0;  // 0, -1 and -2 have meanings of their own
  if (!r.integer(token, at, value)) return;
  media.start_delay_s = static_cast<std::int32_t>(std::clamp<std::int64_t>(value, -1000, INT32_MAX));
  media.has_start_delay = true;
}

bool read_timed(JsonReader& r, ondemand::value& value, const Place& at, TimedMedia& media) {
  static constexpr KeyTable kKeys(
      {"mimes",      "minduration",    "maxduration",  "rqddurs",   "protocols", "protocol", "w",
       "h",          "startdelay",     "plcmt",        "linearity", "skip",      "battr",    "minbitrate",
       "maxbitrate", "playbackmethod", "delivery",     "pos",       "api",       "podid",    "poddur",
       "maxseq",     "sequence",       "mincpmpersec", "durfloors", "skipmin",   "skipafter"});
  bool usable = true;
  std::int32_t unused = 0;
  domain::Bytes old_protocol;
  const bool object =
      r.fields(value, kKeys, at, [&](std::size_t field, const Place& here, ondemand::value& v, Token token) {
        switch (field) {
          case kKeys["mimes"]: return r.texts(v, here, media.mimes);
          case kKeys["minduration"]: return r.natural_or_leave_out(token, here, media.min_duration_s, usable);
          case kKeys["maxduration"]: return r.natural_or_leave_out(token, here, media.max_duration_s, usable);
          case kKeys["rqddurs"]: return r.numbers(v, here, media.required_durations_s);
          case kKeys["protocols"]: return r.bytes(v, here, media.protocols);
          case kKeys["protocol"]: return r.bytes(v, here, old_protocol);
          case kKeys["w"]: return r.natural_or_leave_out(token, here, media.size.w, usable);
          case kKeys["h"]: return r.natural_or_leave_out(token, here, media.size.h, usable);
          case kKeys["startdelay"]: return read_start_delay(r, token, here, media);
          case kKeys["plcmt"]: return r.natural_or_leave_out(token, here, media.plcmt, usable);
          case kKeys["linearity"]: return r.natural_or_leave_out(token, here, media.linearity, usable);
          case kKeys["skip"]: {
            bool skip = false;
            r.boolean(token, here, skip);
            media.skip = skip ? 1 : 0;
            return;
          }
          case kKeys["battr"]: return r.bytes(v, here, media.battr);
          case kKeys["minbitrate"]: return r.natural_or_leave_out(token, here, media.min_bitrate, usable);
          case kKeys["maxbitrate"]: return r.natural_or_leave_out(token, here, media.max_bitrate, usable);
          case kKeys["playbackmethod"]: return r.bytes(v, here, media.playback);
          case kKeys["delivery"]: return r.bytes(v, here, media.delivery);
          case kKeys["pos"]: return r.natural_or_leave_out(token, here, media.pos, usable);
          case kKeys["api"]: return r.bytes(v, here, media.api);
          case kKeys["podid"]: return r.text(token, here, media.pod_id);
          case kKeys["poddur"]: return r.natural_or_leave_out(token, here, media.pod_duration_s, usable);
          case kKeys["maxseq"]: return r.natural_or_leave_out(token, here, media.max_in_pod, usable);
          case kKeys["sequence"]:
          case kKeys["skipmin"]:
          case kKeys["skipafter"]: return r.natural_or_leave_out(token, here, unused, usable);
          case kKeys["mincpmpersec"]:
            if (!r.price(token, here, media.floor_per_second)) usable = r.leave_out(Fault::price, here);
            return;
          case kKeys["durfloors"]:
            usable = read_duration_floors(r, v, here, media.duration_floors) && usable;
            return;
        }
      });
  if (!object || !usable) return false;
  if (media.protocols.empty()) media.protocols = old_protocol;
  if (!media.required_durations_s.empty() && (media.min_duration_s != 0 || media.max_duration_s != 0)) {
    r.note(Fault::both_of_a_pair, at.field("rqddurs"));
  }
  return media.mimes.empty() ? r.leave_out(Fault::mimes_missing, at.field("mimes")) : true;
}

bool read_native(JsonReader& r, ondemand::value& value, const Place& at, const ParserOptions& options,
                 ondemand::parser& native_parser, domain::Native& native) {
  static constexpr KeyTable kKeys({"request", "ver", "api", "battr"});
  bool usable = true, requested = false;
  const bool object =
      r.fields(value, kKeys, at, [&](std::size_t field, const Place& here, ondemand::value& v, Token token) {
        switch (field) {
          case kKeys["request"]:
            requested = true;
            usable = read_native_request(r, v, token, here, options, native_parser, native);
            return;
          case kKeys["ver"]: return r.text(token, here, native.version);
          case kKeys["api"]: return r.bytes(v, here, native.api);
          case kKeys["battr"]: return r.bytes(v, here, native.battr);
        }
      });
  if (!object) return false;
  return requested ? usable : r.leave_out(Fault::native_request_missing, at.field("request"));
}

bool read_deal(JsonReader& r, ondemand::value& value, const Place& at, Deal& deal) {
  static constexpr KeyTable kKeys(
      {"id", "bidfloor", "bidfloorcur", "at", "wseat", "wadomain", "guar", "mincpmpersec", "durfloors"});
  bool usable = true;
  const bool object =
      r.fields(value, kKeys, at, [&](std::size_t field, const Place& here, ondemand::value& v, Token token) {
        switch (field) {
          case kKeys["id"]: return r.text(token, here, deal.id);
          case kKeys["bidfloor"]:
            if (!r.price(token, here, deal.floor)) usable = r.leave_out(Fault::price, here);
            return;
          case kKeys["bidfloorcur"]: return r.code(token, here, true, deal.floor_currency);
          case kKeys["at"]: return r.natural_or_leave_out(token, here, deal.at, usable);
          case kKeys["wseat"]: return r.texts(v, here, deal.seats);
          case kKeys["wadomain"]: return r.texts(v, here, deal.advertiser_domains, true);
          case kKeys["guar"]: return r.boolean(token, here, deal.guaranteed);
          case kKeys["mincpmpersec"]:
            if (!r.price(token, here, deal.floor_per_second)) usable = r.leave_out(Fault::price, here);
            return;
          case kKeys["durfloors"]:
            usable = read_duration_floors(r, v, here, deal.duration_floors) && usable;
            return;
        }
      });
  if (!object || !usable) return false;
  return deal.id.empty() ? r.leave_out(Fault::deal_id_missing, at.field("id")) : true;
}

void read_pmp(JsonReader& r, ondemand::value& value, const Place& at, Impression& imp) {
  static constexpr KeyTable kKeys({"private_auction", "deals"});
  r.fields(value, kKeys, at, [&](std::size_t field, const Place& here, ondemand::value& v, Token token) {
    switch (field) {
      case kKeys["private_auction"]: return r.boolean(token, here, imp.private_auction);
      case kKeys["deals"]: {
        base::ArenaList<Deal> deals(r.arena, 4);
        r.elements(v, here, [&](const Place& there, ondemand::value& element, Token) {
          Deal deal;
          if (read_deal(r, element, there, deal)) deals.push(deal);
        });
        imp.deals = deals.span();
        return;
      }
    }
  });
}

/// qty.multiplier: a decimal above 0 that may be below 1. Read like a price: millionths.
bool read_quantity(JsonReader& r, ondemand::value& value, const Place& at, Impression& imp) {
  static constexpr KeyTable kKeys({"multiplier"});
  bool usable = true;
  r.fields(value, kKeys, at, [&](std::size_t, const Place& here, ondemand::value&, Token token) {
    base::Nanos millionths;
    if (!r.price(token, here, millionths) || millionths.is_zero()) {
      usable = r.leave_out(Fault::quantity, here);
      return;
    }
    imp.quantity_e6 = static_cast<std::int32_t>(std::min<std::int64_t>(millionths.value, INT32_MAX));
  });
  return usable;
}

/// imp.ext.prebid.is_rewarded_inventory (protocol.md 1.2). The key is longer than a Key.
void read_extension(JsonReader& r, ondemand::value& value, const Place& at, Impression& imp,
                    bool rewarded_said) {
  static constexpr KeyTable kKeys({"prebid"});
  r.fields(value, kKeys, at, [&](std::size_t, const Place& here, ondemand::value& prebid, Token) {
    ondemand::object object;
    if (!r.as_object(prebid, here, object)) return;
    for (auto item : object) {
      ondemand::field field;
      if (std::move(item).get(field) != simdjson::SUCCESS) return r.set_broken(Fault::not_json);
      r.pass_over(field);
      if (r.broken()) return;
      const Token token{field.value().raw_json_token()};
      if (rewarded_said || token.is_container() || !field.key().unsafe_is_equal("is_rewarded_inventory"))
        continue;
      r.note(Fault::deprecated_form, here);
      r.boolean(token, here, imp.rewarded);
    }
  });
}

template <class Media, class Read>
const Media* medium(JsonReader& r, Read&& read) {
  Media* media = r.arena.make<Media>();
  return read(*media) ? media : nullptr;
}

/// False: leave the impression out.
bool read_impression(JsonReader& r, ondemand::value& value, const Place& at, const ParserOptions& options,
                     ondemand::parser& native_parser, Impression& imp) {
  static constexpr KeyTable kKeys({"id", "banner", "video", "audio", "native", "pmp", "bidfloor",
                                   "bidfloorcur", "tagid", "instl", "rwdd", "secure", "exp", "qty", "ext"});
  bool usable = true, size_range = false, rewarded_said = false;
  const bool object =
      r.fields(value, kKeys, at, [&](std::size_t field, const Place& here, ondemand::value& v, Token token) {
        switch (field) {
          case kKeys["id"]: return r.text(token, here, imp.id);
          case kKeys["banner"]:
            imp.banner = medium<Banner>(r, [&](Banner& b) { return read_banner(r, v, here, size_range, b); });
            return;
          case kKeys["video"]:
            imp.video = medium<TimedMedia>(r, [&](TimedMedia& m) { return read_timed(r, v, here, m); });
            return;
          case kKeys["audio"]:
            imp.audio = medium<TimedMedia>(r, [&](TimedMedia& m) { return read_timed(r, v, here, m); });
            return;
          case kKeys["native"]:
            imp.native = medium<domain::Native>(
                r, [&](domain::Native& n) { return read_native(r, v, here, options, native_parser, n); });
            return;
          case kKeys["pmp"]: return read_pmp(r, v, here, imp);
          case kKeys["bidfloor"]:
            if (!r.price(token, here, imp.floor)) usable = r.leave_out(Fault::price, here);
            return;
          case kKeys["bidfloorcur"]: return r.code(token, here, true, imp.floor_currency);
          case kKeys["tagid"]: return r.text(token, here, imp.tag_id);
          case kKeys["instl"]: return r.boolean(token, here, imp.interstitial);
          case kKeys["rwdd"]: rewarded_said = true; return r.boolean(token, here, imp.rewarded);
          case kKeys["secure"]: return r.boolean(token, here, imp.secure);
          case kKeys["exp"]: return r.natural_or_leave_out(token, here, imp.expires_s, usable);
          case kKeys["qty"]: usable = read_quantity(r, v, here, imp) && usable; return;
          case kKeys["ext"]: return read_extension(r, v, here, imp, rewarded_said);
        }
      });
  if (r.broken()) return false;
  if (!object || imp.id.empty()) {
    r.refuse(Fault::impression_id_missing, at.field("id"));
    return false;
  }
  // An interstitial without size takes the device's (protocol.md names none; Prebid Server does the same).
  if (imp.banner != nullptr && imp.banner->sizes.empty() && !imp.interstitial) {
    r.leave_out(size_range ? Fault::banner_size_range : Fault::banner_no_size, at.field("banner"));
    imp.banner = nullptr;
  }
  const bool has_medium =
      imp.banner != nullptr || imp.video != nullptr || imp.audio != nullptr || imp.native != nullptr;
  if (!has_medium) r.leave_out(Fault::no_medium, at);
  return has_medium && usable;
}

}  // namespace

void read_impressions(JsonReader& r, ondemand::value& value, const Place& at, const ParserOptions& options,
                      ondemand::parser& native_parser) {
  base::ArenaList<Impression> kept(r.arena, 4);
  base::ArenaList<std::string_view> ids(r.arena, 4);
  const bool array = r.elements(value, at, [&](const Place& here, ondemand::value& element, Token) {
    if (ids.size() == options.impressions_max) return r.refuse(Fault::too_many_impressions, at);
    Impression imp;
    const bool usable = read_impression(r, element, here, options, native_parser, imp);
    if (imp.id.empty()) return;
    for (const std::string_view other : ids) {
      if (other == imp.id) r.refuse(Fault::impression_id_duplicate, here.field("id"));
    }
    ids.push(imp.id);
    if (usable) kept.push(imp);
  });
  if (array && ids.empty()) r.refuse(Fault::no_impression, at);
  r.out.auction.impressions = kept.span();
}

}  // namespace bandstand::protocol::openrtb
