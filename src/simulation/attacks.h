// attacks: fraud made to measure: six ways of being no customer, injected into the world's traffic with their
// truth.
//
// 1. Deterministic: arrivals and contents follow from the seed alone, never from what is bid, so that two
// policies meet the same attack, and so does the world's valid traffic with and without it (common random
// numbers).
// 2. Intruders look as much like people as such traffic can: browsers' user agents, household addresses where
// the scheme has them, human delays where humans click. What gives them away is what they do, except for the
// share that is on lists.
// 3. The truth travels beside the wire (BidCall::attack), never on it.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/money.h"
#include "base/rng.h"
#include "simulation/population.h"
#include "simulation/traffic.h"

namespace bandstand::simulation {

/// What it is, and what each intruder does.
enum class AttackKind : std::uint8_t {
  none,
  click_farm,  ///< 80 telephones behind four addresses, all over the web: people paid to click on a third of
               ///< what they see
  data_centre_bots,  ///< 60 hired machines load two sites of their master; six in ten from listed ranges, one
                     ///< in ten a crawler by its own words, the rest from a block on no list
  device_spoofing,  ///< 12 addresses, a new television or telephone with every request, on the master's apps
  slow_drip,        ///< 30 hijacked households by a timer, every 40 s, seven in ten on the master's sites; an
                    ///< eighth is clicked
  ad_stacking,      ///< real people on the master's site, five ads in one place and one click for all of them
  click_drain,      ///< 25 hired hands in households who click on the ads of nine campaigns alone
  count_
};
inline constexpr std::size_t kAttackKinds = static_cast<std::size_t>(AttackKind::count_);
std::string_view name_of(AttackKind kind) noexcept;
std::optional<AttackKind> attack_named(std::string_view name) noexcept;

struct AttackOptions {
  AttackKind kind = AttackKind::none;
  base::Duration from{0};  ///< since the world's start
  base::Duration until{std::numeric_limits<std::int64_t>::max()};
  double intensity = 1;  ///< factor on how often each intruder comes
  /// Campaigns, as on the wire, whose ads a click drain clicks on. Empty: the first kVictims of the world's catalogue.
  std::vector<std::string> victims{};
};
inline constexpr std::size_t kVictims = 9;

/// How an attack answers an impression.
struct AttackClick {
  bool clicks = false;
  base::WallTime at;
};

/// What the world saw of one kind of attack.
struct AttackFigures {
  std::uint64_t requests = 0, listed = 0, impressions = 0, clicks = 0;
  base::Nanos spend;  ///< acknowledged bills
};

/// A bill for an intruder's impression, when it was acknowledged.
struct AttackBill {
  base::WallTime at;
  AttackKind kind = AttackKind::none;
  base::Nanos amount;
};

/// Visits of attacks are numbered from here: the content of all others stays as without them.
inline constexpr std::uint64_t kAttackVisits = std::uint64_t{1} << 40;

/// The intruders of one attack and when they come. Adds its users and sites behind those of the population.
class Attack {
 public:
  Attack(const AttackOptions& options, std::uint64_t seed, Population& population);

  /// When the next visit is due, as time since the world's start; Duration::max() after the last.
  [[nodiscard]] base::Duration next() const;
  /// That visit, and moves on. Fills all but `number`.
  void take(base::WallTime start, const Population& population, Visit& visit);
  /// Whether an impression that is shown `now` is clicked; `campaign` as on the wire. `rng` is the
  /// impression's own.
  [[nodiscard]] AttackClick click(const Visit& visit, std::string_view campaign, base::WallTime now,
                                  base::Rng& rng) const;
  [[nodiscard]] AttackKind kind() const { return options_.kind; }

 private:
  struct Due {
    base::Duration at{0};
    std::uint64_t order = 0;
    std::uint32_t actor = 0;
    std::uint32_t user = 0;
    std::uint32_t left = 0;  ///< visits of the same page still to come
    std::uint64_t page = 0;
    bool operator<(const Due& other) const { return at != other.at ? at > other.at : order > other.order; }
  };

  void hire_farm(Population& population);
  void hire_bots(Population& population);
  void hire_spoofers(Population& population);
  void hire_households(Population& population, std::uint32_t count);
  std::uint32_t add_user(Population& population, User user, bool listed = false);
  void add_sites(Population& population, Channel channel, std::uint32_t count);
  void schedule(std::uint32_t actors);
  void come_again(const Due& due);
  [[nodiscard]] base::Duration pause();
  [[nodiscard]] std::uint32_t user_for(std::uint32_t actor, const Population& population);
  [[nodiscard]] std::uint32_t site_for(std::uint32_t user, const Population& population);

  AttackOptions options_;
  std::uint64_t seed_;
  base::Rng rng_;
  std::priority_queue<Due> due_;
  std::uint64_t order_ = 0, pages_ = 0;
  std::uint32_t first_user_ = 0;      ///< in the population
  std::vector<std::uint32_t> turns_;  ///< by actor: how often it has come
  std::vector<char> listed_;          ///< by user from there
  std::vector<std::uint32_t> sites_;  ///< the master's own
};

}  // namespace bandstand::simulation
