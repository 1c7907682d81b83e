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
  if (!visit.personal) {
    erase(visit.user);
    return;
  }
  if (visit.item == 0 || renewals_ >= kRenewalsARound) return;
  const base::MonoTime before = clock_.mono();
  count(vectors_->click(visit.user, true, visit.item, domain::profile_seconds(visit.at)), before);
}

void UserVectorFeed::event(const domain::Event& event, const domain::BidFacts& facts) {
  if (vectors_ == nullptr || event.item == 0 || !facts.personal || facts.suspicious || renewals_ >= kRenewalsARound) return;
  const base::MonoTime before = clock_.mono();
  count(vectors_->event(facts.user, event.item, domain::profile_seconds(event.at)), before);
}

void UserVectorFeed::count(ClickResult result, base::MonoTime before) {
  if (result == ClickResult::unknown_item) metrics_.user_vector_updates.add(VectorUpdate::unknown_item);
  if (result != ClickResult::renewed) return;
  ++renewals_;
  metrics_.user_vector_updates.add(VectorUpdate::renewed);
  metrics_.user_vector_update.observe((clock_.mono() - before).count());
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
