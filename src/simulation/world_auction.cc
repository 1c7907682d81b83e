// world_auction: what follows an answer: auctions, notices, renders, clicks, conversions.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/money.h"
#include "simulation/traffic_request.h"
#include "simulation/world_core.h"

namespace bandstand::simulation {
namespace {

using Media = SlotKind::Media;
using std::chrono::milliseconds;

/// bid.mtype of what the slot takes.
int type_of(Media media) {
  switch (media) {
    case Media::banner:
      return 1;
    case Media::video:
      return 2;
    case Media::native:
      return 4;
  }
  return 0;
}

bool fits(const SlotKind& slot, const ReadBid& bid) {
  if (slot.media != Media::banner || bid.w == 0) return true;
  return std::any_of(slot.sizes.begin(), slot.sizes.end(),
                     [&](const SizeWish& size) { return size.w == bid.w && size.h == bid.h; });
}

template <class Int>
std::string_view write_number(Int value, std::string& out) {
  char digits[24];
  out.assign(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  return out;
}

base::Duration from_seconds(double seconds) { return base::Duration{std::llround(seconds * 1e9)}; }

/// Seconds of the world's time until a conversion: uniform within the hour, then log-uniform.
double conversion_delay_s(const ConversionOptions& options, base::Rng& rng) {
  const double u = rng.uniform();
  const double v = rng.uniform();
  if (u < options.within_hour) return 3600 * v;
  if (u < options.within_day) return 3600 * std::pow(24.0, v);
  return 86'400 * std::pow(30.0, v);
}

}  // namespace

void World::Core::hold_auctions(const Visit& visit, const ReadResponse* response) {
  for (std::size_t i = 0; i < visit.offers; ++i) hold_auction(visit, i, response);
}

Contender World::Core::contender_of(const Visit& visit, const Offer& offer, const ReadBid& bid,
                                    const ReadResponse& response) const {
  const Site& site = population.sites()[visit.site];
  const SlotKind& slot = slot_kinds()[site.placements[offer.placement].slot];
  Contender out;
  out.price_nanos = bid.price.value;
  if (!bid.deal_id.empty()) {
    const DealKind* deal = offer.deal < 0 ? nullptr : &deal_kinds()[static_cast<std::size_t>(offer.deal)];
    if (deal == nullptr || deal->id != bid.deal_id) {
      out.fault = Loss::invalid_deal;
    } else {
      out.deal = true;
      out.deal_at = deal->at;
      out.deal_floor_nanos = std::llround(deal->floor_cpm * 1e6);
    }
  }
  if (response.currency != "USD") out.fault = Loss::invalid_response;
  if (bid.price.value < 0) out.fault = Loss::missing_price;
  if (bid.markup.empty()) out.fault = Loss::missing_markup;
  if (bid.creative_id.empty()) out.fault = Loss::missing_creative;
  if (bid.type != 0 && bid.type != type_of(slot.media)) out.fault = Loss::wrong_format;
  if (!fits(slot, bid)) out.fault = Loss::wrong_size;
  if (bid.domain == "blocked.example") out.fault = Loss::blocked_domain;
  if (bid.category.starts_with("IAB25") || bid.category.starts_with("IAB26"))
    out.fault = Loss::blocked_category;
  return out;
}

void World::Core::hold_auction(const Visit& visit, std::size_t index, const ReadResponse* response) {
  const Offer& offer = visit.offer[index];
  const Competition rival = market.draw(visit, index, since_start());
  contenders_.clear();
  places_.clear();
  std::string name;
  write_number(index + 1, name);
  for (std::size_t i = 0; response != nullptr && i < response->bids; ++i) {
    if (response->bid[i].imp_id != name) continue;
    places_.push_back(i);
    contenders_.push_back(contender_of(visit, offer, response->bid[i], *response));
  }
  verdicts_.assign(contenders_.size(), {});
  AuctionRules rules;
  rules.at = options.traffic.at[visit.exchange];
  rules.floor_nanos = offer.floor_nanos;
  rules.rival_nanos = rival.price_nanos;
  rules.private_auction = offer.private_auction;
  const int winner = clear_auction(rules, contenders_, verdicts_);
  if (winner < 0 && rival.price_nanos >= offer.floor_nanos) market.charge(rival, rival.price_nanos);
  ExchangeReport& figures = report.exchange[visit.exchange];
  base::Rng rng(base::mix64(options.seed ^ 0x0071'CE00ull) ^
                base::mix64(visit.number * kImpressionsMax + index));
  for (std::size_t i = 0; i < contenders_.size(); ++i) {
    const ReadBid& bid = response->bid[places_[i]];
    ++figures.bids;
    ++report.account.line(bid.campaign_id).bids;
    if (bid.price.value > 0) figures.bid_sum += bid.price;
    if (static_cast<int>(i) == winner) {
      win(visit, index, *response, bid, verdicts_[i], rng);
    } else {
      lose(visit, *response, bid, verdicts_[i], rng);
    }
  }
}

void World::Core::refuse_strangers(const Visit& visit, const ReadResponse& response) {
  for (std::size_t i = 0; i < response.bids; ++i) {
    const ReadBid& bid = response.bid[i];
    int imp = 0;
    const char* end = bid.imp_id.data() + bid.imp_id.size();
    const auto read = std::from_chars(bid.imp_id.data(), end, imp);
    if (read.ec == std::errc{} && read.ptr == end && imp >= 1 && imp <= visit.offers) continue;
    ++report.exchange[visit.exchange].bids;
    base::Rng rng(base::mix64(visit.number) + i);
    Verdict verdict;
    verdict.loss = Loss::invalid_response;
    lose(visit, response, bid, verdict, rng);
  }
}

MacroValues World::Core::macros_of(const Visit& visit, const ReadResponse& response, const ReadBid& bid,
                                   const Verdict& verdict) {
  auction_id_.clear();
  append_auction_id(options.seed, visit.number, auction_id_);
  MacroValues values;
  values.auction_id = auction_id_;
  values.bid_id = response.bid_id;
  values.imp_id = bid.imp_id;
  values.seat_id = bid.seat;
  values.ad_id = bid.ad_id;
  values.currency = response.currency;
  values.loss = write_number(static_cast<int>(verdict.loss), loss_text_);
  values.timestamp = write_number(now_.millis(), time_text_);
  if (verdict.loss == Loss::won) values.price = price_text_ = base::format_cpm({verdict.price_nanos});
  if (verdict.min_to_win_nanos > 0)
    values.min_to_win = min_text_ = base::format_cpm({verdict.min_to_win_nanos});
  return values;
}

void World::Core::lose(const Visit& visit, const ReadResponse& response, const ReadBid& bid,
                       const Verdict& verdict, base::Rng& rng) {
  ++report.exchange[visit.exchange].losses[simulation::name_of(verdict.loss)];
  if (bid.loss_url.empty()) return;
  MacroValues values = macros_of(visit, response, bid, verdict);
  if (!rng.chance(options.notices.min_to_win_share)) values.min_to_win = {};
  substituted_.clear();
  substitute_macros(target_of(bid.loss_url), values, substituted_);
  std::uint32_t index = 0;
  make_send(NoticeKind::loss, nullptr, substituted_, index);
  dispatch(index, now_ + log_normal(options.notices.win_delay_ms, rng), rng);
}

void World::Core::win(const Visit& visit, std::size_t offer, const ReadResponse& response, const ReadBid& bid,
                      const Verdict& verdict, base::Rng& rng) {
  const NoticeOptions& notices = options.notices;
  ExchangeReport& figures = report.exchange[visit.exchange];
  AccountLine& line = report.account.line(bid.campaign_id);
  ++figures.wins;
  ++line.wins;
  figures.win_sum += base::Nanos{verdict.price_nanos};

  const bool audit = rng.chance(notices.audit_share);
  const bool unresolved = rng.chance(notices.unresolved_share);
  const bool shown = rng.chance(notices.render_share);
  const bool early_bill = rng.chance(notices.early_bill_share);
  MacroValues values = macros_of(visit, response, bid, verdict);
  if (!rng.chance(notices.min_to_win_share)) values.min_to_win = {};
  if (audit) values.price = "AUDIT";
  values.leave_price = unresolved && !audit;
  const auto resolved = [&](std::string_view text, std::string& out) {
    out.clear();
    substitute_macros(text, values, out);
  };

  const base::Duration win_delay = log_normal(notices.win_delay_ms, rng);
  const base::WallTime shown_at = now_ + win_delay + log_normal(notices.render_delay_ms, rng);
  if (!bid.win_url.empty()) {
    resolved(target_of(bid.win_url), substituted_);
    std::uint32_t index = 0;
    make_send(NoticeKind::win, &line, substituted_, index);
    dispatch(index, early_bill && shown ? shown_at + win_delay : now_ + win_delay, rng);
  }
  if (!shown) return;
  const std::uint32_t index = placed_.take();
  Placed& placed = placed_[index];
  placed.visit = visit;
  placed.offer = static_cast<std::uint8_t>(offer);
  placed.creative = responses.index_of(bid.creative_id);
  placed.line = &line;
  placed.price_nanos = verdict.price_nanos;
  placed.campaign.assign(bid.campaign_id);
  placed.bid_nanos = bid.price.value;
  placed.audit = audit || visit.test;
  placed.unpriced = values.leave_price;
  resolved(target_of(bid.billing_url), placed.billing);
  resolved(target_of(bid.conversion_url), placed.conversion);
  placed.click.clear();
  placed.impressions.clear();
  placed.progress.clear();
  const std::size_t found = find_beacons(bid.markup, beacons_);
  for (std::size_t i = 0; i < found; ++i) {
    resolved(beacons_[i].target, substituted_);
    switch (beacons_[i].kind) {
      case BeaconKind::impression:
        placed.impressions.push_back(substituted_);
        break;
      case BeaconKind::click:
        placed.click = substituted_;
        break;
      case BeaconKind::progress:
        placed.progress.push_back(substituted_);
        break;
      case BeaconKind::other:
        break;
    }
  }
  placed.rng = base::Rng(rng.next());
  ++open_money;
  push(shown_at, Step::render, index);
}

void World::Core::render(std::uint32_t index) {
  Placed& placed = placed_[index];
  base::Rng& rng = placed.rng;
  ++report.exchange[placed.visit.exchange].rendered;
  const auto bill = [&](Send& send) {
    send.billing = true;
    send.audit = placed.audit;
    send.attack = placed.visit.attack;
    send.unpriced = placed.unpriced;
    send.amount_nanos = placed.audit ? 0 : placed.unpriced ? placed.bid_nanos : placed.price_nanos;
    ++placed.line->pending;
    placed.line->pending_amount += base::Nanos{send.amount_nanos};
  };
  std::uint32_t made = 0;
  bool by_pixel = placed.billing.empty();
  if (!by_pixel) {
    bill(make_send(NoticeKind::bill, placed.line, placed.billing, made));
    dispatch(made, now_ + log_normal(20, rng), rng);
  }
  for (const std::string& target : placed.impressions) {
    Send& pixel = make_send(NoticeKind::impression, placed.line, target, made);
    pixel.from_browser = true;
    pixel.attack = placed.visit.attack;
    pixel.user = placed.visit.user;
    if (by_pixel) bill(pixel);
    by_pixel = false;
    dispatch(made, now_ + log_normal(30, rng), rng);
  }
  if (!placed.audit && placed.visit.attack != 0) {
    respond_to_attack(placed, rng);
  } else if (!placed.audit) {
    respond(placed, rng);
  }
  placed_.give_back(index);
  --open_money;
}

void World::Core::respond(Placed& placed, base::Rng& rng) {
  const User& user = population.users()[placed.visit.user];
  const Site& site = population.sites()[placed.visit.site];
  const SlotKind& slot = slot_kinds()[site.placements[placed.visit.offer[placed.offer].placement].slot];
  std::uint32_t& seen = seen_[std::uint64_t{placed.visit.user} << 32 | placed.creative];
  const bool human = user.behaviour == Behaviour::human;
  double chance = responses.click(user, slot, placed.creative, seen);
  if (human) {
    ++report.human_impressions;
    count_regret(placed, chance);
  } else {
    ++report.bot_impressions;
    chance = user.behaviour == Behaviour::click_bot ? .35 : .01;
  }
  ++seen;
  const bool clicks = rng.chance(chance) && !placed.click.empty();
  // Each quarter of a video loses a tenth of those who watch.
  base::WallTime watched = now_ + milliseconds(300);
  for (const std::string& target : placed.progress) {
    std::uint32_t made = 0;
    Send& event = make_send(NoticeKind::progress, placed.line, target, made);
    event.from_browser = true;
    event.user = placed.visit.user;
    dispatch(made, watched, rng);
    watched = watched + std::chrono::seconds(4);
    if (rng.chance(.1)) break;
  }
  if (!clicks) return;
  ++(human ? report.human_clicks : report.bot_clicks);
  const base::WallTime at =
      now_ + (human ? log_normal(2'500, rng) + milliseconds(400) : log_normal(120, rng));
  std::uint32_t made = 0;
  Send& click = make_send(NoticeKind::click, placed.line, placed.click, made);
  click.from_browser = true;
  click.user = placed.visit.user;
  click.bot = !human;
  dispatch(made, at, rng);
  if (human) convert(placed, at, rng);
}

void World::Core::respond_to_attack(Placed& placed, base::Rng& rng) {
  AttackFigures& figures = report.attacks[placed.visit.attack];
  ++figures.impressions;
  for (const Attack& attack : attacks) {
    if (static_cast<std::uint8_t>(attack.kind()) != placed.visit.attack) continue;
    const AttackClick answer = attack.click(placed.visit, placed.campaign, now_, rng);
    if (!answer.clicks || placed.click.empty()) continue;
    ++figures.clicks;
    std::uint32_t made = 0;
    Send& click = make_send(NoticeKind::click, placed.line, placed.click, made);
    click.from_browser = true;
    click.user = placed.visit.user;
    click.bot = true;
    click.attack = placed.visit.attack;
    dispatch(made, answer.at, rng);
  }
}

void World::Core::convert(Placed& placed, base::WallTime clicked, base::Rng& rng) {
  const User& user = population.users()[placed.visit.user];
  const bool buys = rng.chance(responses.conversion(user, placed.creative));
  const double delay_s = conversion_delay_s(options.conversions, rng) / options.traffic.speed_up;
  if (!buys || placed.conversion.empty()) return;
  std::uint32_t made = 0;
  Send& event = make_send(NoticeKind::conversion, placed.line, placed.conversion, made);
  event.from_browser = true;
  event.user = placed.visit.user;
  dispatch(made, clicked + from_seconds(delay_s), rng);
}

void World::Core::count_regret(const Placed& placed, double chance) {
  report.click_probability += chance;
  double best = chance;
  if (placed.creative < siblings_.size()) {
    const User& user = population.users()[placed.visit.user];
    const Site& site = population.sites()[placed.visit.site];
    const SlotKind& slot = slot_kinds()[site.placements[placed.visit.offer[placed.offer].placement].slot];
    for (const std::uint32_t other : siblings_[placed.creative]) {
      if (other == placed.creative) continue;
      const auto found = seen_.find(std::uint64_t{placed.visit.user} << 32 | other);
      best = std::max(best, responses.click(user, slot, other, found == seen_.end() ? 0 : found->second));
    }
  }
  report.click_probability_best += best;
}

}  // namespace bandstand::simulation
