// matcher_state: open bids as bytes, for a process that stops in order and goes on.
#include <cmath>

#include "base/bytes.h"
#include "base/checksum.h"
#include "outcomes/matcher.h"

namespace bandstand::outcomes {
namespace {

constexpr std::uint32_t kMagic = 0x42534f32;  // "BSO2": bump with every change of what is written below
constexpr std::uint64_t kBidsMax = 1u << 24;

void put(base::ByteWriter& out, const domain::BidFacts& facts) {
  out.put(facts.bid.hi);
  out.put(facts.bid.lo);
  out.put(facts.campaign.value);
  out.put(facts.line_item.value);
  out.put(facts.creative.value);
  out.put(facts.exchange);
  for (const std::uint8_t number : {facts.media, facts.device, facts.at}) out.put(number);
  for (const bool flag : {facts.first_party, facts.test, facts.suspicious, facts.personal})
    out.put(static_cast<std::uint8_t>(flag ? 1 : 0));
  out.put(facts.size.w);
  out.put(facts.size.h);
  out.put(facts.at_time.ns);
  out.put(static_cast<std::int64_t>(facts.life.count()));
  out.put(facts.price.value);
  out.put(facts.floor.value);
  out.put(facts.value);
  for (const float number : {facts.mu, facts.click_rate, facts.conversion_rate, facts.propensity}) out.put(number);
  out.put(facts.user_topic);
  out.put(facts.user_topic_weight);
  out.put(facts.impressions_seen);
  out.put(facts.placement);
  out.put(facts.user.value);
  for (const float number : facts.taste) out.put(number);
}

void get(base::ByteReader& in, domain::BidFacts& facts) {
  const auto take = [&](auto& value) { value = in.get<std::remove_reference_t<decltype(value)>>(); };
  take(facts.bid.hi);
  take(facts.bid.lo);
  take(facts.campaign.value);
  take(facts.line_item.value);
  take(facts.creative.value);
  take(facts.exchange);
  for (std::uint8_t* number : {&facts.media, &facts.device, &facts.at}) take(*number);
  for (bool* flag : {&facts.first_party, &facts.test, &facts.suspicious, &facts.personal})
    *flag = in.get<std::uint8_t>() != 0;
  take(facts.size.w);
  take(facts.size.h);
  take(facts.at_time.ns);
  facts.life = base::Duration{in.get<std::int64_t>()};
  take(facts.price.value);
  take(facts.floor.value);
  take(facts.value);
  for (float* number : {&facts.mu, &facts.click_rate, &facts.conversion_rate, &facts.propensity}) take(*number);
  take(facts.user_topic);
  take(facts.user_topic_weight);
  take(facts.impressions_seen);
  take(facts.placement);
  take(facts.user.value);
  for (float& number : facts.taste) take(number);
}

}  // namespace

std::string Matcher::encode() const {
  std::string bytes;
  base::ByteWriter out(bytes);
  out.put(kMagic);
  out.put(static_cast<std::uint64_t>(entries_.size()));
  for (const auto& [bid, entry] : entries_) {
    const domain::Outcome& outcome = entry.outcome;
    put(out, outcome.facts);
    for (const bool flag : {outcome.won, outcome.lost, outcome.billed, outcome.clicked, outcome.converted,
                            outcome.viewed, outcome.suspicious, entry.priced}) {
      out.put(static_cast<std::uint8_t>(flag ? 1 : 0));
    }
    out.put(outcome.loss_reason);
    out.put(outcome.clearing_price.value);
    out.put(outcome.min_to_win.value);
    out.put(entry.seen);
    out.put(entry.phase);
    out.put(entry.due.ns);
  }
  base::append_checksum(bytes);
  return bytes;
}

base::Result<std::size_t> Matcher::restore(std::string_view bytes, base::WallTime now) {
  if (bytes.size() < 8) return base::fail(base::Code::corrupt, "open bids are cut short");
  const auto content = base::without_checksum(bytes);
  base::ByteReader in(content.value_or(std::string_view{}));
  if (!content || in.get<std::uint32_t>() != kMagic)
    return base::fail(base::Code::corrupt, "open bids are damaged or of another form");
  const auto count = in.get<std::uint64_t>();
  if (count > kBidsMax) return base::fail(base::Code::corrupt, "open bids are malformed");
  std::vector<Entry> kept;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    Entry entry;
    domain::Outcome& outcome = entry.outcome;
    get(in, outcome.facts);
    for (bool* flag : {&outcome.won, &outcome.lost, &outcome.billed, &outcome.clicked, &outcome.converted,
                       &outcome.viewed, &outcome.suspicious, &entry.priced}) {
      *flag = in.get<std::uint8_t>() != 0;
    }
    outcome.loss_reason = in.get<std::uint16_t>();
    outcome.clearing_price.value = in.get<std::int64_t>();
    outcome.min_to_win.value = in.get<std::int64_t>();
    entry.seen = in.get<std::uint32_t>();
    entry.phase = in.get<Phase>();
    entry.due.ns = in.get<std::int64_t>();
    if (entry.phase > Phase::converting || !std::isfinite(outcome.facts.value))
      return base::fail(base::Code::corrupt, "open bids are malformed");
    kept.push_back(std::move(entry));
  }
  if (!in.done()) return base::fail(base::Code::corrupt, "open bids are malformed");

  std::size_t restored = 0;
  for (Entry& entry : kept) {
    // Its life ended while nobody listened: that no win came says nothing.
    if (entry.phase == Phase::waiting && entry.due < now) {
      ++counts_.unresolved;
      continue;
    }
    if (entries_.size() >= options_.bids_max) break;
    const base::BidId bid = entry.outcome.facts.bid;
    const auto [place, fresh] = entries_.try_emplace(bid, std::move(entry));
    if (!fresh) continue;
    deadlines_.push({place->second.due, bid});
    ++restored;
  }
  return restored;
}

}  // namespace bandstand::outcomes
