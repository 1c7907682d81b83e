// evidence: see the header.
#include "agents/fraud/evidence.h"

#include <algorithm>

#include "base/rng.h"

namespace bandstand::agents::fraud {
namespace {

/// Where a fact begins to be remarkable.
constexpr Evidence kKnee{1.5f, 1.5f, 1.5f, 3.0f, .6f, .6f, .4f, .6f, .2f, 4.0f, .3f, 2.5f, 3.0f, 2.5f};

}  // namespace

Parties parties_of(const domain::Auction& auction, std::optional<domain::UserKey> user) noexcept {
  const auto key = [](std::string_view text, PartyKind kind) {
    return text.empty() ? 0 : base::hash64(text, static_cast<std::uint64_t>(kind) + 0xF0) | 1;
  };
  const domain::Device& device = auction.device;
  const bool v4 = !device.ip.empty();
  const std::string_view address = v4 ? device.ip : device.ipv6;
  const std::string_view block =
      v4 ? address.substr(0, std::min(address.size(), address.rfind('.'))) : address.substr(0, 19);
  Parties out;
  out[0] = key(address, PartyKind::address);
  out[1] = key(block, PartyKind::block);
  out[3] = key(device.user_agent, PartyKind::agent);
  out[2] = user                         ? base::mix64(user->value) | 1
           : out[0] == 0 || out[3] == 0 ? 0
                                        : base::mix64(out[0] ^ out[3]) | 1;
  const std::string_view site = !auction.bundle.empty()   ? auction.bundle
                                : !auction.domain.empty() ? auction.domain
                                                          : auction.source_id;
  out[4] = key(site, PartyKind::site);
  return out;
}

FraudFeatures features_of(const Dossier& dossier) noexcept {
  FraudFeatures out{};
  std::size_t at = 0;
  for (const Evidence& evidence : dossier) {
    for (std::size_t i = 0; i < kFacts; ++i, ++at) {
      out[at] = evidence[i];
      out[at + kPartyKinds * kFacts] = std::max(0.0f, evidence[i] - kKnee[i]);
    }
  }
  return out;
}

}  // namespace bandstand::agents::fraud
