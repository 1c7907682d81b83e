// user_vector_feed: keeps the vectors of users up to date with what they look at, by the profile model that is served.
//
// 1. Control thread. Shards read the table of the bundle that they hold, without locks; nothing here is on a request's path.
// 2. A table belongs to one model. Another model begins an empty one: its vectors would mean something else.
// 3. A page view begins and prolongs a visit; what a browser reports of a bid (`item` in its link) only prolongs one, so that a
//    late event brings nobody back who was erased or has withdrawn.
#pragma once

#include <memory>

#include "agents/profile/user_vectors.h"
#include "base/clock.h"
#include "domain/event.h"
#include "serving/messages.h"
#include "telemetry/catalogue.h"

namespace bandstand::serving {

class UserVectorFeed {
 public:
  static constexpr std::size_t kUsersMax = 1 << 16;
  /// Of a round of control, which money waits for: what is beyond it renews no vector.
  static constexpr int kRenewalsARound = 64;

  /// Room for `users_max` users, at most kUsersMax; taken when a model is first served.
  UserVectorFeed(const base::Clock& clock, telemetry::Metrics& metrics, std::size_t users_max);

  /// The model that is served now; version 0 or `off`: none, and nothing is kept. Another rollout of it keeps the vectors.
  void adopt(const ServedModel& profile);
  /// A known user's request. Without consent to personalise what was kept of the user goes.
  void visit(const VisitMessage& visit);
  /// What a browser reported, once, of an open bid.
  void event(const domain::Event& event, const domain::BidFacts& facts);
  /// A round of control begins.
  void begin_round() { renewals_ = 0; }
  /// Forgets a user; true if there was something.
  bool erase(domain::UserKey user);
  /// About once a second: forgets who has not been seen for a day, a slice of the table at a time.
  void tick();

  /// nullptr while no model is served.
  [[nodiscard]] const std::shared_ptr<agents::profile::UserVectors>& vectors() const { return vectors_; }

 private:
  void count(agents::profile::ClickResult result, base::MonoTime before);

  const base::Clock& clock_;
  telemetry::Metrics& metrics_;
  agents::profile::UserVectorOptions options_;
  std::shared_ptr<agents::profile::UserVectors> vectors_;
  std::uint32_t version_ = 0;  ///< of the model behind vectors_; 0: none
  int renewals_ = 0;           ///< of this round
};

}  // namespace bandstand::serving
