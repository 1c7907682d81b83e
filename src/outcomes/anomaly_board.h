// anomaly_board: the watches of many campaigns and exchanges: gathers what happened, looks at it in turn, keeps what is flagged.
//
// 1. Each subject is looked at once every `look_every`; the looks are spread over that time, so that no round is long.
// 2. A subject that is not live (its campaign may not spend) is not looked at: that nothing happens is as it should be.
// 3. Flags, never acts.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/money.h"
#include "outcomes/anomaly.h"

namespace bandstand::outcomes {

enum class Subject : std::uint8_t { campaign, exchange };
const char* name_of(Subject subject) noexcept;
const char* name_of(Reading::State state) noexcept;

struct AnomalyBoardOptions {
  base::Duration look_every = std::chrono::seconds(30);
  double payments_min = 5;            ///< a look, on average, before spend is judged: fewer are noise
  std::size_t subjects_max = 10'000;  ///< beyond, new ones are not watched (counted)
  AnomalyWatch::Options watch;
};

/// One thread. About 2.5 KB a subject; a look at one costs some 5 us.
class AnomalyBoard {
 public:
  static constexpr int kWatched = 3;  ///< spend, win_rate, click_rate

  AnomalyBoard() : AnomalyBoard(AnomalyBoardOptions{}) {}
  explicit AnomalyBoard(AnomalyBoardOptions options) : options_(options) {}

  void bid_resolved(Subject subject, std::uint32_t id, bool won);
  void shown(Subject subject, std::uint32_t id);
  void clicked(Subject subject, std::uint32_t id);
  void paid(Subject subject, std::uint32_t id, base::Nanos amount);

  struct Flag {
    Subject subject = Subject::campaign;
    std::uint32_t id = 0;
    Watch watch = Watch::spend;
    Reading reading;
    base::WallTime since;
  };
  /// Looks at those whose turn it is, at even times. Flags that are new since the last call; valid until the next one.
  std::span<const Flag> tick(base::WallTime now, const std::function<bool(Subject, std::uint32_t)>& is_live);
  /// What is flagged now, by subject and id.
  [[nodiscard]] const std::vector<Flag>& flags() const { return flags_; }
  [[nodiscard]] std::size_t subjects() const { return series_.size(); }
  [[nodiscard]] std::uint64_t not_watched() const { return not_watched_; }

 private:
  struct Series {
    double bids = 0, wins = 0, impressions = 0, clicks = 0, spent = 0, payments = 0;  ///< since the last look
    double payments_usual = 0;  ///< exponential average
    std::array<AnomalyWatch, kWatched> watches;
  };
  static std::uint64_t key_of(Subject subject, std::uint32_t id) {
    return static_cast<std::uint64_t>(subject) << 32 | id;
  }
  Series* series(Subject subject, std::uint32_t id);
  void look(std::uint64_t key, Series& series, base::WallTime now);
  void judge(std::uint64_t key, Watch watch, const Reading& reading, base::WallTime now);

  AnomalyBoardOptions options_;
  std::map<std::uint64_t, Series> series_;  ///< ordered: visited in turn, and alike in every run
  std::uint64_t next_key_ = 0;
  base::WallTime cycle_at_;
  std::size_t looked_ = 0;  ///< in this cycle
  std::uint64_t not_watched_ = 0;
  std::vector<Flag> flags_, fresh_;
};

}  // namespace bandstand::outcomes
