// exchange_markup: looks for our two paths, then left and right for the ends of the link, then left for its
// meaning.
#include "simulation/exchange_markup.h"

#include <algorithm>
#include <array>

namespace bandstand::simulation {
namespace {

constexpr std::string_view kStops = "\"'<>()[] \t\r\n\\";

BeaconKind in_vast(std::string_view before) {
  // The last element that opened: "<Impression", "<Tracking event=..."
  std::size_t tag = before.rfind('<');
  while (tag != std::string_view::npos && tag != 0 && before.substr(tag).starts_with("<![CDATA["))
    tag = before.rfind('<', tag - 1);
  if (tag == std::string_view::npos) return BeaconKind::other;
  const std::string_view element = before.substr(tag + 1);
  if (element.starts_with("Impression")) return BeaconKind::impression;
  if (element.starts_with("ClickThrough") || element.starts_with("ClickTracking")) return BeaconKind::click;
  return element.starts_with("Tracking") ? BeaconKind::progress : BeaconKind::other;
}

BeaconKind in_native(std::string_view before) {
  struct Key {
    std::string_view name;
    BeaconKind kind;
  };
  static constexpr std::array<Key, 5> kKeys = {{{"\"link\"", BeaconKind::click},
                                                {"\"clicktrackers\"", BeaconKind::click},
                                                {"\"imptrackers\"", BeaconKind::impression},
                                                {"\"eventtrackers\"", BeaconKind::impression},
                                                {"\"assets\"", BeaconKind::other}}};
  std::size_t last = 0;
  BeaconKind kind = BeaconKind::other;
  for (const Key& key : kKeys) {
    const std::size_t at = before.rfind(key.name);
    if (at == std::string_view::npos || at < last) continue;
    last = at;
    kind = key.kind;
  }
  // An event tracker says which event; only 1 is the impression.
  if (kind == BeaconKind::impression && before.substr(last).starts_with("\"eventtrackers\"")) {
    const std::size_t event = before.rfind("\"event\":");
    if (event != std::string_view::npos && event > last && before.substr(event + 8, 1) != "1")
      return BeaconKind::other;
  }
  return kind;
}

BeaconKind in_html(std::string_view before) {
  while (!before.empty() && (before.back() == '"' || before.back() == '\'' || before.back() == ' '))
    before.remove_suffix(1);
  if (!before.ends_with('=')) return before.ends_with("url(") ? BeaconKind::impression : BeaconKind::other;
  before.remove_suffix(1);
  while (before.ends_with(' ')) before.remove_suffix(1);
  if (before.ends_with("href")) return BeaconKind::click;
  return before.ends_with("src") ? BeaconKind::impression : BeaconKind::other;
}

void assign_unescaped(std::string_view link, std::string& out) {
  out.clear();
  while (!link.empty()) {
    const std::size_t amp = link.find("&amp;");
    out += link.substr(0, amp);
    if (amp == std::string_view::npos) return;
    out += '&';
    link.remove_prefix(amp + 5);
  }
}

std::size_t next_link(std::string_view markup, std::size_t from) {
  for (std::size_t at = markup.find("/v1/", from); at != std::string_view::npos;
       at = markup.find("/v1/", at + 1)) {
    if (at >= 2 && markup[at - 2] == '/' && (markup[at - 1] == 'e' || markup[at - 1] == 'n')) return at;
  }
  return std::string_view::npos;
}

}  // namespace

std::string_view target_of(std::string_view url) noexcept {
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t path = url.find('/', host);
  return path == std::string_view::npos ? std::string_view{} : url.substr(path);
}

std::size_t find_beacons(std::string_view markup, std::vector<Beacon>& out) {
  std::size_t count = 0;
  const bool vast = markup.find("<VAST") != std::string_view::npos;
  const bool native = !vast && markup.substr(0, 16).find('{') != std::string_view::npos &&
                      markup.find("\"assets\"") != std::string_view::npos;
  for (std::size_t at = next_link(markup, 0); at != std::string_view::npos; at = next_link(markup, at)) {
    const std::size_t stop = markup.find_last_of(kStops, at);
    const std::size_t begin = stop == std::string_view::npos ? 0 : stop + 1;
    at = std::min(markup.find_first_of(kStops, at), markup.size());
    if (count == out.size()) out.emplace_back();
    Beacon& beacon = out[count];
    assign_unescaped(target_of(markup.substr(begin, at - begin)), beacon.target);
    const std::string_view before = markup.substr(0, begin);
    beacon.kind = vast ? in_vast(before) : native ? in_native(before) : in_html(before);
    const auto same = [&](const Beacon& other) { return other.target == beacon.target; };
    const auto end = out.begin() + static_cast<std::ptrdiff_t>(count);
    if (!beacon.target.empty() && std::find_if(out.begin(), end, same) == end) ++count;
  }
  return count;
}

}  // namespace bandstand::simulation
