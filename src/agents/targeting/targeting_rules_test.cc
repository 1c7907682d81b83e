// targeting_rules_test: claims about the index, most of them "says what the scan says".
#include "agents/targeting/targeting_rules.h"

#include <gtest/gtest.h>

#include "agents/targeting/random_world.h"

namespace bandstand::agents::targeting {
namespace {

using domain::Refusal;

constexpr base::WallTime kNoon{1'700'913'600'000'000'000};

std::string describe(const std::vector<std::uint64_t>& counts, std::uint32_t items) {
  std::string text;
  for (std::uint32_t i = 0; i < items; ++i) {
    for (int r = 0; r < domain::kRefusals; ++r) {
      const auto count = counts[i * domain::kRefusals + static_cast<std::uint32_t>(r)];
      if (count != 0)
        text += std::to_string(i) + ":" + domain::name_of(static_cast<Refusal>(r)) + "=" +
                std::to_string(count) + " ";
    }
  }
  return text;
}

struct Tally {
  std::uint64_t pairs = 0, candidates = 0;
  std::array<std::uint64_t, domain::kRefusals> refusals{};
};

/// One catalogue, many auctions, in random order of time: candidates and every reason must be equal.
void compare(std::uint64_t seed, WorldOptions options, int auctions, Tally& tally) {
  base::Rng rng(seed);
  RandomWorld world(rng, options);
  const auto catalogue = world.catalogue();
  const TargetingOptions targeting{.seats = {"seat0", "", "seat1"}, .values = {}, .policy = {}};
  TargetingScan scan(catalogue, targeting);
  TargetingRules rules(TargetingIndex::build(catalogue, targeting));
  const auto items = static_cast<std::uint32_t>(catalogue->line_items.size());
  std::vector<std::uint64_t> by_scan(items * domain::kRefusals);
  std::vector<std::uint64_t> by_rules(items * domain::kRefusals);
  base::Arena arena;
  auto open = world.open(items, 0.9);
  base::WallTime now = kNoon;
  for (int i = 0; i < auctions; ++i) {
    arena.reset();
    now = now + std::chrono::seconds(rng.chance(0.05) ? -static_cast<std::int64_t>(rng.below(1'000'000))
                                                      : static_cast<std::int64_t>(rng.below(20'000)));
    if (rng.chance(0.2)) open[rng.below(open.size())] ^= std::uint64_t{1} << rng.below(64);
    const domain::Auction auction = world.auction(arena);
    const domain::Consent consent = world.consent();
    const auto segments = world.segments();
    const domain::UserState user = world.user(*catalogue, now);
    const bool all = rng.chance(0.5);
    const TargetingInput input{auction,
                               auction.impressions[0],
                               consent,
                               segments,
                               rng.chance(0.5) ? &user : nullptr,
                               open,
                               all ? items * 4 : static_cast<std::uint32_t>(rng.below(6))};
    base::Rng chance(1);
    AgentContext context{now, base::Duration{1'000'000}, chance, arena};
    const auto expected = scan.decide(input, context);
    const auto answer = rules.decide(input, context);
    ASSERT_TRUE(expected && answer);
    ASSERT_EQ(answer->value.candidates.size(), expected->value.candidates.size())
        << "seed " << seed << " auction " << i;
    for (std::size_t c = 0; c < answer->value.candidates.size(); ++c) {
      ASSERT_EQ(answer->value.candidates[c].line_item, expected->value.candidates[c].line_item)
          << "seed " << seed;
      ASSERT_EQ(answer->value.candidates[c].deal, expected->value.candidates[c].deal) << "seed " << seed;
    }
    if (all || items <= kBlockBits) {
      ASSERT_EQ(answer->value.refused, expected->value.refused) << "seed " << seed << " auction " << i;
      ASSERT_EQ(answer->value.outranked, expected->value.outranked) << "seed " << seed << " auction " << i;
    }
    tally.pairs += items;
    tally.candidates += answer->value.candidates.size();
    if (rng.chance(0.1)) rules.collect_refusals(by_rules);
  }
  for (int i = 0; i < 2; ++i) {  // what rests in the one bank, then in the other
    rules.collect_refusals(by_rules);
    const domain::Auction nothing;
    const domain::Impression nowhere;
    const TargetingInput input{nothing, nowhere, {}, {}, nullptr, {}, 0};
    base::Rng chance(1);
    AgentContext context{now, base::Duration{1'000'000}, chance, arena};
    ASSERT_TRUE(rules.decide(input, context));
    ASSERT_TRUE(scan.decide(input, context));
  }
  rules.collect_refusals(by_rules);
  scan.collect_refusals(by_scan);
  // The last request that only exchanged the banks may still rest.
  const bool few = items <= kBlockBits;
  std::uint64_t difference = 0;
  for (std::size_t i = 0; i < by_scan.size(); ++i) {
    tally.refusals[i % domain::kRefusals] += by_rules[i];
    if (!few) continue;
    ASSERT_GE(by_scan[i], by_rules[i]) << "seed " << seed << "\nscan  " << describe(by_scan, items)
                                       << "\nindex " << describe(by_rules, items);
    difference += by_scan[i] - by_rules[i];
  }
  if (few) {
    ASSERT_LE(difference, items) << "seed " << seed;
  }
  EXPECT_EQ(rules.refusals_uncounted(), 0u);
}

TEST(TargetingRules, SaysWhatTheScanSaysOfSmallCatalogues) {
  Tally tally;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    WorldOptions options;
    options.line_items = 1 + static_cast<std::uint32_t>(seed % 97);
    options.restrict = seed % 3 == 0 ? 0.02 : 0.08;
    compare(seed, options, 60, tally);
    if (HasFatalFailure()) return;
  }
  std::printf("%llu pairs, %llu candidates\n", static_cast<unsigned long long>(tally.pairs),
              static_cast<unsigned long long>(tally.candidates));
  EXPECT_GT(tally.candidates, 10'000u);
  for (const Refusal reason : {Refusal::flight,
                               Refusal::exchange,
                               Refusal::media_type,
                               Refusal::size,
                               Refusal::geo,
                               Refusal::device,
                               Refusal::os,
                               Refusal::browser,
                               Refusal::language,
                               Refusal::site_list,
                               Refusal::app_list,
                               Refusal::segment,
                               Refusal::keyword,
                               Refusal::hour,
                               Refusal::placement,
                               Refusal::category_block,
                               Refusal::advertiser_block,
                               Refusal::deal,
                               Refusal::frequency_cap,
                               Refusal::no_lease,
                               Refusal::no_creative,
                               Refusal::oversight,
                               Refusal::secure,
                               Refusal::outranked}) {
    EXPECT_GT(tally.refusals[static_cast<std::size_t>(reason)], 100u) << name_of(reason);
    std::printf("  %s %llu\n", name_of(reason),
                static_cast<unsigned long long>(tally.refusals[static_cast<std::size_t>(reason)]));
  }
}

TEST(TargetingRules, SaysWhatTheScanSaysOverManyBlocks) {
  Tally tally;
  WorldOptions options;
  options.line_items = 2 * kBlockBits + 777;
  options.restrict = 0.04;
  options.names = 12;
  compare(1'001, options, 30, tally);
  EXPECT_GT(tally.candidates, 100u);
}

TEST(TargetingRules, StopsAtTheBlockInWhichEnoughAreFound) {
  base::Rng rng(3);
  WorldOptions options;
  options.line_items = 3 * kBlockBits;
  options.restrict = 0;
  options.country_share = 0;
  options.capped = 0;
  options.faults = false;
  RandomWorld world(rng, options);
  const auto catalogue = world.catalogue();
  TargetingRules rules(TargetingIndex::build(catalogue));
  base::Arena arena;
  const auto open = world.open(options.line_items, 1.0);
  domain::Auction auction;
  domain::Banner banner;
  domain::Impression impression;
  impression.banner = &banner;
  base::Rng chance(1);
  AgentContext context{kNoon, base::Duration{1'000'000}, chance, arena};
  const auto answer = rules.decide({auction, impression, {}, {}, nullptr, open, 64}, context);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->value.candidates.size(), 64u);
  EXPECT_EQ(answer->value.refused + answer->value.outranked + 64, kBlockBits);
}

TEST(TargetingRules, ClosedMoneyClosesEveryLineItem) {
  base::Rng rng(4);
  RandomWorld world(rng, {});
  const auto catalogue = world.catalogue();
  TargetingRules rules(TargetingIndex::build(catalogue));
  base::Arena arena;
  const auto auction = world.auction(arena);
  base::Rng chance(1);
  AgentContext context{kNoon, base::Duration{1'000'000}, chance, arena};
  const auto answer = rules.decide({auction, auction.impressions[0], {}, {}, nullptr, {}, 64}, context);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->value.candidates.empty());
}

}  // namespace
}  // namespace bandstand::agents::targeting
