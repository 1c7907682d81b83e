// learned_keeper: when the learned state is written, slice by slice between control's other work, and how it is read back.
#pragma once

#include <functional>
#include <string>

#include "agents/bid/market_snapshot.h"
#include "agents/creative/response_model.h"
#include "agents/profile/user_table.h"
#include "base/clock.h"
#include "serving/learned_state.h"
#include "serving/settings.h"
#include "telemetry/catalogue.h"
#include "telemetry/log.h"

namespace bandstand::serving {

/// What a start found. What was not found or not sound is empty.
struct Learned {
  LearnedHeader header;                      ///< at.ns == 0: nothing
  agents::bid::MarketSnapshotPtr market;     ///< its exchanges have the numbers that they have now
  agents::creative::ResponseModelPtr creative;
  std::string evidence;                      ///< MarketTracker::restore_evidence() judges it
  std::string figures;                       ///< CreativeTracker::restore_figures() judges it
  std::string published;                     ///< PublishedCreative::adopt() judges it
  std::string pacing;                        ///< Pacer::restore() judges it
  std::string open_bids;                     ///< Matcher::restore() judges it
  std::size_t users = 0;                     ///< that the table has got
};

/// One thread (control). All references outlive it.
class LearnedKeeper {
 public:
  struct Parts {
    base::Disk& disk;
    const base::Clock& clock;
    telemetry::Metrics& metrics;
    telemetry::Log& lines;
    agents::profile::UserTable& users;
  };
  /// Asked for when their turn has come.
  struct Sources {
    std::function<LearnedHeader()> header;
    std::function<std::string()> market, evidence, creative, figures, published, pacing, open_bids;
  };
  LearnedKeeper(const ServingSettings& settings, const Parts& parts, Sources sources);

  /// At the start, before there are readers of the table. Fills the table of users, gives the rest.
  [[nodiscard]] Learned restore();
  /// Counts and tells what became of a part that somebody else judges.
  void count(telemetry::LearnedKind part, const base::Error* error);

  /// At most one slice of the present file; begins one when it is time. A slice is a write of some 300 KB or of one model;
  /// about every seventh is synced.
  void step();
  /// Somebody was erased: the next file follows as soon as the present one is done.
  void write_soon();
  /// All of it, with the bids that are open. For an orderly stop.
  void write_all();

 private:
  enum class Turn : std::uint8_t { market, evidence, creative, figures, published, pacing, users, finish };
  base::Result<std::monostate> slice(std::size_t users_max);
  base::Result<std::monostate> write_rest();
  void done(const base::Result<std::monostate>& result);

  const ServingSettings& settings_;
  Parts parts_;
  Sources sources_;
  LearnedWriter writer_;
  Turn turn_ = Turn::market;
  std::size_t slot_ = 0;  ///< of the table of users, where to go on
  std::string bytes_;
  base::MonoTime next_file_, next_slice_;
};

/// The number that exchange `number` of `then` has in `now`; -1 if it is gone.
[[nodiscard]] int exchange_now(std::uint16_t number, const std::vector<std::string>& then,
                               const std::vector<std::string>& now);
/// The laws of exchanges that are still there, under their present numbers. The textbook's table knows exchanges by their number
/// alone: it is kept only if none has moved.
[[nodiscard]] agents::bid::MarketSnapshotPtr renumber_exchanges(const agents::bid::MarketSnapshotPtr& from,
                                                                const std::vector<std::string>& then,
                                                                const std::vector<std::string>& now);

}  // namespace bandstand::serving
