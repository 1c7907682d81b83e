// user_agent: one pass over the words of the header, each looked at once.
#include "protocol/device/user_agent.h"

#include <cstdint>
#include <cstring>

namespace bandstand::protocol::device {
namespace {

using domain::Browser;
using domain::DeviceType;
using domain::Os;

/// What the words say; one bit each.
enum Sign : std::uint64_t {
  kWindows = 1u << 0,
  kWindowsPhone = 1u << 1,
  kAndroid = 1u << 2,
  kPhoneOrPod = 1u << 3,
  kPad = 1u << 4,
  kMac = 1u << 5,
  kChromeOs = 1u << 6,
  kLinux = 1u << 7,
  kTvOs = 1u << 8,
  kTv = 1u << 9,
  kConsole = 1u << 10,
  kMobile = 1u << 11,
  kTablet = 1u << 12,
  kChrome = 1u << 13,
  kSafari = 1u << 14,
  kFirefox = 1u << 15,
  kEdge = 1u << 16,
  kOpera = 1u << 17,
  kSamsung = 1u << 18,
  kExplorer = 1u << 19,
  kInApp = 1u << 20,
  kOtherBrowser = 1u << 21,
  kWebKit = 1u << 22,
  kFireTv = 1u << 23,
  kOtherOs = 1u << 24,
};

/// A literal: its first eight bytes as one number, so that most words are told apart by one comparison.
struct Word {
  consteval Word(std::string_view text, std::uint64_t what) : literal(text), sign(what) {
    for (std::size_t i = 0; i < text.size() && i < 8; ++i) {
      head |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[i])) << (8 * i);
      mask |= std::uint64_t{0xff} << (8 * i);
    }
  }
  std::string_view literal;
  std::uint64_t sign, head = 0, mask = 0;
};

/// Words by their first letter (either case). A word matches by its beginning: "Chrome/120" is "Chrome".
constexpr Word kA[] = {{"Android", kAndroid}, {"AppleWebKit", kWebKit}, {"AppleTV", kTvOs},
                       {"Apple TV", kTvOs},   {"AFT", kFireTv},         {"adr", kAndroid}};
constexpr Word kB[] = {{"BRAVIA", kTv},
                       {"BlackBerry", kOtherOs | kMobile},
                       {"BB10", kOtherOs | kMobile},
                       {"Brave", kOtherBrowser}};
constexpr Word kC[] = {{"Chrome", kChrome},   {"CriOS", kChrome},    {"CrOS", kChromeOs},
                       {"Chromium", kChrome}, {"CFNetwork", kInApp}, {"CrKey", kTv}};
constexpr Word kD[] = {
    {"Dalvik", kInApp | kAndroid}, {"Darwin", kMac}, {"DuckDuckGo", kOtherBrowser}, {"DTV", kTv}};
constexpr Word kE[] = {{"Edg/", kEdge}, {"Edge/", kEdge}, {"EdgA/", kEdge}, {"EdgiOS/", kEdge}};
constexpr Word kF[] = {
    {"Firefox", kFirefox}, {"FxiOS", kFirefox}, {"FBAN", kInApp}, {"FBAV", kInApp}, {"FB_IAB", kInApp}};
constexpr Word kG[] = {{"GSA/", kInApp}, {"GoogleTV", kTv}, {"Google TV", kTv}};
constexpr Word kH[] = {{"HbbTV", kTv}};
constexpr Word kI[] = {{"iPhone", kPhoneOrPod},
                       {"iPad", kPad},
                       {"iPod", kPhoneOrPod},
                       {"Instagram", kInApp},
                       {"iOS", kPhoneOrPod}};
constexpr Word kK[] = {{"KAIOS", kOtherOs | kMobile}, {"KFAPWI", kTablet}};
constexpr Word kL[] = {{"Linux", kLinux}, {"Line/", kInApp}, {"LinkedInApp", kInApp}};
constexpr Word kM[] = {{"Macintosh", kMac}, {"Mac OS X", kMac},         {"Mobile", kMobile},
                       {"MSIE", kExplorer}, {"MicroMessenger", kInApp}, {"Mac_PowerPC", kMac}};
