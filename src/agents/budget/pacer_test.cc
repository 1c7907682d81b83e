// pacer_test: a budget is spent on its plan, in its zone's day, and never invites spend beyond its end.
#include "agents/budget/pacer.h"

#include <gtest/gtest.h>

#include "agents/budget/budget_rules.h"
#include "base/rng.h"

namespace bandstand::agents::budget {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kStart = 1'764'028'800 * kSecond;  // 2025-11-25 00:00 UTC

domain::CatalogueSnapshot catalogue(domain::Campaign campaign) {
  auto out = std::make_shared<domain::Catalogue>();
  campaign.id = {7};
  out->advertisers.emplace_back();
  out->campaigns.push_back(std::move(campaign));
  return out;
}

domain::Campaign flight(double budget_units, std::int64_t seconds) {
  domain::Campaign c;
  c.budget = base::Nanos{static_cast<std::int64_t>(budget_units * 1e9)};
  c.start = {kStart};
  c.end = {kStart + seconds * kSecond};
  return c;
}

/// A market with prices uniform on [0, 10 CPM]; values uniform on [2, 12 CPM]; second price.
struct Market {
  double scale = 1;
  double price(base::Rng& rng) const { return rng.uniform() * 1e7 * scale; }
  double cost(double bid) const {
    const double top = 1e7 * scale;
    const double b = std::min(bid, top);
    return b * b / (2 * top);
  }
};

struct Played {
  double use = 0, deviation_max = 0;
};

Played play(PacerOptions options, const domain::Campaign& campaign, int auctions_a_second, int seconds, double shock_at = 2,
          std::uint64_t seed = 1) {
  Pacer pacer(options, catalogue(campaign));
  Market market;
  base::Rng rng(seed);
  MoneyState money;
  double charged = 0;
  Played played;
  for (int second = 0; second < seconds; ++second) {
    if (second >= shock_at * seconds) market.scale = 1.6;
    const base::WallTime now{kStart + second * kSecond};
    money.charged = money.charged_today = base::Nanos{static_cast<std::int64_t>(charged)};
    pacer.tick(now, std::span(&money, 1), [&](double bid) { return Market{}.cost(bid); });
    const auto pace = pacer.snapshot()->campaigns[0];
    pacer.saw_traffic(static_cast<std::uint64_t>(auctions_a_second));
    for (int i = 0; i < auctions_a_second; ++i) {
      const double value = (2 + 10 * rng.uniform()) * 1e6;
      pacer.offer(0, value);
      const double price = market.price(rng);
      const double bid = value / static_cast<double>(pace.mu);
      if (!pace.open || !rng.chance(static_cast<double>(pace.pass_through))) continue;
      if (bid > static_cast<double>(campaign.budget.value) - charged) continue;
      pacer.bid_made(0);
      if (bid < price) continue;
      pacer.bid_won(0);
      charged += price;
    }
    const double plan = static_cast<double>(second + 1) / seconds;
    if (campaign.pacing == domain::Pacing::even) {
      const double done = charged / static_cast<double>(campaign.budget.value);
      played.deviation_max = std::max(played.deviation_max, std::abs(done - plan));
    }
  }
  played.use = charged / static_cast<double>(campaign.budget.value);
  return played;
}

TEST(Pacer, SpendsAnEvenBudgetOnItsPlan) {
  // Ample supply: bidding the full value would spend about 2.7 times the budget.
  const Played played = play({}, flight(60, 600), 100, 600);
  EXPECT_GT(played.use, 0.995);
  EXPECT_LT(played.use, 1.0);
  EXPECT_LT(played.deviation_max, 0.03);
}

TEST(Pacer, FollowsThePlanThroughAPriceShockItWasNotTold) {
  const Played played = play({}, flight(50, 600), 100, 600, 0.5);
  EXPECT_GT(played.use, 0.99);
  EXPECT_LT(played.deviation_max, 0.04);
}

TEST(Pacer, SpendsAtOnceWhenToldAsap) {
  domain::Campaign campaign = flight(50, 600);
  campaign.pacing = domain::Pacing::asap;
  Pacer pacer({}, catalogue(campaign));
  MoneyState money;
  ASSERT_TRUE(pacer.tick({kStart}, std::span(&money, 1), [](double) { return 1.0; }));
  EXPECT_TRUE(pacer.snapshot()->campaigns[0].open);
  EXPECT_EQ(pacer.snapshot()->campaigns[0].mu, 1.0f);
}

TEST(Pacer, ClosesOutsideTheFlightAndWhenTheMoneyIsGone) {
  Pacer pacer({}, catalogue(flight(1, 600)));
  MoneyState money;
  const auto open_at = [&](std::int64_t second) {
    pacer.tick({kStart + second * kSecond}, std::span(&money, 1), [](double) { return 1.0; });
    return pacer.snapshot()->campaigns[0];
  };
  EXPECT_EQ(open_at(-10).why, domain::Refusal::flight);
  EXPECT_TRUE(open_at(1).open);
  money.charged = money.charged_today = base::Nanos{kSecond};
  EXPECT_EQ(open_at(2).why, domain::Refusal::no_lease);
  money.charged = money.charged_today = base::Nanos{};
  EXPECT_EQ(open_at(601).why, domain::Refusal::flight);
}

TEST(Pacer, CountsDaysInTheAdvertisersZone) {
  domain::Campaign campaign = flight(1000, 10 * 86'400);
  campaign.daily_budget = base::Nanos{10 * kSecond};
  campaign.time_zone = "America/New_York";  // midnight is 05:00 UTC
  Pacer pacer({}, catalogue(campaign));
  MoneyState money;
  money.charged_today = money.charged = base::Nanos{10 * kSecond};
  pacer.tick({kStart + 4 * 3600 * kSecond}, std::span(&money, 1), [](double) { return 1.0; });
  EXPECT_FALSE(pacer.snapshot()->campaigns[0].open) << "the day's budget is spent";
  money.charged_today = {};
  pacer.tick({kStart + 5 * 3600 * kSecond + kSecond}, std::span(&money, 1), [](double) { return 1.0; });
  EXPECT_TRUE(pacer.snapshot()->campaigns[0].open) << "a new day in New York";
}

TEST(Pacer, FrontLoadedSpendsMoreThanHalfInTheFirstHalf) {
  domain::Campaign campaign = flight(50, 600);
  campaign.pacing = domain::Pacing::front_loaded;
  const Played half = play({}, campaign, 100, 300);
  EXPECT_NEAR(half.use, 0.625, 0.03) << "integral of 1.5 - x over half the time";
}

TEST(Pacer, AsksTheTrainedControlOnceAWindowAndSaysWhereTheCampaignStands) {
  PacerOptions options;
  Pacer pacer(options, catalogue(flight(10, 960)));  // windows of ten seconds
  std::vector<PaceReading> asked;
  pacer.use_residual([&](const PaceReading& reading) {
    asked.push_back(reading);
    return .125f;
  });
  MoneyState money;
  for (int second = 0; second < 480; ++second) {
    const base::WallTime now{kStart + second * kSecond};
    money.charged = base::Nanos{second * kSecond / 96};  // half of what the plan says
    pacer.tick(now, std::span(&money, 1), [](double) { return 1e6; });
    pacer.saw_traffic(10);
    for (int i = 0; i < 10; ++i) pacer.offer(0, second < 470 ? 5e6 : 10e6);
    pacer.bid_won(0);
  }
  pacer.tick({kStart + 480 * kSecond}, std::span(&money, 1), [](double) { return 1e6; });
  EXPECT_NEAR(static_cast<double>(asked.size()), 49, 1);
  EXPECT_EQ(pacer.snapshot()->campaigns[0].residual, .125f);
  const PaceReading& half = asked.back();
  EXPECT_NEAR(half.traffic_left, .5, .02);
  EXPECT_NEAR(half.budget_left, .5, .02);
  EXPECT_NEAR(half.win_rate, .1, .02);
  EXPECT_GT(half.value_log, .3);  // the last window offered twice the value
  EXPECT_NEAR(half.price_log, 0, .2);
  pacer.use_residual({});
  pacer.tick({kStart + 491 * kSecond}, std::span(&money, 1), [](double) { return 1e6; });
  EXPECT_EQ(pacer.snapshot()->campaigns[0].residual, 0);
}

TEST(PacingSnapshot, ComesBackFromItsBytesAndRefusesOthers) {
  PacingSnapshot snapshot;
  snapshot.version = 3;
  snapshot.catalogue_version = 9;
  snapshot.campaigns = {{true, domain::Refusal::none, 1.5f, 1, .1f}, {false, domain::Refusal::flight, 1, 0.5f}};
  const std::string bytes = snapshot.encode();
  const auto back = PacingSnapshot::decode(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ((*back)->encode(), bytes);
  EXPECT_FALSE(PacingSnapshot::decode(bytes.substr(0, bytes.size() - 1)));
  EXPECT_FALSE(PacingSnapshot::decode(""));
}

TEST(BudgetRules, ClosesWithoutSnapshotWithoutLeaseAndBelowTheFloor) {
  BudgetRules rules({1});
  base::Arena arena;
  base::Rng rng(1);
  AgentContext context{{kStart}, base::Duration{0}, rng, arena};
  const Purse purses[] = {{0, base::Nanos{5'000'000}}, {0, base::Nanos{}}, {9, base::Nanos{1}}, {1, base::Nanos{5'000'000}}};
  BudgetInput input{purses, base::Nanos{}};
  EXPECT_FALSE(rules.decide(input, context)) << "closed on error";
  auto snapshot = std::make_shared<PacingSnapshot>();
  snapshot->campaigns = {{true, domain::Refusal::none, 2, 1}, {false, domain::Refusal::paced, 1, 1}};
  rules.adopt(snapshot);
  const auto decided = rules.decide(input, context);
  ASSERT_TRUE(decided);
  EXPECT_TRUE(decided->value[0].open);
  EXPECT_EQ(decided->value[0].mu, 2.0f);
  EXPECT_EQ(decided->value[1].why, domain::Refusal::no_lease);
  EXPECT_FALSE(decided->value[2].open) << "unknown campaign";
  EXPECT_EQ(decided->value[3].why, domain::Refusal::paced);
  input.floor = base::Nanos{6'000'000};
  EXPECT_FALSE(rules.decide(input, context)->value[0].open);
}

/// A second of the life of a pacer: it ticks, and ten opportunities are offered.
void live_a_second(Pacer& pacer, MoneyState& money, std::int64_t second, std::uint32_t index) {
  const base::WallTime now{kStart + second * kSecond};
  std::vector<MoneyState> all(index + 1, money);
  pacer.saw_traffic(10);
  pacer.tick(now, all, [](double bid) { return Market{}.cost(bid); });
  base::Rng rng(static_cast<std::uint64_t>(second));
  const auto pace = pacer.snapshot()->campaigns[index];
  for (int i = 0; i < 10; ++i) {
    const double value = 2e6 + rng.uniform() * 1e7;
    pacer.offer(index, value);
    if (!pace.open) continue;
    pacer.bid_made(index);
    const double price = Market{}.price(rng);
    if (price >= value / static_cast<double>(pace.mu)) continue;
    pacer.bid_won(index);
    money.charged += base::Nanos{static_cast<std::int64_t>(price)};
    money.charged_today = money.charged;
  }
}

TEST(Pacer, GoesOnInAnotherProcessAsIfNothingHadHappened) {
  const auto campaign = flight(20, 7200);
  Pacer pacer({}, catalogue(campaign));
  MoneyState money;
  for (std::int64_t second = 0; second < 3000; ++second) live_a_second(pacer, money, second, 0);
  const std::string bytes = pacer.encode();

  auto moved = std::make_shared<domain::Catalogue>(*catalogue(campaign));  // the campaign has another index
  moved->campaigns.insert(moved->campaigns.begin(), flight(1, 7200));
  moved->campaigns[0].id = {3};
  Pacer other({}, moved);
  ASSERT_EQ(other.restore(bytes, {kStart + 3000 * kSecond}).value(), 1u);
  MoneyState there = money;
  for (std::int64_t second = 3000; second < 4000; ++second) {
    live_a_second(pacer, money, second, 0);
    live_a_second(other, there, second, 1);
    const auto a = pacer.snapshot()->campaigns[0];
    const auto b = other.snapshot()->campaigns[1];
    ASSERT_EQ(a.mu, b.mu) << second;
    ASSERT_EQ(a.open, b.open) << second;
  }
  EXPECT_EQ(money.charged, there.charged);
  EXPECT_GT(other.snapshot()->version, 3000u / 75) << "versions go on";
}

TEST(Pacer, RefusesDamagedBytesAndStaysAsItWas) {
  Pacer pacer({}, catalogue(flight(20, 7200)));
  MoneyState money;
  for (std::int64_t second = 0; second < 500; ++second) live_a_second(pacer, money, second, 0);
  const std::string good = pacer.encode();
  Pacer other({}, catalogue(flight(20, 7200)));
  const std::string before = other.encode();
  for (std::size_t at = 0; at < good.size(); at += 37) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 16);
    EXPECT_EQ(other.restore(bad, {kStart}).error().code, base::Code::corrupt);
  }
  EXPECT_EQ(other.restore(std::string_view(good).substr(0, good.size() / 2), {kStart}).error().code,
            base::Code::corrupt);
  EXPECT_EQ(other.encode(), before);
}

}  // namespace
}  // namespace bandstand::agents::budget
