// matcher: a table of open bids and a heap of their deadlines.
#include "outcomes/matcher.h"

namespace bandstand::outcomes {
namespace {

constexpr base::Duration kEarlyMax = std::chrono::seconds(5);
constexpr std::size_t kEarlyEventsMax = 65'536;

constexpr std::uint32_t bit(domain::EventKind kind) { return 1u << static_cast<int>(kind); }

}  // namespace

const domain::BidFacts* Matcher::find(base::BidId bid) const {
  const auto found = entries_.find(bid);
  return found == entries_.end() ? nullptr : &found->second.outcome.facts;
}

void Matcher::on_bid(const domain::BidFacts& facts, std::vector<domain::Outcome>& out) {
  while (entries_.size() >= options_.bids_max && !deadlines_.empty()) {
    const Deadline oldest = deadlines_.top();
    deadlines_.pop();
    const auto found = entries_.find(oldest.bid);
    if (found == entries_.end() || found->second.due != oldest.at) continue;
    ++counts_.evicted;
    close(oldest.bid, found->second, out);
    entries_.erase(oldest.bid);
  }
  const auto [place, fresh] = entries_.try_emplace(facts.bid);
  if (!fresh) return;
  ++counts_.bids;
  Entry& entry = place->second;
  entry.outcome.facts = facts;
  entry.outcome.suspicious = facts.suspicious;
  enter(entry, Phase::waiting, facts.at_time + facts.life + options_.notice_slack);
  for (std::size_t i = 0; i < early_.size();) {
    if (early_[i].event.bid != facts.bid) {
      ++i;
      continue;
    }
    join(entry, early_[i].event, early_[i].billed, out);
    early_.erase(early_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

std::size_t Matcher::forget(domain::UserKey user) {
  std::size_t count = 0;
  for (auto& [bid, entry] : entries_) {
    domain::BidFacts& facts = entry.outcome.facts;
    if (user.value == 0 || facts.user != user) continue;
    facts.user = {};
    facts.personal = false;
    facts.taste = {};
    ++count;
  }
  return count;
}

bool Matcher::has_seen(base::BidId bid, domain::EventKind kind) const {
  const auto found = entries_.find(bid);
  return found != entries_.end() && (found->second.seen & bit(kind)) != 0;
}

Join Matcher::on_event(const domain::Event& event, bool billed, std::vector<domain::Outcome>& out) {
  const auto found = entries_.find(event.bid);
  if (found != entries_.end()) return join(found->second, event, billed, out);
  if (event.at - event.bid_at < kEarlyMax && early_.size() < kEarlyEventsMax) {
    early_.push_back({event, billed});
    return Join::early;
  }
  // A token proves that the bid was ours; it is unknown here because its window closed or a restart forgot it.
  if (event.at - event.bid_at > options_.click_window) {
    ++counts_.late;
    return Join::late;
  }
  ++counts_.unmatched;
  return Join::unmatched;
}

Join Matcher::join(Entry& entry, const domain::Event& event, bool billed, std::vector<domain::Outcome>& out) {
  using domain::EventKind;
  if ((entry.seen & bit(event.kind)) != 0) {
    ++counts_.repeated;
    return Join::repeated;
  }
  entry.seen |= bit(event.kind);
  ++counts_.matched;
  domain::Outcome& outcome = entry.outcome;
  outcome.suspicious = outcome.suspicious || event.suspicious;
  if (event.min_to_win.value > 0) outcome.min_to_win = event.min_to_win;
  if (billed) {
    outcome.billed = true;
    outcome.clearing_price = event.price;
  }
  switch (event.kind) {
    case EventKind::win:
    case EventKind::bill:
    case EventKind::impression:
      outcome.won = true;
      outcome.lost = false;
      if (!outcome.billed && event.price_form == domain::PriceForm::price) outcome.clearing_price = event.price;
      break;
    case EventKind::loss:
      outcome.loss_reason = event.loss_reason;
      outcome.lost = !outcome.won;
      break;
    case EventKind::click: outcome.clicked = true; break;
    case EventKind::conversion: outcome.converted = true; break;
    case EventKind::view: outcome.viewed = true; break;
    default: break;
  }
  if (outcome.won && entry.phase == Phase::waiting) enter(entry, Phase::responding, event.at + options_.click_window);
  const bool price_known = outcome.lost || (outcome.won && event.kind != EventKind::impression) || outcome.billed;
  if (price_known && !entry.priced) {
    entry.priced = true;
    emit(entry, domain::Outcome::Kind::price, out);
  }
  return Join::matched;
}

void Matcher::enter(Entry& entry, Phase phase, base::WallTime due) {
  entry.phase = phase;
  entry.due = due;
  deadlines_.push({due, entry.outcome.facts.bid});
}

void Matcher::emit(Entry& entry, domain::Outcome::Kind kind, std::vector<domain::Outcome>& out) {
  entry.outcome.kind = kind;
  out.push_back(entry.outcome);
}

void Matcher::close(base::BidId, Entry& entry, std::vector<domain::Outcome>& out) {
  if (entry.phase == Phase::converting) {
    emit(entry, domain::Outcome::Kind::conversion, out);
    return;
  }
  if (entry.outcome.won) {
    emit(entry, domain::Outcome::Kind::response, out);
  } else if (!entry.outcome.lost) {
    ++counts_.unresolved;
  }
}

void Matcher::tick(base::WallTime now, std::vector<domain::Outcome>& out) {
  while (!deadlines_.empty() && deadlines_.top().at <= now) {
    const Deadline due = deadlines_.top();
    deadlines_.pop();
    const auto found = entries_.find(due.bid);
    if (found == entries_.end() || found->second.due != due.at) continue;  // its phase has moved on
    Entry& entry = found->second;
    // No news is news: where an exchange tells no losses, this is how a lost auction looks.
    if (entry.phase == Phase::waiting && !entry.priced) emit(entry, domain::Outcome::Kind::price, out);
    close(due.bid, entry, out);
    if (entry.phase == Phase::responding && entry.outcome.clicked) {
      enter(entry, Phase::converting, due.at + options_.conversion_window);
    } else {
      entries_.erase(found);
    }
  }
  while (!early_.empty() && now - early_.front().event.at > kEarlyMax) {
    ++counts_.unmatched;
    early_.pop_front();
  }
}

}  // namespace bandstand::outcomes
