// native_reader: the native 1.0 to 1.2 request inside an impression.
#include "protocol/openrtb/impression_reader.h"

namespace bandstand::protocol::openrtb {
namespace {

using domain::NativeAsset;

/// IAB native 1.2, section 4.6: a video asset needs types, durations and protocols (of which we know 1 to
/// 16).
bool read_video_asset(JsonReader& r, ondemand::value& value, const Place& at) {
  static constexpr KeyTable kKeys({"mimes", "minduration", "maxduration", "protocols"});
  domain::Texts mimes;
  domain::Bytes protocols;
  std::int32_t duration_s = 0;
  int durations = 0;
  bool usable = true;
  if (!r.fields(value, kKeys, at, [&](std::size_t field, const Place& here, ondemand::value& v, Token token) {
        switch (field) {
          case kKeys["mimes"]: return r.texts(v, here, mimes);
          case kKeys["minduration"]:
          case kKeys["maxduration"]:
            ++durations;
            return r.natural_or_leave_out(token, here, duration_s, usable);
          case kKeys["protocols"]: return r.bytes(v, here, protocols);
        }
      })) {
    return false;
  }
  if (mimes.empty()) usable = r.leave_out(Fault::native_asset_content, at.field("mimes"));
  if (durations < 2) usable = r.leave_out(Fault::native_asset_content, at.field("maxduration"));
  bool known_protocol = false;
  for (const std::uint8_t protocol : protocols) known_protocol |= protocol >= 1 && protocol <= 16;
  return known_protocol ? usable : r.leave_out(Fault::native_asset_content, at.field("protocols"));
}

/// title, img or data.
bool read_asset_content(JsonReader& r, ondemand::value& value, const Place& at, NativeAsset& asset) {
  static constexpr KeyTable kKeys({"len", "type", "w", "h", "wmin", "hmin"});
  bool usable = true;
  const bool object =
      r.fields(value, kKeys, at, [&](std::size_t field, const Place& here, ondemand::value&, Token token) {
        switch (field) {
          case kKeys["len"]: return r.natural_or_leave_out(token, here, asset.len, usable);
          case kKeys["type"]: {
            std::int64_t type = 0;
            if (r.integer(token, here, type) && type > 0)
              asset.type = static_cast<std::uint8_t>(type > 255 ? 255 : type);
            return;
          }
          case kKeys["w"]: return r.natural_or_leave_out(token, here, asset.size.w, usable);
          case kKeys["h"]: return r.natural_or_leave_out(token, here, asset.size.h, usable);
          case kKeys["wmin"]: return r.natural_or_leave_out(token, here, asset.size_min.w, usable);
          case kKeys["hmin"]: return r.natural_or_leave_out(token, here, asset.size_min.h, usable);
        }
      });
  if (!object || !usable) return false;
  if (asset.kind == NativeAsset::Kind::title && asset.len == 0) {
    return r.leave_out(Fault::native_asset_content, at.field("len"));
  }
  if (asset.kind == NativeAsset::Kind::data && asset.type == 0) {
    return r.leave_out(Fault::native_asset_content, at.field("type"));
  }
  return true;
}

bool read_asset(JsonReader& r, ondemand::value& value, const Place& at, NativeAsset& asset, bool& has_id,
                bool& skip) {
  static constexpr KeyTable kKeys({"id", "required", "title", "img", "data", "video"});
  int kinds = 0;
  bool usable = true;
  has_id = false;
  const bool object =
      r.fields(value, kKeys, at, [&](std::size_t field, const Place& here, ondemand::value& v, Token token) {
        using Kind = NativeAsset::Kind;
        switch (field) {
          case kKeys["id"]: has_id = true; return r.natural_or_leave_out(token, here, asset.id, usable);
          case kKeys["required"]: return r.boolean(token, here, asset.required);
          case kKeys["title"]: asset.kind = Kind::title; break;
          case kKeys["img"]: asset.kind = Kind::image; break;
          case kKeys["data"]: asset.kind = Kind::data; break;
          case kKeys["video"]: asset.kind = Kind::video; break;
        }
        ++kinds;
        usable = (asset.kind == Kind::video ? read_video_asset(r, v, here)
                                            : read_asset_content(r, v, here, asset)) &&
                 usable;
      });
  if (!object || !usable) return false;
  if (kinds == 0 && !asset.required) {  // of a kind that we do not know; it need not be filled
    skip = true;
    return true;
  }
  return kinds == 1 ? true : r.leave_out(Fault::native_asset_kind, at);
}

/// Ids are given to all assets, each once, or to none (then their places are their ids).
bool read_assets(JsonReader& r, ondemand::value& value, const Place& at, std::span<const NativeAsset>& to) {
  constexpr std::size_t kAssetsMax = 64;
  base::ArenaList<NativeAsset> assets(r.arena, 8);
  std::size_t with_id = 0;
  bool usable = true;
  if (!r.elements(value, at, [&](const Place& here, ondemand::value& element, Token) {
        NativeAsset asset;
        bool has_id = false, skip = false;
        usable = read_asset(r, element, here, asset, has_id, skip) && usable;
        if (skip) return;
        with_id += has_id ? 1 : 0;
        for (std::size_t i = 0; has_id && i < assets.size() && usable; ++i) {
          if (assets[i].id == asset.id) usable = r.leave_out(Fault::native_asset_id, here.field("id"));
        }
        if (assets.size() < kAssetsMax)
          assets.push(asset);
        else
          usable = r.leave_out(Fault::native_asset_id, here);
      })) {
    return false;
  }
  if (assets.empty() || !usable) return usable;
  if (with_id != 0 && with_id != assets.size()) return r.leave_out(Fault::native_asset_id, at);
  for (std::size_t i = 0; with_id == 0 && i < assets.size(); ++i) assets[i].id = static_cast<std::int32_t>(i);
  to = assets.span();
  return true;
}

bool read_trackers(JsonReader& r, ondemand::value& value, const Place& at, bool& event_pixel) {
  static constexpr KeyTable kKeys({"event", "methods"});
  bool usable = true;
  r.elements(value, at, [&](const Place& here, ondemand::value& element, Token) {
    std::int32_t event = 0;
    bool pixel = false;
    r.fields(element, kKeys, here,
             [&](std::size_t field, const Place& there, ondemand::value& v, Token token) {
               if (field == kKeys["event"]) return r.natural_or_leave_out(token, there, event, usable);
               std::span<const std::uint16_t> wide;
               r.numbers(v, there, wide);
               if (wide.empty()) usable = r.leave_out(Fault::native_tracker, there);
               for (const std::uint16_t method : wide) pixel = pixel || method == 1;
             });
    event_pixel = event_pixel || (event == 1 && pixel);
    if (event == 0) usable = r.leave_out(Fault::native_tracker, here);
  });
  return usable;
}

/// A context is 1 content, 2 social, 3 product or an exchange's own; a subtype's tens name its context
/// (native 1.2, 7.2).
bool check_context(JsonReader& r, const Place& at, std::int64_t context, std::int64_t subtype) {
  if (context != 0 && context < 500 && (context < 1 || context > 3)) {
    return r.leave_out(Fault::native_context, at.field("context"));
  }
  if (subtype != 0 && subtype < 500 && context != 0 && context < 500 && subtype / 10 != context) {
    return r.leave_out(Fault::native_context, at.field("contextsubtype"));
  }
  return true;
}

bool read_root(JsonReader& r, ondemand::object object, const Place& at, domain::Native& native) {
  static constexpr KeyTable kKeys({"ver", "context", "contextsubtype", "assets", "eventtrackers", "native"});
  std::int64_t context = 0, subtype = 0;
  bool usable = true;
  bool wrapped = false;
  r.fields(object, kKeys, at, [&](std::size_t field, const Place& here, ondemand::value& v, Token token) {
    switch (field) {
      case kKeys["ver"]: return r.text(token, here, native.version);
      case kKeys["context"]: r.integer(token, here, context); return;
      case kKeys["contextsubtype"]: r.integer(token, here, subtype); return;
      case kKeys["assets"]: usable = read_assets(r, v, here, native.assets) && usable; return;
      case kKeys["eventtrackers"]: usable = read_trackers(r, v, here, native.event_pixel) && usable; return;
      case kKeys["native"]: {  // native 1.0 wraps everything in {"native": ...}
        ondemand::object inner;
        static constexpr std::string_view kParent = "native";
        if (at.name == kParent || !r.as_object(v, here, inner)) return;
        wrapped = true;
        usable = read_root(r, inner, here, native) && usable;
        return;
      }
    }
  });
  if (wrapped || r.broken() || !usable) return usable && !r.broken();
  if (!check_context(r, at, context, subtype)) return false;
  return native.assets.empty() ? r.leave_out(Fault::native_no_assets, at.field("assets")) : true;
}

}  // namespace

bool read_native_request(JsonReader& r, ondemand::value& value, Token token, const Place& at,
                         const ParserOptions& options, ondemand::parser& native_parser,
                         domain::Native& native) {
  if (token.first() != '"') {  // some exchanges send the object itself
    ondemand::object object;
    return r.as_object(value, at, object) &&
           (r.note(Fault::wrong_type, at), read_root(r, object, at, native));
  }
  const std::string_view text = r.unquoted(token);
  if (r.broken()) return false;
  if (text.empty()) return r.leave_out(Fault::native_request_missing, at);
  if (!depth_within(text, options.depth_max)) return r.leave_out(Fault::native_request_json, at);

  const std::string_view padded = padded_copy(r.arena, text);
  r.escapes = true;
  ondemand::document document;
  ondemand::object object;
  const bool opened = native_parser
                              .iterate(simdjson::padded_string_view(
                                  padded.data(), padded.size(), padded.size() + simdjson::SIMDJSON_PADDING))
                              .get(document) == simdjson::SUCCESS &&
                      document.get_object().get(object) == simdjson::SUCCESS;
  const bool usable = opened && read_root(r, object, at, native);
  const bool torn = r.mend_broken();  // what breaks the inner document costs the medium, not the request
  if (!opened || torn || (usable && !fully_read(document)))
    return r.leave_out(Fault::native_request_json, at);
  return usable;
}

}  // namespace bandstand::protocol::openrtb
