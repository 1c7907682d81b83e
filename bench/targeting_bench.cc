// targeting_bench: how long the index and the scan take over catalogues of 1,000 to 100,000 line items.
//
// Usage: targeting_bench [line items ...]. Each size runs twice: "served", where 64 candidates are soon
// found, and "niche", where the auction's country is that of few line items, so that the whole index is
// walked. Prints one line a figure; times are medians and 99th percentiles of single calls.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "agents/targeting/random_world.h"
#include "agents/targeting/targeting_rules.h"
#include "base/clock.h"

namespace {

using namespace bandstand;
using namespace bandstand::agents::targeting;

struct Question {
  domain::Auction auction;
  domain::Consent consent;
  std::vector<std::uint32_t> segments;
  domain::UserState user;
};

/// 256 requests with what real ones have: four of five with a user, 11 blocked advertisers, a few keywords
/// and categories.
std::vector<Question> questions(RandomWorld& world, const domain::Catalogue& catalogue, base::Rng& rng,
                                base::Arena& arena, base::WallTime now, bool niche) {
  std::vector<Question> made;
  while (made.size() < 256) {
    Question question{world.auction(arena), world.consent(), world.segments(), world.user(catalogue, now)};
    auto blocked = arena.array<std::string_view>(11);
    for (auto& domain : blocked) domain = arena.copy("blocked" + std::to_string(rng.below(5'000)) + ".com");
    question.auction.blocked_domains = blocked;
    question.auction.blocked_categories = {};
    question.auction.categories_allowed = {};
    question.auction.cattax = 1;
    question.auction.device.geo.country = niche ? domain::pack8("ZZ") : domain::pack8("CA");
    auto impressions = arena.array<domain::Impression>(1);
    impressions[0] = question.auction.impressions[0];
    impressions[0].private_auction = false;
    auto* banner = arena.make<domain::Banner>();
    auto sizes = arena.array<domain::Size>(1);
    sizes[0] = rng.chance(0.5) ? domain::Size{300, 250} : domain::Size{728, 90};
    banner->sizes = sizes;
    banner->pos = 1;
    impressions[0].banner = banner;
    question.auction.impressions = impressions;
    made.push_back(std::move(question));
  }
  return made;
}

void measure(const char* what, TargetingAgent& agent, const std::vector<Question>& questions,
             std::span<const std::uint64_t> open, base::WallTime now, int rounds) {
  const base::SystemClock clock;
  base::Arena arena;
  std::vector<double> times_us;
  double candidates = 0;
  double refused = 0;
  for (int round = -1; round < rounds; ++round) {
    for (std::size_t i = 0; i < questions.size(); ++i) {
      const Question& q = questions[i];
      arena.reset();
      base::Rng chance(1);
      agents::AgentContext context{now, base::Duration{1'000'000}, chance, arena};
      const TargetingInput input{q.auction,  q.auction.impressions[0],       q.consent,
                                 q.segments, i % 5 == 0 ? nullptr : &q.user, open,
                                 64};
      const auto start = clock.mono();
      const auto answer = agent.decide(input, context);
      const auto end = clock.mono();
      if (round < 0 || !answer) continue;
      times_us.push_back(static_cast<double>((end - start).count()) / 1'000);
      candidates += static_cast<double>(answer->value.candidates.size());
      refused += static_cast<double>(answer->value.refused);
    }
  }
  std::sort(times_us.begin(), times_us.end());
  const auto count = static_cast<double>(times_us.size());
  std::printf("%-28s median %8.2f us  p99 %8.2f us  candidates %5.1f  refused %8.0f\n", what,
              times_us[times_us.size() / 2], times_us[times_us.size() * 99 / 100], candidates / count,
              refused / count);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::uint32_t> sizes;
  for (int i = 1; i < argc; ++i)
    sizes.push_back(static_cast<std::uint32_t>(std::strtoul(argv[i], nullptr, 10)));
  if (sizes.empty()) sizes = {1'000, 10'000, 100'000};
  const base::WallTime now{1'700'913'600'000'000'000};
  for (const std::uint32_t size : sizes) {
    base::Rng rng(size);
    WorldOptions options;
    options.line_items = size;
    options.restrict = 0.05;
    options.names = 400;
    options.countries = 10;
    options.country_share = 0.98;
    options.far_circles = 0;
    options.seen = 4;
    options.faults = false;
    RandomWorld world(rng, options);
    const auto catalogue = world.catalogue();
    const base::SystemClock clock;
    const auto start = clock.mono();
    const auto index = TargetingIndex::build(catalogue);
    const double build_s = static_cast<double>((clock.mono() - start).count()) / 1e9;
    TargetingRules rules(index);
    std::printf("%u line items: index %.2f MB built in %.2f s, %.2f MB a shard\n", size,
                static_cast<double>(index->bytes()) / 1e6, build_s, static_cast<double>(rules.bytes()) / 1e6);
    base::Arena arena;
    const auto open = world.open(size, 0.9);
    const auto served = questions(world, *catalogue, rng, arena, now, false);
    const auto niche = questions(world, *catalogue, rng, arena, now, true);
    measure("  index, served", rules, served, open, now, 100);
    measure("  index, niche", rules, niche, open, now, 100);
    if (size != 1'000) continue;
    TargetingScan scan(catalogue);
    measure("  scan, served", scan, served, open, now, 1);
  }
  return EXIT_SUCCESS;
}
