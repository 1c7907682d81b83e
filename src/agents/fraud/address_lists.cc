// address_lists: loaders, one a format.
#include "agents/fraud/address_lists.h"

#include <charconv>

namespace bandstand::agents::fraud {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\"");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\"") - first + 1);
}

/// The next field of a line of commas; the line loses it.
std::string_view next_field(std::string_view& line) {
  const auto comma = line.find(',');
  const std::string_view field = trimmed(line.substr(0, comma));
  line.remove_prefix(comma == std::string_view::npos ? line.size() : comma + 1);
  return field;
}

template <class Number>
std::optional<Number> parse_integer(std::string_view text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || at != end) return std::nullopt;
  return number;
}

std::optional<Ipv4> parse_ipv4_or_integer(std::string_view text) {
  if (const auto number = parse_integer<Ipv4>(text)) return number;
  return parse_ipv4(text);
}

/// Adds "first".."last" if both are addresses of one family, in order.
bool add_ends(AddressListsBuilder& to, std::string_view first, std::string_view last, AddressLabel label) {
  const auto a = parse_ipv4_or_integer(first);
  const auto b = parse_ipv4_or_integer(last);
  if (a && b && *a <= *b) {
    to.add(Block<Ipv4>{*a, *b}, label);
    return true;
  }
  const auto c = parse_ipv6(first);
  const auto d = parse_ipv6(last);
  if (!c || !d || *c > *d) return false;
  to.add(Block<Ipv6>{*c, *d}, label);
  return true;
}

bool add_entry(AddressListsBuilder& to, std::string_view entry, AddressLabel label) {
  if (const auto block = parse_ipv4_block(entry)) {
    to.add(*block, label);
    return true;
  }
  if (const auto block = parse_ipv6_block(entry)) {
    to.add(*block, label);
    return true;
  }
  const auto dash = entry.find('-');
  return dash != std::string_view::npos && add_ends(to, entry.substr(0, dash), entry.substr(dash + 1), label);
}

/// Feeds each line that is not blank or a comment to `take`, which says whether it could use it.
template <class Take>
base::Result<LoadCount> each_line(base::LineReader& lines, Take take) {
  LoadCount count;
  std::string_view line;
  for (;;) {
    BANDSTAND_TRY(more, lines.next(line));
    if (!more) return count;
    line = trimmed(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    if (take(line)) {
      ++count.taken;
    } else {
      if (count.malformed++ == 0) count.first_malformed = lines.number();
      if (count.malformed <= LoadCount::kMalformedLinesMax) count.malformed_lines.push_back(lines.number());
    }
  }
}

}  // namespace

base::Result<LoadCount> AddressListsBuilder::add_cidr_list(base::LineReader& lines, AddressLabel label) {
  return each_line(lines, [&](std::string_view line) {
    return add_entry(*this, line.substr(0, line.find_first_of(" \t,;")), label);
  });
}

base::Result<LoadCount> AddressListsBuilder::add_range_csv(base::LineReader& lines, AddressLabel label) {
  return each_line(lines, [&](std::string_view line) {
    const std::string_view first = next_field(line);
    const std::string_view last = next_field(line);
    return add_ends(*this, first, last, label);
  });
}

base::Result<LoadCount> AddressListsBuilder::add_as_csv(base::LineReader& lines,
                                                        const std::unordered_set<std::uint32_t>& as_numbers) {
  std::size_t others = 0;
  auto count = each_line(lines, [&](std::string_view line) {
    const std::string_view first = next_field(line);
    const std::string_view last = next_field(line);
    std::string_view system = next_field(line);
    if (system.starts_with("AS")) system.remove_prefix(2);
    const auto number = parse_integer<std::uint32_t>(system);
    if (!number) return false;
    if (as_numbers.contains(*number)) return add_ends(*this, first, last, AddressLabel::data_center);
    ++others;
    return true;
  });
  if (count) count->taken -= others;
  return count;
}

AddressLists AddressListsBuilder::build() const {
  AddressLists lists;
  lists.v4_ = v4_.build();
  lists.v6_ = v6_.build();
  lists.entries_ = entries_;
  return lists;
}

void AddressListsBuilder::add_reserved() {
  for (const char* block :
       {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"}) {
    add(*parse_ipv4_block(block), AddressLabel::reserved);
  }
  for (const char* block : {"::/127", "64:ff9b:1::/48", "100::/64", "2001:db8::/32", "3fff::/20", "fc00::/7",
                            "fe80::/10", "ff00::/8"}) {
    add(*parse_ipv6_block(block), AddressLabel::reserved);
  }
}

const std::unordered_set<std::uint32_t>& default_hosting_systems() {
  static const std::unordered_set<std::uint32_t> kSystems{
      7224,   14618,  16509,                 // Amazon
      8075,                                  // Microsoft
      396982,                                // Google Cloud
      31898,                                 // Oracle
      36351,                                 // IBM SoftLayer
      37963,  45102,                         // Alibaba
      45090,  132203,                        // Tencent
      55990,  136907,                        // Huawei Cloud
      14061,                                 // DigitalOcean
      16276,  35540,                         // OVH
      24940,  213230,                        // Hetzner
      63949,                                 // Linode
      20473,                                 // Vultr
      12876,                                 // Scaleway
      51167,                                 // Contabo
      8560,                                  // IONOS
      26496,  398101,                        // GoDaddy
      26347,                                 // DreamHost
      19994,  27357,  33070,                 // Rackspace
      16265,  28753,  30633, 60781, 396362,  // Leaseweb
      46606,                                 // Unified Layer
      32244,                                 // Liquid Web
      36352,                                 // ColoCrossing
      40676,                                 // Psychz
      8100,                                  // QuadraNet
      62567,  200130,                        // DigitalOcean, further
      197540, 47583,                         // netcup, Hostinger
  };
  return kSystems;
}

}  // namespace bandstand::agents::fraud
