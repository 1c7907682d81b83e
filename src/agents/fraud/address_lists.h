// address_lists: which addresses are data centres, known bad, or no public address at all; loaded from public formats.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "agents/fraud/address.h"
#include "agents/fraud/range_table.h"
#include "base/input.h"
#include "base/result.h"

namespace bandstand::agents::fraud {

/// What is known of an address. Stronger labels have greater numbers, but the narrowest range decides.
enum class AddressLabel : std::uint8_t {
  none,         ///< nothing
  exempt,       ///< said to be fine by the operator, inside a range that is not
  data_center,  ///< belongs to a hosting provider: people do not browse from there
  reserved,     ///< private, loopback, documentation ...: cannot be a visitor of an exchange (IANA
                ///< special-purpose registries)
  blocked,      ///< on a list of known invalid traffic
  count_
};

/// Immutable; share it between threads.
class AddressLists {
 public:
  [[nodiscard]] AddressLabel at(Ipv4 address) const noexcept {
    return static_cast<AddressLabel>(v4_.at(address));
  }
  [[nodiscard]] AddressLabel at(Ipv6 address) const noexcept {
    if (const auto v4 = mapped_ipv4(address)) return at(*v4);
    return static_cast<AddressLabel>(v6_.at(address));
  }
  [[nodiscard]] std::size_t size() const { return v4_.size() + v6_.size(); }
  [[nodiscard]] std::size_t bytes() const { return v4_.bytes() + v6_.bytes(); }
  /// Ranges that were added with this label.
  [[nodiscard]] std::size_t entries(AddressLabel label) const {
    return entries_[static_cast<std::size_t>(label)];
  }

 private:
  friend class AddressListsBuilder;
  std::array<std::size_t, static_cast<std::size_t>(AddressLabel::count_)> entries_{};
  RangeTable<Ipv4> v4_;
  RangeTable<Ipv6> v6_;
};

/// What a loader made of a file.
struct LoadCount {
  std::size_t taken = 0;
  std::size_t malformed = 0;        ///< lines that are no range
  std::size_t first_malformed = 0;  ///< line number from 1; 0 = none
  std::vector<std::size_t> malformed_lines;  ///< the first kMalformedLinesMax of them
  static constexpr std::size_t kMalformedLinesMax = 20;
};

/// Collects ranges, then flattens them. Control thread.
class AddressListsBuilder {
 public:
  void add(Block<Ipv4> block, AddressLabel label) {
    v4_.add(block.first, block.last, static_cast<std::uint8_t>(label));
    ++entries_[static_cast<std::size_t>(label)];
  }
  void add(Block<Ipv6> block, AddressLabel label) {
    v6_.add(block.first, block.last, static_cast<std::uint8_t>(label));
    ++entries_[static_cast<std::size_t>(label)];
  }

  /// The special-purpose registries (RFC 6890 and successors), written out here.
  void add_reserved();

  /// One CIDR block, lone address or "start-end" a line, IPv4 or IPv6; "#" begins a comment; text behind a
  /// blank, comma or semicolon is ignored. Errors: of reading. Lines that are no range are counted and passed
  /// over.
  base::Result<LoadCount> add_cidr_list(base::LineReader& lines, AddressLabel label);

  /// "start,end,..." a line, the ends as dotted addresses or as plain integers; further columns are ignored.
  base::Result<LoadCount> add_range_csv(base::LineReader& lines, AddressLabel label);

  /// "start,end,asn,name" a line (format of the ip-location-db packages): ranges of these autonomous systems
  /// are data centres.
  base::Result<LoadCount> add_as_csv(base::LineReader& lines,
                                     const std::unordered_set<std::uint32_t>& as_numbers);

  [[nodiscard]] AddressLists build() const;

 private:
  RangeTable<Ipv4>::Builder v4_;
  RangeTable<Ipv6>::Builder v6_;
  std::array<std::size_t, static_cast<std::size_t>(AddressLabel::count_)> entries_{};
};

/// Autonomous systems whose business is renting out machines, as a start. Relays that people browse through
/// (Cloudflare, Akamai, Fastly: iCloud Private Relay, WARP) are left out on purpose.
const std::unordered_set<std::uint32_t>& default_hosting_systems();

}  // namespace bandstand::agents::fraud
