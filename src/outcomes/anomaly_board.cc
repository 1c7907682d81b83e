// anomaly_board: turns of the watches.
#include "outcomes/anomaly_board.h"

#include <algorithm>
#include <cmath>

namespace bandstand::outcomes {

const char* name_of(Subject subject) noexcept { return subject == Subject::campaign ? "campaign" : "exchange"; }

const char* name_of(Reading::State state) noexcept {
  switch (state) {
    case Reading::State::learning: return "learning";
    case Reading::State::usual: return "usual";
    case Reading::State::high: return "high";
    case Reading::State::low: return "low";
    case Reading::State::silent: return "silent";
  }
  return "unknown";
}

AnomalyBoard::Series* AnomalyBoard::series(Subject subject, std::uint32_t id) {
  const std::uint64_t key = key_of(subject, id);
  const auto found = series_.find(key);
  if (found != series_.end()) return &found->second;
  if (series_.size() >= options_.subjects_max) {
    ++not_watched_;
    return nullptr;
  }
  Series& made = series_[key];
  made.watches.fill(AnomalyWatch(options_.watch));
  return &made;
}

void AnomalyBoard::bid_resolved(Subject subject, std::uint32_t id, bool won) {
  if (Series* s = series(subject, id)) {
    s->bids += 1;
    s->wins += won ? 1 : 0;
  }
}

void AnomalyBoard::shown(Subject subject, std::uint32_t id) {
  if (Series* s = series(subject, id)) s->impressions += 1;
}

void AnomalyBoard::clicked(Subject subject, std::uint32_t id) {
  if (Series* s = series(subject, id)) s->clicks += 1;
}

void AnomalyBoard::paid(Subject subject, std::uint32_t id, base::Nanos amount) {
  if (Series* s = series(subject, id)) {
    s->spent += static_cast<double>(amount.value);
    s->payments += 1;
  }
}

std::span<const AnomalyBoard::Flag> AnomalyBoard::tick(
    base::WallTime now, const std::function<bool(Subject, std::uint32_t)>& is_live) {
  fresh_.clear();
  if (cycle_at_.ns == 0 || now - cycle_at_ >= 2 * options_.look_every || now < cycle_at_) {
    cycle_at_ = now;  // the beginning, or time has jumped: this turn is not of the length that the others had
    looked_ = 0;
    next_key_ = 0;
    for (auto& [key, series] : series_) {
      series.bids = series.wins = series.impressions = series.clicks = series.spent = series.payments = 0;
    }
    return fresh_;
  }
  const double done = std::chrono::duration<double>(now - cycle_at_) / options_.look_every;
  const auto due = static_cast<std::size_t>(std::ceil(std::min(1.0, done) * static_cast<double>(series_.size())));
  auto at = series_.lower_bound(next_key_);
  for (; looked_ < due && at != series_.end(); ++looked_, ++at) {
    const auto id = static_cast<std::uint32_t>(at->first);
    if (is_live(static_cast<Subject>(at->first >> 32), id)) {
      look(at->first, at->second, now);
    } else {
      std::erase_if(flags_, [&](const Flag& flag) { return key_of(flag.subject, flag.id) == at->first; });
    }
    Series& s = at->second;
    s.bids = s.wins = s.impressions = s.clicks = s.spent = s.payments = 0;
    next_key_ = at->first + 1;
  }
  if (now - cycle_at_ >= options_.look_every) {
    cycle_at_ = cycle_at_ + options_.look_every;
    looked_ = 0;
    next_key_ = 0;
  }
  return fresh_;
}

void AnomalyBoard::look(std::uint64_t key, Series& s, base::WallTime now) {
  s.payments_usual += 0.1 * (s.payments - s.payments_usual);
  if (s.payments_usual >= options_.payments_min || s.watches[0].last().state > Reading::State::usual)
    judge(key, Watch::spend, s.watches[0].look(s.spent), now);
  if (s.bids > 0) judge(key, Watch::win_rate, s.watches[1].look(s.wins, s.bids), now);
  if (s.impressions > 0)
    judge(key, Watch::click_rate, s.watches[2].look(std::min(s.clicks, s.impressions), s.impressions), now);
}

void AnomalyBoard::judge(std::uint64_t key, Watch watch, const Reading& reading, base::WallTime now) {
  const auto before = [&](const Flag& flag) {
    return std::pair(key_of(flag.subject, flag.id), flag.watch) < std::pair(key, watch);
  };
  const auto at = std::partition_point(flags_.begin(), flags_.end(), before);
  const bool known = at != flags_.end() && key_of(at->subject, at->id) == key && at->watch == watch;
  if (reading.state <= Reading::State::usual) {
    if (known) flags_.erase(at);
    return;
  }
  if (known) {
    const bool turned = at->reading.state != reading.state;
    at->reading = reading;
    if (turned) {
      at->since = now;
      fresh_.push_back(*at);
    }
    return;
  }
  const Flag flag{static_cast<Subject>(key >> 32), static_cast<std::uint32_t>(key), watch, reading, now};
  flags_.insert(at, flag);
  fresh_.push_back(flag);
}

}  // namespace bandstand::outcomes
