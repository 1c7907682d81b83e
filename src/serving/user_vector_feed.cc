// user_vector_feed: from messages to clicks.
#include "serving/user_vector_feed.h"

#include <algorithm>

#include "agents/profile/sequence_model.h"
#include "domain/user.h"

namespace bandstand::serving {
namespace {

constexpr std::size_t kSlotsASecond = 1024;  // the whole table in a minute

}  // namespace

using agents::profile::ClickResult;
using agents::profile::UserVectors;
using telemetry::VectorUpdate;

UserVectorFeed::UserVectorFeed(const base::Clock& clock, telemetry::Metrics& metrics, std::size_t users_max)
    : clock_(clock), metrics_(metrics) {
  options_.capacity = std::min(users_max, kUsersMax);
}

void UserVectorFeed::adopt(const ServedModel& profile) {
  const bool serves = profile.rollout.mode != orchestrator::Mode::off;
  const std::uint32_t version = serves ? profile.version : 0;
  if (version == version_) return;
  version_ = version;
  vectors_.reset();
  const auto model = std::dynamic_pointer_cast<const agents::profile::SequenceModel>(profile.model);
  if (version != 0 && model != nullptr) vectors_ = std::make_shared<UserVectors>(model->encoder, options_);
  metrics_.user_vectors.set(0);
}

void UserVectorFeed::visit(const VisitMessage& visit) {
  if (vectors_ == nullptr) return;
  if (visit.personal && visit.item == 0) return;
  click(visit.user, visit.personal, visit.item, visit.at);
}

void UserVectorFeed::event(const domain::Event& event, const domain::BidFacts& facts) {
  if (vectors_ == nullptr || event.item == 0 || !facts.personal || facts.suspicious) return;
  if (vectors_->knows(facts.user)) click(facts.user, true, event.item, event.at);
}

void UserVectorFeed::click(domain::UserKey user, bool personal, std::uint64_t item, base::WallTime at) {
  const base::MonoTime before = clock_.mono();
  const bool known = vectors_->knows(user);
  switch (vectors_->click(user, personal, item, domain::profile_seconds(at))) {
    case ClickResult::renewed:
      metrics_.user_vector_updates.add(VectorUpdate::renewed);
      metrics_.user_vector_update.observe((clock_.mono() - before).count());
      break;
    case ClickResult::unknown_item: metrics_.user_vector_updates.add(VectorUpdate::unknown_item); break;
    case ClickResult::no_consent:
      if (known) metrics_.user_vector_updates.add(VectorUpdate::erased);
      break;
    case ClickResult::same_item: break;
  }
}

bool UserVectorFeed::erase(domain::UserKey user) {
  if (vectors_ == nullptr || !vectors_->erase(user)) return false;
  metrics_.user_vector_updates.add(VectorUpdate::erased);
  return true;
}

void UserVectorFeed::tick() {
  if (vectors_ == nullptr) return;
  vectors_->expire(domain::profile_seconds(clock_.wall()), kSlotsASecond);
  metrics_.user_vectors.set(static_cast<std::int64_t>(vectors_->size()));
}

}  // namespace bandstand::serving
