// market_evidence: what the tracker has seen of each market, as bytes that outlive the process.
#include <algorithm>
#include <cmath>

#include "agents/bid/market_tracker.h"
#include "base/bytes.h"
#include "base/checksum.h"

namespace bandstand::agents::bid {
namespace {

constexpr std::uint32_t kMagic = 0x42534531;  // "BSE1": bump with every change of what is written below
constexpr std::uint64_t kMarketsMax = 1 << 20;
constexpr std::uint64_t kExchangesMax = 1 << 16;

/// Bins that hold anything: most hold nothing.
void put(base::ByteWriter& out, const std::vector<double>& weights) {
  out.put(static_cast<std::uint32_t>(std::count_if(weights.begin(), weights.end(), [](double w) { return w > 0; })));
  for (std::size_t bin = 0; bin < weights.size(); ++bin) {
    if (!(weights[bin] > 0)) continue;
    out.put(static_cast<std::uint16_t>(bin));
    out.put(weights[bin]);
  }
}

bool get(base::ByteReader& in, std::vector<double>& weights) {
  const auto count = in.get<std::uint32_t>();
  if (count > weights.size()) return false;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto bin = in.get<std::uint16_t>();
    const auto weight = in.get<double>();
    if (!in.ok() || bin >= weights.size() || !(weight > 0 && weight < 1e15)) return false;
    weights[bin] = weight;
  }
  return in.ok();
}

struct Kept {
  std::uint64_t code = 0;
  double news = 0;
  LandscapeEstimator::Evidence evidence;
};

}  // namespace

std::string MarketTracker::encode() const {
  std::string bytes;
  base::ByteWriter out(bytes);
  out.put(kMagic);
  out.put(static_cast<std::uint64_t>(losses_told_.size()));
  for (const auto& [exchange, told] : losses_told_) {
    out.put(exchange);
    out.put(told);
  }
  out.put(static_cast<std::uint64_t>(markets_.size()));
  for (const auto& [code, market] : markets_) {
    out.put(code);
    out.put(market.news);
    const auto evidence = market.estimator.evidence();
    for (const auto* weights : {&evidence.seen, &evidence.lost, &evidence.won}) put(out, *weights);
  }
  base::append_checksum(bytes);
  return bytes;
}

base::Result<std::size_t> MarketTracker::restore_evidence(std::string_view bytes,
                                                          const std::function<int(std::uint16_t)>& exchange_now) {
  const auto corrupt = [](const char* what) { return base::fail(base::Code::corrupt, what); };
  if (bytes.size() < 8) return corrupt("the evidence of markets is cut short");
  const auto content = base::without_checksum(bytes);
  base::ByteReader in(content.value_or(std::string_view{}));
  if (!content || in.get<std::uint32_t>() != kMagic) return corrupt("the evidence of markets is damaged or of another form");
  const auto exchanges = in.get<std::uint64_t>();
  if (!in.ok() || exchanges > kExchangesMax) return corrupt("the evidence of markets is malformed");
  std::map<std::uint16_t, std::uint64_t> told;
  for (std::uint64_t i = 0; i < exchanges; ++i) {
    const int now = exchange_now(in.get<std::uint16_t>());
    const auto losses = in.get<std::uint64_t>();
    if (now >= 0) told[static_cast<std::uint16_t>(now)] = losses;
  }
  const auto count = in.get<std::uint64_t>();
  if (!in.ok() || count > kMarketsMax) return corrupt("the evidence of markets is malformed");
  const auto bins = static_cast<std::size_t>(market_grid().size());
  std::vector<Kept> kept;
  for (std::uint64_t i = 0; i < count; ++i) {
    Kept one{in.get<std::uint64_t>(), in.get<double>(), {}};
    for (auto* weights : {&one.evidence.seen, &one.evidence.lost, &one.evidence.won}) {
      weights->resize(bins);
      if (!get(in, *weights)) return corrupt("the evidence of a market is malformed");
    }
    const std::uint64_t level = one.code & 0xff;
    if (level < 1 || level > kMarketLevels || !std::isfinite(one.news)) return corrupt("a market is malformed");
    if (level > 1) {
      const int now = exchange_now(static_cast<std::uint16_t>(one.code >> 48));
      if (now < 0) continue;
      one.code = (one.code & 0xffff'ffff'ffffull) | static_cast<std::uint64_t>(now) << 48;
    }
    kept.push_back(std::move(one));
  }
  if (!in.done()) return corrupt("the evidence of markets is malformed");
  losses_told_ = std::move(told);
  std::size_t restored = 0;
  // Parents first: where there is no room for all, none must be without its parent.
  std::sort(kept.begin(), kept.end(), [](const Kept& a, const Kept& b) { return a.code < b.code; });
  for (Kept& one : kept) {
    Market* market = market_of_code(one.code);
    if (market == nullptr) continue;
    market->estimator.set_evidence(std::move(one.evidence));
    market->news = one.news;
    market->changed = true;
    ++restored;
  }
  return restored;
}

}  // namespace bandstand::agents::bid
