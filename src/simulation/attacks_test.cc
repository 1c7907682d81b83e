// attacks_test: the same seed gives the same attack; the public does not notice; the truth stays off the
// wire.
#include "simulation/attacks.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "simulation/world.h"

namespace bandstand::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// Takes requests down and never bids.
class Listener final : public Transport {
 public:
  bool bid(const BidCall& call, AnswerHandler& handler) override {
    ++count[call.attack];
    if (call.listed) ++listed;
    if (call.attack == 0) {
      valid += call.body;
    } else {
      const auto at = call.body.find("\"ip\":\"");
      addresses.insert(std::string(call.body.substr(at + 6, call.body.find('"', at + 6) - at - 6)));
      hostile += call.body;
    }
    handler.on_answer({call.ticket, 204, {}, base::Duration{0}});
    return true;
  }
  bool get(const GetCall&, AnswerHandler&) override { return false; }

  std::array<std::size_t, kAttackKinds> count{};
  std::size_t listed = 0;
  std::set<std::string> addresses;
  std::string valid, hostile;
};

Listener listen(std::vector<AttackOptions> attacks, std::uint64_t seed = 3) {
  WorldOptions options;
  options.seed = seed;
  options.population.users = 500;
  options.traffic.requests_per_second = 5;
  options.attacks = std::move(attacks);
  World world(options);
  Listener listener;
  world.run_until(options.start + minutes(4), listener);
  return listener;
}

AttackOptions of(AttackKind kind) { return {.kind = kind, .from = minutes(1), .until = minutes(3)}; }

TEST(Attacks, NamesLeadBack) {
  for (std::size_t i = 0; i < kAttackKinds; ++i) {
    const auto kind = static_cast<AttackKind>(i);
    EXPECT_EQ(attack_named(name_of(kind)), kind);
  }
  EXPECT_FALSE(attack_named("arson").has_value());
}

TEST(Attacks, ThePublicComesAsWithoutThem) {
  const Listener clean = listen({});
  const Listener mixed =
      listen({of(AttackKind::click_farm), of(AttackKind::device_spoofing), of(AttackKind::ad_stacking)});
  EXPECT_EQ(clean.valid, mixed.valid);
  EXPECT_TRUE(clean.hostile.empty());
}

TEST(Attacks, EachComesWhileItLastsAndIsTheSameForASeed) {
  for (std::size_t i = 1; i < kAttackKinds; ++i) {
    const auto kind = static_cast<AttackKind>(i);
    const Listener once = listen({of(kind)});
    EXPECT_GT(once.count[i], 50u) << name_of(kind);
    EXPECT_EQ(once.hostile, listen({of(kind)}).hostile) << name_of(kind);
    EXPECT_NE(once.hostile, listen({of(kind)}, 4).hostile) << name_of(kind);
    EXPECT_EQ(once.hostile.find("attack"), std::string::npos)
        << "the truth is on the wire: " << name_of(kind);
  }
}

TEST(Attacks, HidesBehindAsManyAddressesAsItSays) {
  EXPECT_EQ(listen({of(AttackKind::click_farm)}).addresses.size(), 4u);
  EXPECT_EQ(listen({of(AttackKind::device_spoofing)}).addresses.size(), 12u);
  EXPECT_EQ(listen({of(AttackKind::click_drain)}).addresses.size(), 25u);
}

TEST(Attacks, ListsCanKnowOnlyMachines) {
  const Listener bots = listen({of(AttackKind::data_centre_bots)});
  const double share = static_cast<double>(bots.listed) / static_cast<double>(bots.count[2]);
  EXPECT_NEAR(share, .7, .1);
  EXPECT_EQ(listen({of(AttackKind::slow_drip)}).listed, 0u);
}

TEST(Attacks, StackedAdsAreClickedTogether) {
  Population population(PopulationOptions{});
  Attack attack(of(AttackKind::ad_stacking), 1, population);
  std::size_t clicked_pages = 0;
  base::Rng rng(1);
  for (int page = 0; page < 500; ++page) {
    base::WallTime first{};
    bool clicks = false;
    for (int i = 0; i < 5 && attack.next() != base::Duration::max(); ++i) {
      Visit visit;
      attack.take({}, population, visit);
      const AttackClick answer = attack.click(visit, "7", visit.at + seconds(1), rng);
      if (i == 0) {
        clicks = answer.clicks;
        first = answer.at;
      }
      EXPECT_EQ(answer.clicks, clicks);
      EXPECT_LT((answer.at - first).count(), 1'000'000'000);
    }
    clicked_pages += clicks ? 1 : 0;
  }
  EXPECT_LT(clicked_pages, 30u);
}

TEST(Attacks, ADrainClicksOnItsVictimsAlone) {
  Population population(PopulationOptions{});
  AttackOptions options = of(AttackKind::click_drain);
  options.victims = {"101", "107"};
  const Attack attack(options, 1, population);
  base::Rng rng(1);
  const auto clicks = [&](std::string_view campaign) {
    int count = 0;
    for (int i = 0; i < 1'000; ++i) count += attack.click({}, campaign, {}, rng).clicks ? 1 : 0;
    return count;
  };
  EXPECT_NEAR(clicks("101"), 600, 60);
  EXPECT_NEAR(clicks("107"), 600, 60);
  EXPECT_EQ(clicks("10"), 0);
  EXPECT_EQ(clicks("1"), 0);
  EXPECT_EQ(Attack(of(AttackKind::click_drain), 1, population).click({}, "1", {}, rng).clicks, false);
}

TEST(Attacks, EachSeedsStackersClickOnPagesOfTheirOwn) {
  Population population(PopulationOptions{});
  const Attack one(of(AttackKind::ad_stacking), 1, population), two(of(AttackKind::ad_stacking), 2, population);
  int both = 0, either = 0;
  for (std::uint64_t page = 1; page <= 5'000; ++page) {
    base::Rng rng(1);
    Visit visit;
    visit.page = page;
    const bool first = one.click(visit, "1", {}, rng).clicks, second = two.click(visit, "1", {}, rng).clicks;
    both += first && second ? 1 : 0;
    either += first || second ? 1 : 0;
  }
  EXPECT_GT(either, 75);
  EXPECT_LT(both, 10);
}

}  // namespace
}  // namespace bandstand::simulation
