// profile_rules: reads the state with its decay, strongest interest first.
#include "agents/profile/profile_rules.h"

#include <algorithm>

#include "agents/profile/interests.h"
#include "domain/topic.h"

namespace bandstand::agents::profile {
namespace {

constexpr std::size_t kTopicsMax = 16;
constexpr float kFaint = 1e-3f;  ///< below this an interest is forgotten

bool stronger(const TopicWeight& a, const TopicWeight& b) {
  return a.weight != b.weight ? a.weight > b.weight : a.topic < b.topic;
}

std::span<const TopicWeight> interests_of(const domain::UserState& state, AgentContext& context) {
  const std::uint32_t now_s = domain::profile_seconds(context.now);
  base::ArenaList<TopicWeight> list(context.arena, domain::kInterestSlots);
  for (const domain::Interest& interest : state.interests) {
    if (interest.topic == 0) continue;
    const float weight = strength(interest, now_s);
    if (weight > kFaint) list.push({interest.topic, weight});
  }
  std::sort(list.begin(), list.end(), stronger);
  return list.span();
}

std::span<const TopicWeight> interests_of_page(const domain::Auction& auction, base::Arena& arena) {
  const auto topics = page_topics(auction, arena);
  const auto weights = arena.array<TopicWeight>(topics.size());
  for (std::size_t i = 0; i < topics.size(); ++i) weights[i] = {topics[i], 1.0f / static_cast<float>(topics.size())};
  return weights;
}

}  // namespace

std::span<const std::uint32_t> page_topics(const domain::Auction& auction, base::Arena& arena) {
  const auto topics = arena.array<std::uint32_t>(
      std::min(kTopicsMax, auction.source_categories.size() + auction.keywords.size()));
  std::size_t count = 0;
  for (const domain::Texts& texts : {auction.source_categories, auction.keywords}) {
    for (const std::string_view text : texts) {
      if (count == topics.size()) break;
      const std::uint32_t topic = domain::topic_of(text);
      if (std::find(topics.begin(), topics.begin() + static_cast<std::ptrdiff_t>(count), topic) ==
          topics.begin() + static_cast<std::ptrdiff_t>(count)) {
        topics[count++] = topic;
      }
    }
  }
  return topics.first(count);
}

base::Result<domain::Decided<ProfileAnswer>> ProfileRules::decide(const ProfileInput& input, AgentContext& context) {
  ProfileAnswer answer;
  if (input.consent.may_identify()) answer.state = input.state;  // frequency counts need no more than this
  if (input.consent.may_personalise()) {
    const auto segments = context.arena.array<std::uint32_t>(input.auction.segments.size());
    for (std::size_t i = 0; i < segments.size(); ++i) segments[i] = domain::topic_of(input.auction.segments[i].id);
    answer.segments = segments;
    if (answer.state != nullptr) {
      answer.known = true;
      answer.interests = interests_of(*answer.state, context);
      const float days = static_cast<float>(domain::profile_seconds(context.now) - answer.state->first_seen_s) / 86'400.0f;
      answer.activity = static_cast<float>(answer.state->requests) / std::max(1.0f, days);
    }
  }
  if (answer.interests.empty()) answer.interests = interests_of_page(input.auction, context.arena);
  return domain::Decided<ProfileAnswer>{.value = answer, .policy = id_};
}

}  // namespace bandstand::agents::profile
