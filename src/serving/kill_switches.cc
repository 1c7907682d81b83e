// kill_switches: the file and its lines.
#include "serving/kill_switches.h"

#include <array>
#include <charconv>
#include <vector>

#include "base/hash.h"

namespace bandstand::serving {
namespace {

using agents::oversight::KillSwitches;
using agents::oversight::SortedSet;

constexpr std::string_view kFirstLine = "bandstand kill switches 1\n";
constexpr std::string_view kLastLine = "checksum ";
constexpr std::size_t kChecksumDigits = 8;
constexpr const char* kFile = "kill-switches";
constexpr const char* kNewFile = "kill-switches.new";
constexpr std::size_t kBytesMax = 4u << 20;
constexpr std::array<const char*, static_cast<std::size_t>(KillScope::count_)> kNames{
    "everything", "exchange", "advertiser", "campaign", "line_item", "creative"};

std::string checksum_of(std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const std::uint32_t sum = base::crc32c(text.data(), text.size());
  std::string out;
  for (int shift = 28; shift >= 0; shift -= 4) out += kDigits[sum >> shift & 15];
  return out;
}

template <class T>
void change(SortedSet<T>& set, T item, bool on) {
  auto items = set.items();
  std::erase(items, item);
  if (on) items.push_back(item);
  set = SortedSet<T>(std::move(items));
}

void add_line(std::string& out, KillScope scope, std::uint32_t id) {
  out += name_of(scope);
  out += ' ';
  out += std::to_string(id);
  out += '\n';
}

}  // namespace

const char* name_of(KillScope scope) noexcept {
  const auto index = static_cast<std::size_t>(scope);
  return index < kNames.size() ? kNames[index] : "unknown";
}

bool parse_kill_scope(std::string_view name, KillScope& scope) noexcept {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (name != kNames[i]) continue;
    scope = static_cast<KillScope>(i);
    return true;
  }
  return false;
}

bool throw_switch(KillSwitches& switches, KillScope scope, std::uint32_t id, bool on) {
  if (scope != KillScope::everything && scope != KillScope::exchange && id == 0) return false;
  switch (scope) {
    case KillScope::everything: switches.everything = on; return true;
    case KillScope::exchange:
      if (id > 0xffff) return false;
      change(switches.exchanges, static_cast<std::uint16_t>(id), on);
      return true;
    case KillScope::advertiser: change(switches.advertisers, base::AdvertiserId{id}, on); return true;
    case KillScope::campaign: change(switches.campaigns, base::CampaignId{id}, on); return true;
    case KillScope::line_item: change(switches.line_items, base::LineItemId{id}, on); return true;
    case KillScope::creative: change(switches.creatives, base::CreativeId{id}, on); return true;
    case KillScope::count_: break;
  }
  return false;
}

std::string encode(const KillSwitches& switches) {
  std::string out(kFirstLine);
  if (switches.everything) add_line(out, KillScope::everything, 0);
  for (const auto exchange : switches.exchanges.items()) add_line(out, KillScope::exchange, exchange);
  for (const auto id : switches.advertisers.items()) add_line(out, KillScope::advertiser, id.value);
  for (const auto id : switches.campaigns.items()) add_line(out, KillScope::campaign, id.value);
  for (const auto id : switches.line_items.items()) add_line(out, KillScope::line_item, id.value);
  for (const auto id : switches.creatives.items()) add_line(out, KillScope::creative, id.value);
  const std::string sum = checksum_of(out);
  return out.append(kLastLine).append(sum).append("\n");
}

base::Result<KillSwitches> decode_kill_switches(std::string_view text) {
  const std::size_t tail = kLastLine.size() + kChecksumDigits + 1;
  if (text.size() < kFirstLine.size() + tail || text.substr(0, kFirstLine.size()) != kFirstLine ||
      text.back() != '\n') {
    return base::fail(base::Code::corrupt, "the file of kill switches is cut short or of another version");
  }
  std::string_view body = text.substr(0, text.size() - tail);
  const std::string_view last = text.substr(body.size(), tail - 1);
  if (last.substr(0, kLastLine.size()) != kLastLine || last.substr(kLastLine.size()) != checksum_of(body)) {
    return base::fail(base::Code::corrupt, "the checksum of the kill switches does not match");
  }
  KillSwitches out;
  body.remove_prefix(kFirstLine.size());
  while (!body.empty()) {
    const auto end = body.find('\n');
    const std::string_view line = body.substr(0, end);
    const auto space = line.find(' ');
    KillScope scope{};
    std::uint32_t id = 0;
    const bool sound = end != std::string_view::npos && space != std::string_view::npos &&
                       parse_kill_scope(line.substr(0, space), scope) &&
                       std::from_chars(line.data() + space + 1, line.data() + line.size(), id).ptr ==
                           line.data() + line.size();
    if (!sound || !throw_switch(out, scope, id, true)) {
      return base::fail(base::Code::corrupt, "a kill switch that this version does not know");
    }
    body.remove_prefix(end + 1);
  }
  return out;
}

base::Result<std::monostate> store(base::Disk& disk, const KillSwitches& switches) {
  {
    BANDSTAND_TRY(file, disk.open(kNewFile, base::Open::create));
    BANDSTAND_TRY_VOID(file->truncate(0));
    BANDSTAND_TRY_VOID(file->write_at(0, encode(switches)));
    BANDSTAND_TRY_VOID(file->sync());
  }
  BANDSTAND_TRY_VOID(disk.rename(kNewFile, kFile));
  return disk.sync_directory("");
}

base::Result<KillSwitches> load_kill_switches(base::Disk& disk) {
  auto file = disk.open(kFile, base::Open::read);
  if (!file && file.error().code == base::Code::not_found) return KillSwitches{};
  if (!file) return file.error();
  std::string text;
  BANDSTAND_TRY_VOID((*file)->read_at(0, kBytesMax, text));
  return decode_kill_switches(text);
}

}  // namespace bandstand::serving
