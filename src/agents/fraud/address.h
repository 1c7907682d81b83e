// address: IP addresses as numbers, from text, without allocation.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace bandstand::agents::fraud {

using Ipv4 = std::uint32_t;      ///< host order: 1.2.3.4 is 0x01020304
using Ipv6 = unsigned __int128;  ///< host order

/// "1.2.3.4": four decimal numbers without leading zeros or blanks, as RFC 6943 3.1.1 "strict". About 5 ns.
std::optional<Ipv4> parse_ipv4(std::string_view text) noexcept;

/// RFC 4291 2.2, without zone. About 30 ns.
std::optional<Ipv6> parse_ipv6(std::string_view text) noexcept;

/// An IPv4 address written as IPv6: ::ffff:a.b.c.d (RFC 4291 2.5.5.2).
constexpr std::optional<Ipv4> mapped_ipv4(Ipv6 address) noexcept {
  if ((address >> 32) != 0xffff) return std::nullopt;
  return static_cast<Ipv4>(address);
}

/// First and last address of a block.
template <class Address>
struct Block {
  Address first{}, last{};
};

/// "10.0.0.0/8" or a lone address; host bits that are set are cleared.
std::optional<Block<Ipv4>> parse_ipv4_block(std::string_view text) noexcept;
std::optional<Block<Ipv6>> parse_ipv6_block(std::string_view text) noexcept;

}  // namespace bandstand::agents::fraud
