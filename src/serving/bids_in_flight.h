// bids_in_flight: bids of users under frequency caps count as impressions until they are lost, or for a short while.
//
// 1. A bid counts in the user's state from control's next round on, so that a second bid of that user a moment later sees it.
// 2. Won: it stays. Lost: it is taken back. No news within `hold`: taken back, and counted again if it is won after all.
// 3. What can still pass a cap: bids of one user that leave before control has seen the first of them (a round, some
//    milliseconds), and those that are won later than `hold`.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <unordered_map>

#include "agents/profile/user_table.h"
#include "base/clock.h"
#include "domain/catalogue.h"
#include "domain/event.h"
#include "domain/frequency.h"

namespace bandstand::serving {

/// One thread (control), the table's writer.
class BidsInFlight {
 public:
  static constexpr std::size_t kBidsMax = 1u << 18;
  static constexpr std::size_t kCapsMax = 4;  ///< of a line item; further ones count from the win on

  BidsInFlight(agents::profile::UserTable& users, base::Duration hold) : users_(users), hold_(hold) {}

  /// A bid has left. Nothing happens if its user is not known or its line item has no caps.
  void left(const domain::BidFacts& facts, const domain::Catalogue& catalogue, const domain::LineItem& item) {
    if (facts.user.value == 0 || item.caps.empty() || flights_.size() >= kBidsMax) return;
    const auto [place, fresh] = flights_.try_emplace(facts.bid);
    if (!fresh) return;
    Flight& flight = place->second;
    flight.user = facts.user;
    const std::uint32_t now_s = domain::profile_seconds(facts.at_time);
    users_.update(facts.user, now_s, [&](domain::UserState& state) {
      count(facts, catalogue, item, 0, kCapsMax, now_s, state, [&](std::uint32_t key) { flight.keys[flight.caps++] = key; });
    });
    landings_.push_back({facts.at_time + hold_, facts.bid});
  }

  /// It was won: counts the impression, as far as it is not counted already.
  void won(const domain::BidFacts& facts, const domain::Catalogue& catalogue, const domain::LineItem& item,
           std::uint32_t now_s, domain::UserState& state) {
    const auto found = flights_.find(facts.bid);
    const std::size_t counted = found == flights_.end() ? 0 : found->second.caps;
    if (found != flights_.end()) flights_.erase(found);
    count(facts, catalogue, item, counted, SIZE_MAX, now_s, state, [](std::uint32_t) {});
  }

  /// It was lost, or does not count.
  void lost(base::BidId bid, base::WallTime now) {
    const auto found = flights_.find(bid);
    if (found == flights_.end()) return;
    const Flight flight = found->second;
    flights_.erase(found);
    users_.update(flight.user, domain::profile_seconds(now), [&](domain::UserState& state) {
      for (std::size_t i = 0; i < flight.caps; ++i) domain::frequency_take_back(state, flight.keys[i]);
    });
  }

  /// A user is erased: its bids count for nobody.
  void forget(domain::UserKey user) {
    std::erase_if(flights_, [&](const auto& flight) { return flight.second.user == user; });
  }

  /// Time passes.
  void tick(base::WallTime now) {
    while (!landings_.empty() && landings_.front().at <= now) {
      lost(landings_.front().bid, now);
      landings_.pop_front();
    }
  }

  [[nodiscard]] std::size_t size() const { return flights_.size(); }

 private:
  struct Flight {
    domain::UserKey user;
    std::array<std::uint32_t, kCapsMax> keys{};
    std::size_t caps = 0;
  };
  struct Landing {
    base::WallTime at;
    base::BidId bid;
  };

  template <class Each>
  static void count(const domain::BidFacts& facts, const domain::Catalogue& catalogue, const domain::LineItem& item,
                    std::size_t from, std::size_t to, std::uint32_t now_s, domain::UserState& state, Each&& each) {
    const auto creative = catalogue.creative_index.find(facts.creative.value);
    const std::uint32_t index = creative == catalogue.creative_index.end() ? UINT32_MAX : creative->second;
    for (std::size_t i = from; i < std::min(to, item.caps.size()); ++i) {
      const domain::FrequencyCap& cap = item.caps[i];
      const std::uint32_t key = domain::frequency_key(cap, catalogue, item, index);
      domain::frequency_add(state, key, cap.window_s, now_s);
      each(key);
    }
  }

  agents::profile::UserTable& users_;
  base::Duration hold_;
  std::unordered_map<base::BidId, Flight> flights_;
  std::deque<Landing> landings_;  ///< in the order of time
};

}  // namespace bandstand::serving
