// world_core: the inside of World: an event queue, the auctions, the notices. Internal to world*.cc.
#pragma once

#include <deque>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "simulation/exchange_auction.h"
#include "simulation/exchange_macros.h"
#include "simulation/exchange_markup.h"
#include "simulation/exchange_response.h"
#include "simulation/world.h"

namespace bandstand::simulation {

/// Slots that are used again; indexes stay valid until freed, addresses too.
template <class T>
class Slots {
 public:
  std::uint32_t take() {
    if (free_.empty()) {
      items_.emplace_back();
      return static_cast<std::uint32_t>(items_.size() - 1);
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    return index;
  }
  void give_back(std::uint32_t index) { free_.push_back(index); }
  T& operator[](std::uint32_t index) { return items_[index]; }
  [[nodiscard]] std::size_t used() const { return items_.size() - free_.size(); }

 private:
  std::deque<T> items_;
  std::vector<std::uint32_t> free_;
};

class World::Core {
 public:
  Core(const WorldOptions& options, domain::CatalogueSnapshot catalogue);

  void run_until(base::WallTime t, Transport& transport, AnswerHandler& handler);
  void on_answer(const Answer& answer);

  WorldOptions options;
  domain::CatalogueSnapshot catalogue;
  Population population;
  std::vector<Attack> attacks;  ///< before the traffic: their people and places are part of the population
  Traffic traffic;
  Market market;
  ResponseModel responses;
  WorldReport report;
  std::uint64_t sent_hash = 0;
  std::uint64_t open_money = 0;  ///< bid requests, win, loss and billing notices not done with
  bool traffic_on = true;

  [[nodiscard]] base::WallTime next_due() const;
  [[nodiscard]] base::Duration since_start() const { return now_ - options.start; }
  [[nodiscard]] double traffic_level() const {
    return traffic.rate_at(since_start()) / options.traffic.requests_per_second;
  }
  void refresh_report();

 private:
  enum class Step : std::uint8_t { send, render };
  struct Due {
    base::WallTime at;
    std::uint64_t order = 0;
    Step step = Step::send;
    std::uint32_t index = 0;
    bool operator<(const Due& other) const { return at != other.at ? at > other.at : order > other.order; }
  };

  /// A notice or event on its way.
  struct Send {
    std::string target;
    NoticeKind kind = NoticeKind::win;
    AccountLine* line = nullptr;
    bool billing = false;  ///< moves money in our books when acknowledged
    bool audit = false, unpriced = false, bot = false, from_browser = false;
    bool resends = true;  ///< false: the second copy of a duplicate
    bool acknowledgement_lost = false;
    std::int64_t amount_nanos = 0;
    std::uint8_t attack = 0;
    int attempts = 0;
    std::uint32_t user = 0;
    base::WallTime due;
  };

  /// A won impression until it has been shown.
  struct Placed {
    Visit visit;
    std::uint8_t offer = 0;
    std::uint32_t creative = 0;
    AccountLine* line = nullptr;
    std::int64_t price_nanos = 0, bid_nanos = 0;
    bool audit = false, unpriced = false;
    std::string billing, click, conversion, campaign;
    std::vector<std::string> impressions, progress;
    base::Rng rng{0};
  };

  void push(base::WallTime at, Step step, std::uint32_t index);
  void visit(Transport& transport, AnswerHandler& handler);
  void ask(std::uint32_t index, Transport& transport, AnswerHandler& handler);
  Attack& next_attack(base::WallTime& at);
  void send(std::uint32_t index, Transport& transport, AnswerHandler& handler);
  void on_bid_answer(std::uint32_t index, const Answer& answer);
  void on_notice_answer(std::uint32_t index, int status, base::Duration latency);
  void hold_auctions(const Visit& visit, const ReadResponse* response);
  void hold_auction(const Visit& visit, std::size_t offer, const ReadResponse* response);
  Contender contender_of(const Visit& visit, const Offer& offer, const ReadBid& bid,
                         const ReadResponse& response) const;
  void refuse_strangers(const Visit& visit, const ReadResponse& response);
  void lose(const Visit& visit, const ReadResponse& response, const ReadBid& bid, const Verdict& verdict,
            base::Rng& rng);
  void win(const Visit& visit, std::size_t offer, const ReadResponse& response, const ReadBid& bid,
           const Verdict& verdict, base::Rng& rng);
  void render(std::uint32_t index);
  void respond(Placed& placed, base::Rng& rng);
  void respond_to_attack(Placed& placed, base::Rng& rng);
  void convert(Placed& placed, base::WallTime clicked, base::Rng& rng);
  void count_regret(const Placed& placed, double chance);
  Send& make_send(NoticeKind kind, AccountLine* line, std::string_view target, std::uint32_t& index);
  /// Schedules with delay and faults; `rng` belongs to the visit's impression.
  void dispatch(std::uint32_t index, base::WallTime at, base::Rng& rng);
  void finish(std::uint32_t index);
  [[nodiscard]] base::Duration log_normal(double median_ms, base::Rng& rng) const;
  [[nodiscard]] MacroValues macros_of(const Visit& visit, const ReadResponse& response, const ReadBid& bid,
                                      const Verdict& verdict);
  [[nodiscard]] static bool concerns_money(const Send& send);

  base::WallTime now_;
  std::priority_queue<Due> due_;
  std::uint64_t order_ = 0, visits_ = 0, attack_visits_ = 0;
  base::WallTime next_visit_;
  Slots<Visit> asked_;
  Slots<Send> sends_;
  Slots<Placed> placed_;
  ResponseReader reader_;
  ReadResponse response_;
  std::string body_, auction_id_, price_text_, min_text_, loss_text_, time_text_, substituted_;
  std::vector<Beacon> beacons_;
  std::vector<Contender> contenders_;
  std::vector<Verdict> verdicts_;
  std::vector<std::size_t> places_;
  std::unordered_map<std::uint64_t, std::uint32_t> seen_;  ///< impressions of a creative to a user
  std::vector<std::vector<std::uint32_t>> siblings_;  ///< by creative: those that could stand in its place
};

}  // namespace bandstand::simulation
