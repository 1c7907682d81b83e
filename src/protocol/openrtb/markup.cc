// markup: HTML, VAST and native, appended.
#include "protocol/openrtb/markup.h"

#include <charconv>

#include "protocol/openrtb/escape.h"

namespace bandstand::protocol::openrtb {
namespace {

using domain::Creative;
using domain::NativeAsset;

void append_number(std::uint64_t value, std::string& out) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void append_pixel(std::string_view url, std::string& out) {
  out.append("<img src=\"");
  append_html(url, out);
  out.append("\" width=\"1\" height=\"1\" alt=\"\" style=\"position:absolute;visibility:hidden\">");
}

void append_linked_image(const Creative& creative, domain::Size size, const TrackerUrls& urls,
                         std::string& out) {
  out.append("<a href=\"");
  append_html(urls.click, out);
  out.append("\" target=\"_blank\" rel=\"noopener\"><img src=\"");
  append_html(creative.media_url, out);
  out.push_back('"');
  if (size.w != 0 && size.h != 0) {
    out.append(" width=\"");
    append_number(size.w, out);
    out.append("\" height=\"");
    append_number(size.h, out);
    out.push_back('"');
  }
  out.append(" alt=\"\" border=\"0\"></a>");
}

/// The macro that starts at `rest`, expanded; its length, or 0 if it is none of ours.
std::size_t expand(std::string_view rest, const TrackerUrls& urls, bool& impression_named, std::string& out) {
  const auto is = [&](std::string_view macro) { return rest.starts_with(macro); };
  if (is("{CLICK_URL}")) return append_html(urls.click, out), 11;
  if (is("{CLICK_URL_ENC}")) return append_url(urls.click, out), 15;
  if (is("{CLICK_URL_JS}")) return append_json(urls.click, out), 14;
  if (is("{IMP_URL}")) return impression_named = true, append_html(urls.impression, out), 9;
  if (is("{CACHEBUSTER}")) return append_number(urls.cachebuster, out), 13;
  return 0;
}

/// "00:01:30"
void append_clock(std::int32_t seconds, std::string& out) {
  const int parts[] = {seconds / 3600, seconds / 60 % 60, seconds % 60};
  for (int i = 0; i < 3; ++i) {
    if (i != 0) out.push_back(':');
    if (parts[i] < 10) out.push_back('0');
    append_number(static_cast<std::uint64_t>(parts[i]), out);
  }
}

void append_element(std::string_view name, std::string_view text, std::string& out) {
  out.push_back('<');
  out.append(name);
  out.push_back('>');
  append_html(text, out);
  out.append("</");
  out.append(name);
  out.push_back('>');
}

void append_tracking(std::string_view progress, std::string& out) {
  if (progress.empty()) return;
  out.append("<TrackingEvents>");
  for (const std::string_view event : {"start", "firstQuartile", "midpoint", "thirdQuartile", "complete"}) {
    out.append("<Tracking event=\"");
    out.append(event);
    out.append("\"><![CDATA[");
    out.append(progress);
    out.append(event);
    out.append("]]></Tracking>");
  }
  out.append("</TrackingEvents>");
}

void append_media_file(const Creative& creative, std::string& out) {
  out.append("<MediaFiles><MediaFile delivery=\"progressive\" type=\"");
  append_html(creative.mime.empty() ? std::string_view("video/mp4") : std::string_view(creative.mime), out);
  out.append("\" width=\"");
  append_number(creative.size.w, out);
  out.append("\" height=\"");
  append_number(creative.size.h, out);
  out.push_back('"');
  if (creative.bitrate_kbps > 0) {
    out.append(" bitrate=\"");
    append_number(static_cast<std::uint64_t>(creative.bitrate_kbps), out);
    out.push_back('"');
  }
  out.push_back('>');
  append_cdata(creative.media_url, out);
  out.append("</MediaFile></MediaFiles>");
}

bool image_fits(domain::Size have, const NativeAsset& asset) {
  if (have.w == 0 || have.h == 0) return true;  // unknown: the renderer scales
  if (asset.size_min.w != 0 || asset.size_min.h != 0)
    return have.w >= asset.size_min.w && have.h >= asset.size_min.h;
  return (asset.size.w == 0 || asset.size.w == have.w) && (asset.size.h == 0 || asset.size.h == have.h);
}

/// What the creative has for an asset: its text or URL; empty if nothing fits.
std::string_view content_for(const Creative& creative, const NativeAsset& asset) {
  const domain::NativeContent& native = creative.native;
  const auto within = [&](const std::string& text) {
    return asset.len == 0 || text.size() <= asset.len ? std::string_view(text) : std::string_view{};
  };
  switch (asset.kind) {
    case NativeAsset::Kind::title: return within(native.title);
    case NativeAsset::Kind::image:
      if (asset.type == 1)
        return image_fits(native.icon_size, asset) ? std::string_view(native.icon_url) : "";
      return image_fits(native.image_size, asset) ? std::string_view(native.image_url) : "";
    case NativeAsset::Kind::data:
      switch (asset.type) {
        case 1: return within(native.sponsored);
        case 2: return within(native.description);
        case 3: return within(native.rating);
        case 12: return within(native.call_to_action);
        default: return {};
      }
    case NativeAsset::Kind::video: return {};
  }
  return {};
}

void append_quoted(std::string_view text, std::string& out) {
  out.push_back('"');
  append_json(text, out);
  out.push_back('"');
}

void append_asset(const Creative& creative, const NativeAsset& asset, std::string_view content,
                  std::string& out) {
  out.append("{\"id\":");
  append_number(static_cast<std::uint64_t>(asset.id), out);
  if (asset.required) out.append(",\"required\":1");
  switch (asset.kind) {
    case NativeAsset::Kind::title: out.append(",\"title\":{\"text\":"); break;
    case NativeAsset::Kind::image: out.append(",\"img\":{\"url\":"); break;
    default: out.append(",\"data\":{\"value\":"); break;
  }
  append_quoted(content, out);
  if (asset.kind == NativeAsset::Kind::image) {
    const domain::Size size = asset.type == 1 ? creative.native.icon_size : creative.native.image_size;
    if (size.w != 0 && size.h != 0) {
      out.append(",\"w\":");
      append_number(size.w, out);
      out.append(",\"h\":");
      append_number(size.h, out);
    }
  }
  out.append("}}");
}

}  // namespace

void append_banner(const Creative& creative, domain::Size size, const TrackerUrls& urls, std::string& out) {
  bool impression_named = false;
  if (creative.markup.empty()) {
    append_linked_image(creative, size, urls, out);
  } else {
    std::string_view rest = creative.markup;
    while (!rest.empty()) {
      const std::size_t brace = rest.find('{');
      out.append(rest.substr(0, brace));
      if (brace == std::string_view::npos) break;
      rest.remove_prefix(brace);
      const std::size_t used = expand(rest, urls, impression_named, out);
      if (used == 0) out.push_back('{');
      rest.remove_prefix(used == 0 ? 1 : used);
    }
  }
  if (!impression_named) append_pixel(urls.impression, out);
}

void append_vast(const Creative& creative, const domain::Advertiser& advertiser, std::string_view bid_id,
                 const TrackerUrls& urls, std::string& out) {
  // Order of the elements as in the schema of VAST 4.0.
  out.append(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?><VAST version=\"4.0\" xmlns=\"http://www.iab.com/VAST\"><Ad "
      "id=\"");
  append_html(bid_id, out);
  out.append("\"><InLine><AdSystem>Bandstand</AdSystem><Impression>");
  append_cdata(urls.impression, out);
  out.append("</Impression>");
  append_element("AdTitle", creative.name.empty() ? std::string_view("ad") : std::string_view(creative.name),
                 out);
  if (!advertiser.domain.empty()) append_element("Advertiser", advertiser.domain, out);
  out.append("<Creatives><Creative id=\"");
  append_number(creative.id.value, out);
  out.append("\"><Linear");
  if (creative.skippable) out.append(" skipoffset=\"00:00:05\"");
  out.push_back('>');
  append_tracking(urls.progress, out);
  out.append("<Duration>");
  append_clock(creative.duration_s, out);
  out.append("</Duration>");
  append_media_file(creative, out);
  out.append("<VideoClicks><ClickThrough>");
  append_cdata(urls.click, out);
  out.append(
      "</ClickThrough></VideoClicks></Linear><UniversalAdId idRegistry=\"unknown\" "
      "idValue=\"unknown\">unknown"
      "</UniversalAdId></Creative></Creatives></InLine></Ad></VAST>");
}

bool fills_native(const Creative& creative, const domain::Native& request) noexcept {
  for (const NativeAsset& asset : request.assets) {
    if (asset.required && content_for(creative, asset).empty()) return false;
  }
  return true;
}

void append_native(const Creative& creative, const domain::Native& request, const TrackerUrls& urls,
                   std::string& out) {
  const bool wrapped = request.version.starts_with("1.0");  // the wrapper went with native 1.1
  out.append(wrapped ? "{\"native\":{" : "{");
  out.append("\"ver\":");
  append_quoted(request.version.empty() ? std::string_view("1.2") : request.version, out);
  out.append(",\"link\":{\"url\":");
  append_quoted(urls.click, out);
  out.append("},\"assets\":[");
  for (const NativeAsset& asset : request.assets) {
    const std::string_view content = content_for(creative, asset);
    if (content.empty()) continue;
    if (out.back() != '[') out.push_back(',');
    append_asset(creative, asset, content, out);
  }
  // One way to count an impression, never two: by event tracker where it was offered, else the older list.
  if (request.event_pixel) {
    out.append("],\"eventtrackers\":[{\"event\":1,\"method\":1,\"url\":");
    append_quoted(urls.impression, out);
    out.append("}]");
  } else {
    out.append("],\"imptrackers\":[");
    append_quoted(urls.impression, out);
    out.push_back(']');
  }
  out.append(wrapped ? "}}" : "}");
}

}  // namespace bandstand::protocol::openrtb
