// ids: strong types for everything that is counted, so that a campaign is never passed for a creative.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace bandstand::base {

/// An integer that means one thing. Zero is "none".
template <class Tag, class Int = std::uint32_t>
struct Id {
  Int value = 0;
  friend constexpr auto operator<=>(const Id&, const Id&) = default;
  [[nodiscard]] constexpr bool is_none() const { return value == 0; }
};

using AdvertiserId = Id<struct AdvertiserTag>;
using CampaignId = Id<struct CampaignTag>;
using LineItemId = Id<struct LineItemTag>;
using CreativeId = Id<struct CreativeTag>;
using NodeId = Id<struct NodeTag, std::uint16_t>;  ///< a shard of a process: what holds leases
using LeaseId = Id<struct LeaseTag, std::uint64_t>;

/// 128 bits that are never reused: hi = node (16) | boot epoch (48), lo = counter (56) | slot (8).
/// Slot 0 names the decision; slots 1.. name its bids, so a bid's decision is one mask away.
struct DecisionId {
  std::uint64_t hi = 0;
  std::uint64_t lo = 0;
  friend constexpr auto operator<=>(const DecisionId&, const DecisionId&) = default;
  [[nodiscard]] constexpr DecisionId decision() const { return {hi, lo & ~std::uint64_t{0xff}}; }
  [[nodiscard]] constexpr DecisionId bid(std::uint8_t slot) const { return {hi, (lo & ~std::uint64_t{0xff}) | slot}; }
  [[nodiscard]] constexpr std::uint8_t slot() const { return static_cast<std::uint8_t>(lo & 0xff); }
  [[nodiscard]] constexpr NodeId node() const { return {static_cast<std::uint16_t>(hi >> 48)}; }
};
/// The same shape; a name of its own because a bid is billed and a decision is not.
using BidId = DecisionId;

/// Writes 32 lower-case hex digits.
void format_id(DecisionId id, char* out32) noexcept;
/// Reads 32 hex digits; false if they are not.
bool parse_id(const char* text, std::size_t size, DecisionId& out) noexcept;

}  // namespace bandstand::base

template <class Tag, class Int>
struct std::hash<bandstand::base::Id<Tag, Int>> {
  std::size_t operator()(bandstand::base::Id<Tag, Int> id) const noexcept {
    return static_cast<std::size_t>(id.value * 0x9E3779B97F4A7C15ull);
  }
};
template <>
struct std::hash<bandstand::base::DecisionId> {
  std::size_t operator()(const bandstand::base::DecisionId& id) const noexcept {
    return static_cast<std::size_t>((id.hi ^ (id.lo * 0x9E3779B97F4A7C15ull)) * 0xBF58476D1CE4E5B9ull);
  }
};
