// address: strict parsers; what the C library takes besides ("0x7f.1", "010.0.0.1") is refused.
#include "agents/fraud/address.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace bandstand::agents::fraud {
namespace {

std::optional<unsigned> parse_number(std::string_view text, unsigned max) noexcept {
  unsigned number = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || at != end || number > max) return std::nullopt;
  return number;
}

template <class Address, class Parse>
std::optional<Block<Address>> parse_block(std::string_view text, unsigned bits, Parse parse) noexcept {
  const auto slash = text.find('/');
  const auto address = parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return Block<Address>{*address, *address};
  const auto prefix = parse_number(text.substr(slash + 1), bits);
  if (!prefix) return std::nullopt;
  const Address all = static_cast<Address>(~Address{0});
  const Address host = *prefix == bits ? Address{0} : static_cast<Address>(all >> *prefix);
  return Block<Address>{static_cast<Address>(*address & ~host), static_cast<Address>(*address | host)};
}

}  // namespace

std::optional<Ipv4> parse_ipv4(std::string_view text) noexcept {
  Ipv4 address = 0;
  std::size_t at = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && (at >= text.size() || text[at++] != '.')) return std::nullopt;
    const std::size_t first = at;
    unsigned number = 0;
    while (at < text.size() && at - first < 3 && text[at] >= '0' && text[at] <= '9') {
      number = number * 10 + static_cast<unsigned>(text[at++] - '0');
    }
    if (at == first || number > 255 || (text[first] == '0' && at - first > 1)) return std::nullopt;
    address = address << 8 | number;
  }
  if (at != text.size()) return std::nullopt;
  return address;
}

std::optional<Ipv6> parse_ipv6(std::string_view text) noexcept {
  char buffer[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof(buffer)) return std::nullopt;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  in6_addr parsed;
  if (inet_pton(AF_INET6, buffer, &parsed) != 1) return std::nullopt;
  Ipv6 address = 0;
  for (const unsigned char byte : parsed.s6_addr) address = address << 8 | byte;
  return address;
}

std::optional<Block<Ipv4>> parse_ipv4_block(std::string_view text) noexcept {
  return parse_block<Ipv4>(text, 32, parse_ipv4);
}

std::optional<Block<Ipv6>> parse_ipv6_block(std::string_view text) noexcept {
  return parse_block<Ipv6>(text, 128, parse_ipv6);
}

}  // namespace bandstand::agents::fraud