constexpr Word kN[] = {{"Nintendo", kConsole}, {"NetCast", kTvOs}};
constexpr Word kO[] = {{"OPR/", kOpera}, {"Opera", kOpera}, {"OPiOS", kOpera}, {"OPT/", kOpera}};
constexpr Word kP[] = {{"PlayStation", kConsole}, {"Pinterest", kInApp}};
constexpr Word kR[] = {{"Roku", kTvOs}};
constexpr Word kS[] = {{"Safari", kSafari},
                       {"SamsungBrowser", kSamsung},
                       {"SMART-TV", kTv},
                       {"SmartTV", kTv},
                       {"Smart TV", kTv},
                       {"Silk", kOtherBrowser},
                       {"Snapchat", kInApp},
                       {"Symbian", kOtherOs | kMobile},
                       {"Series60", kOtherOs | kMobile}};
constexpr Word kT[] = {{"Trident", kExplorer}, {"Tablet", kTablet}, {"Tizen", kOtherOs}, {"TV", kTv},
                       {"tvOS", kTvOs},        {"TikTok", kInApp},  {"Twitter", kInApp}};
constexpr Word kU[] = {{"UCBrowser", kOtherBrowser}, {"Ubuntu", kLinux}};
constexpr Word kV[] = {{"Vivaldi", kOtherBrowser}, {"VIDAA", kTvOs}};
constexpr Word kW[] = {{"Windows Phone", kWindowsPhone},
                       {"Windows", kWindows},
                       {"Web0S", kTvOs},
                       {"webOS", kTvOs},
                       {"wv)", kInApp},
                       {"wv;", kInApp},
                       {"watchOS", kOtherOs}};
constexpr Word kX[] = {{"X11", kLinux}, {"Xbox", kConsole}};
constexpr Word kY[] = {{"YaBrowser", kOtherBrowser}};

template <std::size_t n>
std::uint64_t match(std::string_view rest, std::uint64_t head, const Word (&words)[n]) noexcept {
  for (const Word& word : words) {
    if (((head ^ word.head) & word.mask) == 0 &&
        (word.literal.size() <= 8 || rest.starts_with(word.literal))) {
      return word.sign;
    }
  }
  return 0;
}

/// The next eight bytes, zeros behind the end.
std::uint64_t head_of(std::string_view rest) noexcept {
  std::uint64_t head = 0;
  std::memcpy(&head, rest.data(), rest.size() < 8 ? rest.size() : 8);
  return head;
}

std::uint64_t sign_of(std::string_view rest) noexcept {
  const std::uint64_t head = head_of(rest);
  switch (rest[0] | 0x20) {
    case 'a': return match(rest, head, kA);
    case 'b': return match(rest, head, kB);
    case 'c': return match(rest, head, kC);
    case 'd': return match(rest, head, kD);
    case 'e': return match(rest, head, kE);
    case 'f': return match(rest, head, kF);
    case 'g': return match(rest, head, kG);
    case 'h': return match(rest, head, kH);
    case 'i': return match(rest, head, kI);
    case 'k': return match(rest, head, kK);
    case 'l': return match(rest, head, kL);
    case 'm': return match(rest, head, kM);
    case 'n': return match(rest, head, kN);
    case 'o': return match(rest, head, kO);
    case 'p': return match(rest, head, kP);
    case 'r': return match(rest, head, kR);
    case 's': return match(rest, head, kS);
    case 't': return match(rest, head, kT);
    case 'u': return match(rest, head, kU);
    case 'v': return match(rest, head, kV);
    case 'w': return match(rest, head, kW);
    case 'x': return match(rest, head, kX);
    case 'y': return match(rest, head, kY);
    default: return 0;
  }
}

bool is_word(char c) {
  return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}

std::uint64_t signs_of(std::string_view text) noexcept {
  std::uint64_t signs = 0;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool word = is_word(text[i]);
    if (word && !inside) signs |= sign_of(text.substr(i));
    inside = word;
  }
  return signs;
}

