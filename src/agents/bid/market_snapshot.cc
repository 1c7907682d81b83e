// market_snapshot: lookups by hash, laws derived from what is stored.
#include "agents/bid/market_snapshot.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/bytes.h"
#include "base/check.h"
#include "base/checksum.h"
#include "base/hash.h"
#include "base/rng.h"

namespace bandstand::agents::bid {
namespace {

constexpr std::uint32_t kMagic = 0x42534d31;  // "BSM1"
constexpr std::uint64_t kMarketsMax = 1 << 20;

}  // namespace

PriceGrid market_grid() { return PriceGrid::geometric(10'000, 1.03, 320); }

int QTable::state_of(std::uint16_t exchange, double worth) noexcept {
  const int magnitude = worth < 1 ? 0 : std::ilogb(worth);  // 0.01 CPM is 2^13, 100 CPM 2^27
  return (exchange % 4) * 16 + std::clamp(magnitude - 12, 0, 15);
}

MarketSnapshot::MarketSnapshot(std::uint32_t version, std::vector<Market> markets, QTable q_table)
    : version_(version), markets_(std::move(markets)), q_table_(std::move(q_table)) {
  std::sort(markets_.begin(), markets_.end(), [](const Market& a, const Market& b) { return a.code < b.code; });
  const PriceGrid grid = market_grid();
  index_.assign(std::bit_ceil(2 * markets_.size() + 2), -1);
  landscapes_.reserve(markets_.size());
  for (std::size_t i = 0; i < markets_.size(); ++i) {
    const Market& market = markets_[i];
    BANDSTAND_CHECK(market.masses.size() == static_cast<std::size_t>(grid.size()));
    landscapes_.emplace_back(grid, std::vector<double>(market.masses.begin(), market.masses.end()));
    std::size_t at = base::mix64(market.code) & (index_.size() - 1);
    while (index_[at] >= 0) at = (at + 1) & (index_.size() - 1);
    index_[at] = static_cast<std::int32_t>(i);
  }
}

int MarketSnapshot::find(std::uint64_t code) const noexcept {
  std::size_t at = base::mix64(code) & (index_.size() - 1);
  while (index_[at] >= 0) {
    if (markets_[static_cast<std::size_t>(index_[at])].code == code) return index_[at];
    at = (at + 1) & (index_.size() - 1);
  }
  return -1;
}

MarketSnapshot::Law MarketSnapshot::law_of(const MarketKey& key) const noexcept {
  for (int level = kMarketLevels - 1; level >= 0; --level) {
    const int i = find(market_code(key, static_cast<MarketLevel>(level)));
    if (i < 0) continue;
    const auto at = static_cast<std::size_t>(i);
    return {&landscapes_[at], static_cast<MarketLevel>(level), markets_[at].weight};
  }
  return {};
}

std::vector<float> MarketSnapshot::expected_costs(const MarketKey& key, std::uint8_t auction_type,
                                                  std::span<const double> worths) const {
  std::vector<float> costs(worths.size(), 0.0f);
  const Law law = law_of(key);
  if (law.landscape == nullptr) return costs;
  float highest = 0;
  for (std::size_t i = 0; i < worths.size(); ++i) {
    double cost = 0;
    if (auction_type == 1) {
      const ShadedBid bid = law.landscape->best_first_price_bid(worths[i]);
      cost = static_cast<double>(bid.bid) * bid.win_probability;
    } else {
      cost = law.landscape->expected_cost(static_cast<std::int64_t>(worths[i]));
    }
    highest = std::max(highest, static_cast<float>(cost));
    costs[i] = highest;
  }
  return costs;
}

std::string MarketSnapshot::encode() const {
  std::string bytes;
  base::ByteWriter out(bytes);
  out.put(kMagic);
  out.put(version_);
  out.put_all<float>(q_table_.values);
  out.put(static_cast<std::uint64_t>(markets_.size()));
  for (const Market& market : markets_) {
    out.put(market.code);
    out.put(market.weight);
    out.put_all<float>(market.masses);
  }
  base::append_checksum(bytes);
  return bytes;
}

base::Result<MarketSnapshotPtr> MarketSnapshot::decode(std::string_view bytes) {
  if (bytes.size() < 4) return base::fail(base::Code::corrupt, "a market snapshot is cut short");
  const auto content = base::without_checksum(bytes);
  base::ByteReader in(content.value_or(std::string_view{}));
  if (!content || in.get<std::uint32_t>() != kMagic)
    return base::fail(base::Code::corrupt, "a market snapshot is damaged or of another form");
  const auto version = in.get<std::uint32_t>();
  QTable q_table;
  q_table.values = in.get_all<float>(QTable::kStates * QTable::kActions);
  const auto count = in.get<std::uint64_t>();
  if (!in.ok() || count > kMarketsMax) return base::fail(base::Code::corrupt, "a market snapshot is malformed");
  const auto bins = static_cast<std::uint64_t>(market_grid().size());
  std::vector<Market> markets;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    Market market;
    market.code = in.get<std::uint64_t>();
    market.weight = in.get<float>();
    market.masses = in.get_all<float>(bins);
    const bool sane = market.masses.size() == bins &&
                      std::all_of(market.masses.begin(), market.masses.end(), [](float m) { return m >= 0 && m < 1e30f; });
    if (!sane) return base::fail(base::Code::corrupt, "a market snapshot has a malformed law");
    markets.push_back(std::move(market));
  }
  if (!in.done() || q_table.values.size() != QTable::kStates * QTable::kActions) {
    return base::fail(base::Code::corrupt, "a market snapshot is malformed");
  }
  return std::make_shared<const MarketSnapshot>(version, std::move(markets), std::move(q_table));
}

}  // namespace bandstand::agents::bid
