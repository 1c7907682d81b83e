// pacing_snapshot: fixed-width little-endian bytes.
#include "agents/budget/pacing_snapshot.h"

#include <cmath>
#include <cstring>

namespace bandstand::agents::budget {
namespace {

struct Wire {
  std::uint8_t open;
  std::uint8_t why;
  std::uint16_t zero;
  float mu;
  float pass_through;
  float residual;
};
static_assert(sizeof(Wire) == 16);

}  // namespace

std::string PacingSnapshot::encode() const {
  std::string out;
  const auto put = [&](const auto& value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); };
  put(version);
  put(static_cast<std::uint32_t>(campaigns.size()));
  put(catalogue_version);
  for (const CampaignPace& pace : campaigns) {
    put(Wire{static_cast<std::uint8_t>(pace.open ? 1 : 0), static_cast<std::uint8_t>(pace.why), 0, pace.mu, pace.pass_through,
             pace.residual});
  }
  return out;
}

base::Result<std::shared_ptr<const PacingSnapshot>> PacingSnapshot::decode(std::string_view bytes) {
  auto out = std::make_shared<PacingSnapshot>();
  std::uint32_t count = 0;
  if (bytes.size() < 16) return base::fail(base::Code::corrupt, "pacing snapshot: cut short");
  std::memcpy(&out->version, bytes.data(), 4);
  std::memcpy(&count, bytes.data() + 4, 4);
  std::memcpy(&out->catalogue_version, bytes.data() + 8, 8);
  bytes.remove_prefix(16);
  if (bytes.size() != std::size_t{count} * sizeof(Wire)) return base::fail(base::Code::corrupt, "pacing snapshot: wrong size");
  for (std::uint32_t i = 0; i < count; ++i) {
    Wire wire;
    std::memcpy(&wire, bytes.data() + i * sizeof wire, sizeof wire);
    if (!(wire.mu > 0)) return base::fail(base::Code::corrupt, "pacing snapshot: mu is not positive");
    if (!std::isfinite(wire.residual)) return base::fail(base::Code::corrupt, "pacing snapshot: a residual is no number");
    out->campaigns.push_back(
        {wire.open != 0, static_cast<domain::Refusal>(wire.why), wire.mu, wire.pass_through, wire.residual});
  }
  return std::shared_ptr<const PacingSnapshot>(std::move(out));
}

}  // namespace bandstand::agents::budget