Os system_of(std::uint64_t s) {
  if ((s & kWindowsPhone) != 0) return Os::windows;
  if ((s & (kPhoneOrPod | kPad)) != 0) return Os::ios;
  if ((s & kTvOs) != 0 || ((s & kTv) != 0 && (s & kAndroid) == 0)) return Os::tv;
  if ((s & kConsole) != 0) return Os::other;
  if ((s & kAndroid) != 0) return Os::android;
  if ((s & kOtherOs) != 0) return Os::other;
  if ((s & kChromeOs) != 0) return Os::chrome_os;
  if ((s & kWindows) != 0) return Os::windows;
  if ((s & kMac) != 0) return Os::macos;
  if ((s & kLinux) != 0) return Os::linux_desktop;
  return Os::unknown;
}

Browser browser_of(std::uint64_t s) {
  if ((s & kInApp) != 0) return Browser::in_app;
  if ((s & kEdge) != 0) return Browser::edge;
  if ((s & kOpera) != 0) return Browser::opera;
  if ((s & kSamsung) != 0) return Browser::samsung;
  if ((s & kExplorer) != 0) return Browser::internet_explorer;
  if ((s & kOtherBrowser) != 0) return Browser::other;
  if ((s & kFirefox) != 0) return Browser::firefox;
  if ((s & kChrome) != 0) return Browser::chrome;
  // A web view of iOS says AppleWebKit and Mobile, but neither Safari nor Version.
  if ((s & kSafari) != 0) return (s & kAndroid) != 0 ? Browser::other : Browser::safari;
  if ((s & kWebKit) != 0) return (s & (kPhoneOrPod | kPad)) != 0 ? Browser::in_app : Browser::other;
  return s != 0 ? Browser::other : Browser::unknown;
}

DeviceType type_of(std::uint64_t s) {
  if ((s & kConsole) != 0) return DeviceType::connected;
  if ((s & (kTv | kTvOs)) != 0 || ((s & kFireTv) != 0 && (s & kAndroid) != 0)) return DeviceType::ctv;
  if ((s & kPad) != 0) return DeviceType::tablet;
  if ((s & (kPhoneOrPod | kWindowsPhone)) != 0) return DeviceType::phone;
  if ((s & kAndroid) != 0)
    return (s & kMobile) != 0 && (s & kTablet) == 0 ? DeviceType::phone : DeviceType::tablet;
  if ((s & (kWindows | kMac | kChromeOs)) != 0)
    return DeviceType::pc;  // "Tablet PC 2.0" is a feature, not a tablet
  if ((s & kTablet) != 0) return DeviceType::tablet;
  if ((s & kMobile) != 0) return DeviceType::phone;
  if ((s & kLinux) != 0) return DeviceType::pc;
  return DeviceType::unknown;
}

}  // namespace

UserAgent classify_user_agent(std::string_view text) noexcept {
  constexpr std::size_t kReadMax = 512;  // longer ones repeat themselves
  const std::uint64_t signs = signs_of(text.substr(0, kReadMax));
  if (signs == 0) return {};
  return {system_of(signs), browser_of(signs), type_of(signs)};
}

domain::Os os_of(std::string_view name) noexcept {
  char lower[16];
  std::size_t size = 0;
  for (const char c : name) {
    if (c == ' ' || c == '_' || c == '-') continue;
    if (size == sizeof lower) break;
    lower[size++] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  const std::string_view text(lower, size);
  if (text.empty()) return Os::unknown;
  if (text.starts_with("ios") || text.starts_with("iphone") || text.starts_with("ipad")) return Os::ios;
  if (text.starts_with("android") || text.starts_with("fireos")) return Os::android;
  if (text.starts_with("windows")) return Os::windows;
  if (text.starts_with("macos") || text.starts_with("osx") || text == "mac" || text.starts_with("macintosh"))
    return Os::macos;
  if (text.starts_with("chromeos") || text.starts_with("chromiumos") || text == "cros") return Os::chrome_os;
  if (text.starts_with("tvos") || text.starts_with("tizen") || text.starts_with("webos") ||
      text.starts_with("web0s") || text.starts_with("roku") || text.starts_with("vidaa") ||
      text.starts_with("smartcast")) {
    return Os::tv;
  }
  if (text.starts_with("linux") || text.starts_with("ubuntu")) return Os::linux_desktop;
  return Os::other;
}

}  // namespace bandstand::protocol::device
