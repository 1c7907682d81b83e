// traffic_watch: the anomaly score over the stream: what parties of requests do, how usual that is, whom to
// block for a while.
//
// 1. Slow loop, one owner; sightings and events in the order in which they come. The same input gives the
// same blocks.
// 2. Fixed memory, whatever comes: parties and bids live in tables of four-entry sets, where the one least
// lately seen makes room; the blocked are the last to.
// 3. Keys are hashes; nothing in here can be turned back into an address or a person.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "agents/fraud/campaign_clicks.h"
#include "agents/fraud/evidence.h"
#include "agents/fraud/fraud_model.h"
#include "agents/fraud/watchlist.h"
#include "base/clock.h"
#include "domain/event.h"

namespace bandstand::agents::fraud {

struct WatchOptions {
  bool enabled = false;
  bool blocks = true;                  ///< by the score; a model may judge without
  std::uint32_t parties = 1u << 18;    ///< a power of two; 176 bytes each
  std::uint32_t bids = 1u << 16;       ///< a power of two; 80 bytes each
  std::uint32_t campaigns = 1u << 12;  ///< a power of two; 48 bytes each
  double click_rate_prior = .01;     ///< before impressions have been seen
  double click_rate_weight = 500;    ///< impressions that the prior counts for
  double click_rate_factor = 3;  ///< what is usual is at most this times the average (some places are good)
  float score_min = 1;           ///< a party with at least this score is blocked
  base::Duration block_first = std::chrono::minutes(10);  ///< doubled with every further block of the party
  base::Duration block_max = std::chrono::hours(24);
  base::Duration publish_every = std::chrono::seconds(5);
  std::uint32_t entries_max = 1u << 16;  ///< of a watchlist
  FraudModelPtr model;                   ///< until set_model(); judges events too
};

class TrafficWatch {
 public:
  explicit TrafficWatch(const WatchOptions& options);

  /// A request came, whatever was answered. About 0.5 us.
  void on_request(const Sighting& sighting);
  /// An impression or a click; others are ignored. About 0.5 us.
  void on_event(const domain::Event& event);
  /// Would this bid's request be blocked by what is known now? False if the bid is not remembered.
  [[nodiscard]] bool suspects(base::BidId bid, base::WallTime now) const;
  /// Lists are numbered above this one, and judge by this model from the next one on. nullptr: blocks alone do.
  void start_at(std::uint32_t version) { version_ = version; }
  /// `judges`: events too, as of now.
  void set_model(FraudModelPtr model, std::uint32_t version, bool judges) {
    judges_ = judges && model != nullptr;
    model_ = std::move(model);
    model_version_ = version;
  }
  /// Looks at its share of the parties, blocks and releases: the whole table once in `publish_every`, however often it is
  /// called. A new list when it is through, else nullptr. About 0.15 us a party.
  [[nodiscard]] WatchlistPtr tick(base::WallTime now);
  /// Of the list that tick() has just given; gone with the next call.
  [[nodiscard]] const WatchChanges& changes() const { return changes_; }

  struct Counts {
    std::uint64_t requests = 0, blocks = 0, evicted = 0;
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] std::size_t bytes() const {
    return parties_.size() * sizeof(Party) + bids_.size() * sizeof(Bid) + campaigns_.bytes();
  }
  /// What is known of a party now; zeros if it is not remembered.
  [[nodiscard]] Evidence evidence(PartyKind kind, std::uint64_t key, base::WallTime now) const;

 private:
  static constexpr std::uint32_t kWays = 4;
  static constexpr std::size_t kHorizons = 3;
  static constexpr std::size_t kGaps = 16, kRegisters = 32;
  struct Party {
    std::uint64_t key = 0;
    std::int64_t last_ns = 0;  ///< request
    std::int64_t blocked_until_ns = 0;
    std::array<std::uint32_t, kHorizons> count{};   ///< in the present window
    std::array<std::uint16_t, kHorizons> before{};  ///< in the last one
    std::array<std::uint8_t, kHorizons> windows{};  ///< seen whole
    PartyKind kind{};
    std::array<float, kHorizons> mean{}, variance{};
    float impressions = 0, clicks = 0;  ///< fading, by two hours
    float asked = 0, rapid = 0;         ///< requests, since the registers are new
    float listed = 0;                   ///< share of the last 30 or so that the lists refused
    float fresh = 0;                    ///< share of the last 30 or so by devices not met before
    float gap_s = 0;                    ///< mean of the last few times between requests
    std::uint32_t faded_s = 0;
    std::uint8_t quick = 0, together = 0, strikes = 0;
    std::uint8_t gaps_seen = 0, gaps_alike = 0;
    std::uint8_t came = 0, unmet = 0;  ///< of the last 16 to 32 requests, those by devices not met before
    std::array<std::uint8_t, kGaps> gaps{};
    std::array<std::uint8_t, kRegisters> registers{};
    CampaignsSeen campaigns;
  };
  struct Bid {
    base::DecisionId decision;
    Parties parties{};
    std::int64_t shown_ns = 0, touched_ns = 0, clicked_ns = 0;
  };
  struct Usual {
    double mean = 1, variance = 1;
  };

  Party* find(std::uint64_t key);
  [[nodiscard]] const Party* find(std::uint64_t key) const;
  Party& party(PartyKind kind, std::uint64_t key, std::int64_t now_ns);
  Bid* bid_of(base::BidId bid);
  [[nodiscard]] const Bid* bid_of(base::BidId bid) const;
  void roll(Party& party, std::int64_t now_ns);
  void fade(Party& party, std::int64_t now_ns) const;
  [[nodiscard]] Evidence evidence(const Party& party, std::int64_t now_ns) const;
  [[nodiscard]] float score(PartyKind kind, const Evidence& evidence) const;
  [[nodiscard]] double click_rate() const;
  void count_campaign(const Bid& bid, const domain::Event& event);
  void begin_round(base::WallTime now);
  void look_at(Party& party, base::WallTime now);
  void look_after(const WatchEntry& listed);
  void list(const WatchEntry& entry);

  WatchOptions options_;
  FraudModelPtr model_;
  std::uint32_t model_version_ = 0;
  bool judges_ = false;
  std::vector<Party> parties_;
  std::vector<Bid> bids_;
  CampaignClicks campaigns_;
  std::array<std::array<Usual, kHorizons>, kPartyKinds>
      usual_{};                          ///< counts of parties of a kind in a window
  double fresh_ = 1;                     ///< share of the last requests of all, likewise
  double impressions_ = 0, clicks_ = 0;  ///< of whom is not blocked
  // The list in the making; its parties first, then those of the last one that may have gone.
  std::shared_ptr<Watchlist> next_;
  WatchlistPtr last_;
  WatchChanges changes_;
  base::WallTime round_began_;
  std::size_t looked_at_ = 0;
  std::uint32_t version_ = 0, age_ = 0;
  Counts counts_;
};

}  // namespace bandstand::agents::fraud
