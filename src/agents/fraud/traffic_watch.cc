// traffic_watch: counts in windows, fading sums, a histogram of gaps and a small HyperLogLog for each party.
#include "agents/fraud/traffic_watch.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "agents/fraud/event_judge.h"
#include "base/check.h"
#include "base/rng.h"

namespace bandstand::agents::fraud {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kWindow[] = {10 * kSecond, 300 * kSecond, 3'600 * kSecond};
constexpr double kLearn = .1;            // weight of a new window in EWMA and EWVar
constexpr std::uint8_t kWindowsMin = 6;  // before a party is compared with itself
constexpr std::int64_t kRapid = kSecond / 10, kTogether = kSecond / 10, kQuick = 300'000'000;
constexpr float kFadePerSecond = 1.0f / 7200;  // two clicks are two for half an hour, also of who is shown nothing any more
constexpr double kClicksCap = 12;
constexpr float kAlike = .2f;
constexpr double kAlikeByChance = .2;  // exponential gaps: .15
constexpr float kClicksToCount = 3.5f;  // of an address or a device, towards its campaigns' rates
constexpr std::uint8_t kCameMax = 32;
constexpr double kGapBits = 3;  // entropy of exponential gaps in bins half an octave wide

void update(double x, double& mean, double& variance) {  // West (1979), with a fixed weight
  const double difference = x - mean;
  mean += kLearn * difference;
  variance = (1 - kLearn) * (variance + kLearn * difference * difference);
}

float compress(double z) { return static_cast<float>(std::copysign(std::log1p(std::abs(z)), z)); }

/// HyperLogLog (Flajolet et al., 2007) with linear counting where it is small; 18 % off with 32 registers.
template <std::size_t N>
double distinct(const std::array<std::uint8_t, N>& registers) {
  static const auto kPowers = [] {
    std::array<double, 66> powers{};
    for (int i = 0; i < 66; ++i) powers[static_cast<std::size_t>(i)] = std::ldexp(1.0, -i);
    return powers;
  }();
  double sum = 0;
  int empty = 0;
  for (const std::uint8_t r : registers) {
    sum += kPowers[r];
    empty += r == 0 ? 1 : 0;
  }
  constexpr double n = N;
  const double raw = .697 * n * n / sum;
  return raw <= 2.5 * n && empty > 0 ? n * std::log(n / empty) : raw;
}

template <std::size_t N>
double entropy_bits(const std::array<std::uint8_t, N>& bins, double& total) {
  total = 0;
  for (const std::uint8_t b : bins) total += b;
  double bits = 0;
  for (const std::uint8_t b : bins) {
    if (b > 0) bits -= b / total * std::log2(b / total);
  }
  return bits;
}

void count_up(std::uint8_t& count) {
  if (count < 255) ++count;
}

bool may_be_blocked(PartyKind kind) { return kind != PartyKind::agent; }  // an agent is thousands of people

}  // namespace

TrafficWatch::TrafficWatch(const WatchOptions& options)
    : options_(options),
      model_(options.model),
      judges_(options.model != nullptr),
      parties_(options.enabled ? options.parties : kWays),
      bids_(options.enabled ? options.bids : kWays),
      campaigns_(options.enabled ? options.campaigns : kWays) {
  BANDSTAND_CHECK(std::has_single_bit(options.parties) && options.parties >= kWays);
  BANDSTAND_CHECK(std::has_single_bit(options.bids) && options.bids >= kWays);
}

const TrafficWatch::Party* TrafficWatch::find(std::uint64_t key) const {
  const Party* set = &parties_[(base::mix64(key) & (parties_.size() - 1)) & ~std::size_t{kWays - 1}];
  for (std::uint32_t i = 0; i < kWays; ++i) {
    if (set[i].key == key) return &set[i];
  }
  return nullptr;
}
TrafficWatch::Party* TrafficWatch::find(std::uint64_t key) {
  return const_cast<Party*>(std::as_const(*this).find(key));  // NOLINT: ours
}

TrafficWatch::Party& TrafficWatch::party(PartyKind kind, std::uint64_t key, std::int64_t now_ns) {
  if (Party* known = find(key)) return *known;
  Party* set = &parties_[(base::mix64(key) & (parties_.size() - 1)) & ~std::size_t{kWays - 1}];
  const auto worth = [&](const Party& p) {
    return p.key == 0 ? std::int64_t{-1}
                      : std::max(p.last_ns, p.blocked_until_ns > now_ns ? p.blocked_until_ns : 0);
  };
  Party& victim = *std::min_element(set, set + kWays,
                                    [&](const Party& a, const Party& b) { return worth(a) < worth(b); });
  if (victim.key != 0) ++counts_.evicted;
  victim = {};
  victim.key = key;
  victim.kind = kind;
  victim.last_ns = now_ns;
  victim.fresh = static_cast<float>(fresh_);
  victim.faded_s = static_cast<std::uint32_t>(now_ns / kSecond);
  return victim;
}

const TrafficWatch::Bid* TrafficWatch::bid_of(base::BidId bid) const {
  const base::DecisionId decision = bid.decision();
  const Bid& slot = bids_[base::mix64(decision.hi ^ base::mix64(decision.lo)) & (bids_.size() - 1)];
  return slot.decision == decision ? &slot : nullptr;
}
TrafficWatch::Bid* TrafficWatch::bid_of(base::BidId bid) {
  return const_cast<Bid*>(std::as_const(*this).bid_of(bid));  // NOLINT: ours
}

void TrafficWatch::roll(Party& party, std::int64_t now_ns) {
  for (std::size_t h = 0; h < kHorizons; ++h) {
    std::int64_t passed = now_ns / kWindow[h] - party.last_ns / kWindow[h];
    if (passed <= 0) continue;
    Usual& usual = usual_[static_cast<std::size_t>(party.kind)][h];
    double mean = static_cast<double>(party.mean[h]), variance = static_cast<double>(party.variance[h]);
    const double count = party.count[h];
    if (party.windows[h] == 0) {
      mean = count;
      variance = count;
    } else {
      update(count, mean, variance);
    }
    // Of the usual, each window of a party counts for little: there are many.
    usual.mean += .002 * (count - usual.mean);
    usual.variance += .002 * ((count - usual.mean) * (count - usual.mean) - usual.variance);
    for (std::int64_t i = 1; i < std::min<std::int64_t>(passed, 40); ++i) update(0, mean, variance);
    party.mean[h] = static_cast<float>(mean);
    party.variance[h] = static_cast<float>(variance);
    party.windows[h] = static_cast<std::uint8_t>(std::min<std::int64_t>(255, party.windows[h] + passed));
    party.before[h] = passed == 1
                          ? static_cast<std::uint16_t>(std::min<std::uint32_t>(party.count[h], 65'535))
                          : std::uint16_t{0};
    party.count[h] = 0;
    if (h + 1 == kHorizons) {  // half of what was met is forgotten by the hour, by counting anew
      party.registers = {};
      party.asked = party.rapid = 0;
      party.quick /= 2;
      party.together /= 2;
      party.campaigns.halve();
    }
  }
}

void TrafficWatch::fade(Party& party, std::int64_t now_ns) const {
  const auto now_s = static_cast<std::uint32_t>(now_ns / kSecond);
  if (now_s <= party.faded_s) return;
  const float keep = std::exp(-static_cast<float>(now_s - party.faded_s) * kFadePerSecond);
  party.impressions *= keep;
  party.clicks *= keep;
  party.faded_s = now_s;
}

void TrafficWatch::on_request(const Sighting& sighting) {
  ++counts_.requests;
  const std::int64_t now_ns = sighting.at.ns;
  Bid& bid =
      bids_[base::mix64(sighting.decision.hi ^ base::mix64(sighting.decision.lo)) & (bids_.size() - 1)];
  bid = {sighting.decision, sighting.parties, 0, now_ns, 0};
  const std::uint64_t device = sighting.parties[static_cast<std::size_t>(PartyKind::device)];
  const Party* before = device == 0 ? nullptr : find(device);
  const double fresh = device != 0 && before == nullptr ? 1 : 0;
  fresh_ += .002 * (fresh - fresh_);
  const bool rapid = before != nullptr && now_ns - before->last_ns < kRapid;
  for (std::size_t i = 0; i < kPartyKinds; ++i) {
    if (sighting.parties[i] == 0) continue;
    const auto kind = static_cast<PartyKind>(i);
    const bool known = find(sighting.parties[i]) != nullptr;
    Party& one = party(kind, sighting.parties[i], now_ns);
    const std::int64_t gap = now_ns - one.last_ns;
    roll(one, now_ns);
    for (auto& count : one.count) ++count;
    one.asked += 1;
    if (rapid) one.rapid += 1;
    // Means at first, then fading: a new party is known after a few requests.
    const float weight = std::max(.03f, 1 / (8 + static_cast<float>(one.count[2] + one.before[2])));
    one.listed += weight * ((sighting.listed ? 1.0f : 0.0f) - one.listed);
    one.fresh += weight * (static_cast<float>(fresh) - one.fresh);
    if (one.came == kCameMax) one.came /= 2, one.unmet /= 2;
    ++one.came;
    if (fresh > 0) ++one.unmet;
    const std::uint64_t other = base::mix64(kind == PartyKind::device ? sighting.parties[0] : device);
    auto& place = one.registers[other % kRegisters];
    place = std::max(place, static_cast<std::uint8_t>(1 + std::countl_zero(other | 1)));
    // Bins half an octave wide, from one second to 256; what is longer says nothing of a timer, nor do the
    // parts of a page.
    if (known && gap >= kSecond && gap < 256 * kSecond) {
      auto& bin = one.gaps[static_cast<std::size_t>(2 * std::log2(static_cast<double>(gap) / kSecond))];
      if (bin == 255) {
        for (auto& b : one.gaps) b /= 2;
      }
      ++bin;
      const float gap_s = static_cast<float>(gap) * 1e-9f;
      if (one.gap_s > 0) {
        if (one.gaps_seen == 255) one.gaps_seen /= 2, one.gaps_alike /= 2;
        ++one.gaps_seen;
        if (std::abs(gap_s - one.gap_s) < kAlike * one.gap_s) ++one.gaps_alike;
      }
      one.gap_s += one.gap_s > 0 ? .3f * (gap_s - one.gap_s) : gap_s;
    }
    one.last_ns = now_ns;
  }
}

void TrafficWatch::on_event(const domain::Event& event) {
  using domain::EventKind;
  if (event.kind != EventKind::impression && event.kind != EventKind::click) return;
  Bid* bid = bid_of(event.bid);
  if (bid == nullptr) return;
  const bool shown = event.kind == EventKind::impression;
  const bool quick = !shown && bid->shown_ns != 0 && event.at.ns - bid->shown_ns < kQuick;
  if (shown) bid->shown_ns = event.at.ns;
  const std::uint64_t device = bid->parties[static_cast<std::size_t>(PartyKind::device)];
  bool together = false;
  if (!shown && device != 0) {
    // The device's last click is kept with its bid of the same name in the bids' table: a slot that any
    // device may take.
    Bid& last = bids_[base::mix64(device) & (bids_.size() - 1)];
    together =
        last.clicked_ns != 0 && event.at.ns - last.clicked_ns < kTogether && event.at.ns >= last.clicked_ns;
    last.clicked_ns = event.at.ns;
  }
  bool blocked = false;
  for (const std::uint64_t key : bid->parties) {
    Party* one = key == 0 ? nullptr : find(key);
    if (one == nullptr) continue;
    blocked = blocked || one->blocked_until_ns > event.at.ns;
    fade(*one, event.at.ns);
    (shown ? one->impressions : one->clicks) += 1;
    if (quick) count_up(one->quick);
    if (together) count_up(one->together);
  }
  if (event.campaign.value != 0) count_campaign(*bid, event);
  // What is usual is learned from the many: nobody counts for more than one click, nor much more than that in
  // impressions.
  const Party* who = device == 0 ? nullptr : find(device);
  const bool counts = who == nullptr || (who->clicks < 1.5f && who->impressions < 50);
  if (!blocked && counts) (shown ? impressions_ : clicks_) += 1;
}

/// Nobody counts for more than three clicks in a campaign's rate: a farm that clicks on everything makes no victim of anybody.
void TrafficWatch::count_campaign(const Bid& bid, const domain::Event& event) {
  const bool click = event.kind == domain::EventKind::click;
  const std::uint16_t slot = campaigns_.slot_of(event.campaign);
  bool counts = true;
  for (std::size_t i = 0; i < kPartyKinds; ++i) {
    Party* one = bid.parties[i] == 0 ? nullptr : find(bid.parties[i]);
    if (one == nullptr) continue;
    one->campaigns.add(slot, click);
    const bool person = one->kind == PartyKind::address || one->kind == PartyKind::device;
    counts = counts && (!person || one->clicks < kClicksToCount);
  }
  if (counts) campaigns_.add(slot, click, event.at.ns / kSecond, click_rate());
}

double TrafficWatch::click_rate() const {
  const double weight = options_.click_rate_weight;
  return (clicks_ + weight * options_.click_rate_prior) / (impressions_ + weight);
}

Evidence TrafficWatch::evidence(const Party& kept, std::int64_t now_ns) const {
  Party party = kept;
  fade(party, now_ns);
  Evidence out{};
  const auto set = [&](Fact fact, double value) {
    out[static_cast<std::size_t>(fact)] = static_cast<float>(value);
  };
  for (std::size_t h = 0; h < kHorizons; ++h) {
    const std::int64_t passed = now_ns / kWindow[h] - party.last_ns / kWindow[h];
    const double count = passed == 0   ? std::max<double>(party.count[h], party.before[h])
                         : passed == 1 ? party.count[h]
                                       : 0;
    const Usual& usual = usual_[static_cast<std::size_t>(party.kind)][h];
    const bool own = party.windows[h] >= kWindowsMin;
    const double mean = own ? static_cast<double>(party.mean[h]) : usual.mean;
    const double variance = own ? static_cast<double>(party.variance[h]) : usual.variance;
    out[h] = compress((count - mean) / std::sqrt(variance + mean + 1));  // never surer than Poisson
  }
  const double asked = static_cast<double>(party.asked);
  const auto clicks = static_cast<std::uint64_t>(std::lround(party.clicks));
  const auto shown = std::max(clicks, static_cast<std::uint64_t>(std::lround(party.impressions)));
  const double usual_rate = std::min(.5, click_rate() * options_.click_rate_factor);
  set(Fact::clicks, clicks < 2 ? 0 : std::min(kClicksCap, improbability(clicks, shown, usual_rate)));
  set(Fact::quick, std::log1p(party.quick));
  set(Fact::together, std::log1p(party.together));
  double gaps = 0;
  if (asked >= 5) {
    const double bits = entropy_bits(party.gaps, gaps);
    set(Fact::regular, std::max(0.0, 1 - bits / kGapBits) * gaps / (gaps + 6));
  }
  set(Fact::steady, std::min(kClicksCap, improbability(party.gaps_alike, party.gaps_seen, kAlikeByChance)));
  if (party.kind != PartyKind::device)
    set(Fact::unmet, std::min(kClicksCap, improbability(party.unmet, party.came, std::clamp(fresh_, .05, .95))));
  set(Fact::drains, std::clamp(static_cast<double>(party.campaigns.evidence(campaigns_)), 0.0, kClicksCap));
  const double strangers = party.kind == PartyKind::device
                               ? std::max(0.0, distinct(party.registers) - 1.5) / (asked + 10)
                               : std::max(0.0, static_cast<double>(party.fresh) - fresh_) / (1.05 - fresh_);
  set(Fact::strangers, strangers);
  set(Fact::listed, party.listed);
  set(Fact::rapid, static_cast<double>(party.rapid) / (asked + 5));
  const double gone = static_cast<double>(now_ns % kWindow[2]) / static_cast<double>(kWindow[2]);
  const std::int64_t hours = now_ns / kWindow[2] - party.last_ns / kWindow[2];
  if (hours == 0) set(Fact::volume, std::log1p(party.count[2] + (1 - gone) * party.before[2]));
  if (hours == 1) set(Fact::volume, std::log1p((1 - gone) * party.count[2]));
  return out;
}

Evidence TrafficWatch::evidence(PartyKind, std::uint64_t key, base::WallTime now) const {
  const Party* known = find(key);
  return known == nullptr ? Evidence{} : evidence(*known, now.ns);
}

/// Evidence beyond what an innocent party shows, in parts of what suffices alone.
float TrafficWatch::score(PartyKind kind, const Evidence& evidence) const {
  const auto at = [&](Fact fact) { return evidence[static_cast<std::size_t>(fact)]; };
  const auto past = [&](Fact fact, float from, float enough) {
    return std::max(0.0f, (at(fact) - from) / (enough - from));
  };
  // A good place is clicked on more than others; a person is not so often lucky.
  const bool site = kind == PartyKind::site;
  float sum = past(Fact::clicks, site ? 2.0f : 1.4f, site ? 6.0f : 3.8f) + past(Fact::quick, .5f, 1.6f) +
              past(Fact::rapid, .2f, .6f);
  if (kind == PartyKind::device || kind == PartyKind::address) sum += past(Fact::drains, 3.5f, 7.0f);
  if (kind != PartyKind::device) sum += past(Fact::together, .5f, 1.6f);
  if (kind == PartyKind::device || kind == PartyKind::address) sum += .7f * past(Fact::regular, .3f, .6f);
  if (kind == PartyKind::address || kind == PartyKind::block) {
    // New devices without end, faster than any carrier's.
    sum += past(Fact::strangers, .45f, .65f) * std::min(1.0f, past(Fact::volume, 2.0f, 3.5f));
  }
  if (site) sum += past(Fact::listed, .25f, .5f);
  if (at(Fact::volume) > 2.5f) sum += .3f * std::max(0.0f, at(Fact::rate_10s) - 2);
  return sum;
}

bool TrafficWatch::suspects(base::BidId bid, base::WallTime now) const {
  const Bid* known = bid_of(bid);
  if (known == nullptr) return false;
  Dossier dossier{};
  for (std::size_t i = 0; i < kPartyKinds; ++i) {
    const Party* one = known->parties[i] == 0 ? nullptr : find(known->parties[i]);
    if (one == nullptr) continue;
    if (options_.blocks && one->blocked_until_ns > now.ns) return true;
    if (judges_) dossier[i] = evidence(*one, now.ns);
  }
  return judges_ && model_->probability(features_of(dossier)) >= model_->refuse_from();
}

WatchlistPtr TrafficWatch::tick(base::WallTime now) {
  if (!options_.enabled) return nullptr;
  if (next_ == nullptr) begin_round(now);
  const std::size_t listed = last_ == nullptr ? 0 : last_->slots().size(), all = parties_.size() + listed;
  const double share = std::min(1.0, static_cast<double>((now - round_began_).count()) /
                                         static_cast<double>(options_.publish_every.count()));
  const auto until = share >= 1 ? all : static_cast<std::size_t>(share * static_cast<double>(all));
  for (; looked_at_ < until; ++looked_at_) {
    if (looked_at_ < parties_.size()) {
      look_at(parties_[looked_at_], now);
    } else {
      look_after(last_->slots()[looked_at_ - parties_.size()]);
    }
  }
  if (looked_at_ < all) return nullptr;
  next_->version = changes_.version;
  next_->model = model_;
  changes_.model_version = model_version_;
  last_ = std::move(next_);
  return last_;
}

void TrafficWatch::begin_round(base::WallTime now) {
  next_ = std::make_shared<Watchlist>(last_ == nullptr ? 64 : last_->size());
  changes_.version = ++version_;
  changes_.age = ++age_;
  changes_.entries.clear();
  round_began_ = now;
  campaigns_.fade(now.ns / kSecond, click_rate());
  looked_at_ = 0;
}

void TrafficWatch::look_at(Party& one, base::WallTime now) {
  const bool blocked = one.blocked_until_ns > now.ns;
  const bool silent = now.ns - one.last_ns > kWindow[2];
  if (one.key == 0 || (silent && !blocked)) return;
  if (one.asked < 3 && one.clicks < 1 && !blocked) return;
  const Evidence known = evidence(one, now.ns);
  if (options_.blocks && may_be_blocked(one.kind) && !blocked && score(one.kind, known) >= options_.score_min) {
    ++counts_.blocks;
    const base::Duration length = options_.block_first * (std::int64_t{1} << std::min<int>(one.strikes, 20));
    one.blocked_until_ns = (now + std::min(length, options_.block_max)).ns;
    count_up(one.strikes);
  }
  const std::int64_t until = one.blocked_until_ns > now.ns ? one.blocked_until_ns : 0;
  if (next_->size() < options_.entries_max || until != 0) list({one.key, until, marks_of(known)});
}

/// What the log has no room for stays as it was, so that the log can say what the list says.
void TrafficWatch::list(const WatchEntry& entry) {
  const WatchEntry* before = last_ == nullptr ? nullptr : last_->find(entry.key);
  const bool changed = before == nullptr || *before != entry;
  const bool turn = WatchChanges::has_turn(entry.key, changes_.version);
  if (changed && !turn && changes_.entries.size() >= WatchChanges::kEntriesMax) {
    if (before != nullptr) next_->add(*before);
    return;
  }
  if (changed || turn) changes_.entries.push_back(entry);
  next_->add(entry);
}

/// An entry of the last list: gone from this one?
void TrafficWatch::look_after(const WatchEntry& listed) {
  if (listed.key == 0 || next_->find(listed.key) != nullptr) return;
  const bool turn = WatchChanges::has_turn(listed.key, changes_.version);
  if (turn || changes_.entries.size() < WatchChanges::kEntriesMax) {
    changes_.entries.push_back({listed.key, 0, {}});
  } else {
    next_->add(listed);
  }
}

}  // namespace bandstand::agents::fraud
