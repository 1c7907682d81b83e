// frequency_test: claims about frequency counts, against the exact list of impressions.
#include "domain/frequency.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <deque>

#include "base/rng.h"

namespace bandstand::domain {
namespace {

constexpr std::uint32_t kDay = 86'400;

TEST(Frequency, ACapOfOneHoldsForExactlyTheWindow) {
  UserState user;
  const std::uint32_t key = frequency_key(FrequencyCap::Level::line_item, 7, kDay);
  const FrequencyCap cap{FrequencyCap::Level::line_item, 1, kDay};
  EXPECT_FALSE(is_capped(cap, key, &user, 1'000));
  frequency_add(user, key, kDay, 1'000);
  EXPECT_TRUE(is_capped(cap, key, &user, 1'000));
  EXPECT_TRUE(is_capped(cap, key, &user, 1'000 + kDay - 1));
  EXPECT_FALSE(is_capped(cap, key, &user, 1'000 + kDay));
}

TEST(Frequency, AnUnknownUserIsNotCapped) {
  EXPECT_FALSE(is_capped({FrequencyCap::Level::line_item, 0, kDay}, 1, nullptr, 0));
}

TEST(Frequency, KeysDifferByLevelThingAndWindow) {
  using Level = FrequencyCap::Level;
  EXPECT_NE(frequency_key(Level::line_item, 7, kDay), frequency_key(Level::campaign, 7, kDay));
  EXPECT_NE(frequency_key(Level::line_item, 7, kDay), frequency_key(Level::line_item, 8, kDay));
  EXPECT_NE(frequency_key(Level::line_item, 7, kDay), frequency_key(Level::line_item, 7, 3'600));
}

TEST(Frequency, TheOldestCountMakesRoomForANewOne) {
  UserState user;
  for (std::uint32_t i = 0; i < kFrequencySlots; ++i)
    frequency_add(user, 100 + i, kDay, 1'000 + (i * 7) % 16);
  frequency_add(user, 500, kDay, 2'000);
  EXPECT_EQ(frequency_count(user, 100, kDay, 2'000), 0u);  // seen at 1,000, before all others
  EXPECT_EQ(frequency_count(user, 500, kDay, 2'000), 1u);
  for (std::uint32_t i = 1; i < kFrequencySlots; ++i)
    EXPECT_EQ(frequency_count(user, 100 + i, kDay, 2'000), 1u);
}

// Impressions are allowed whenever the cap does not bind, at Poisson times; the exact count over the sliding
// window then says how often the estimate let one too many through, and how much it held back.
TEST(Frequency, RarelyLetsOneTooManyThroughAndHoldsLittleBack) {
  base::Rng rng(11);
  for (const int number : {1, 2, 3, 5, 10}) {
    const auto limit = static_cast<std::uint16_t>(number);
    UserState user;
    std::deque<std::uint32_t> exact;
    std::uint32_t now = 1'000;
    int shown = 0;
    int over = 0;
    int chances_exact = 0;
    std::deque<std::uint32_t> ideal;
    for (int i = 0; i < 200'000; ++i) {
      now += 1 + static_cast<std::uint32_t>(rng.exponential() * 3'000);
      while (!exact.empty() && exact.front() + kDay <= now) exact.pop_front();
      while (!ideal.empty() && ideal.front() + kDay <= now) ideal.pop_front();
      if (ideal.size() < limit) {
        ideal.push_back(now);
        ++chances_exact;
      }
      if (is_capped({FrequencyCap::Level::line_item, limit, kDay}, 9, &user, now)) continue;
      frequency_add(user, 9, kDay, now);
      ++shown;
      if (exact.size() >= limit) ++over;
      exact.push_back(now);
    }
    std::printf("cap %d: %d shown, %d over, %d by an exact count\n", number, shown, over, chances_exact);
    EXPECT_LE(over, shown / 100) << "cap " << limit;
    EXPECT_GE(shown, chances_exact * 3 / 5) << "cap " << limit;
    if (limit == 1) {
      EXPECT_EQ(over, 0);
      EXPECT_EQ(shown, chances_exact);
    }
  }
}

TEST(Frequency, ABidThatWasNotWonIsTakenBack) {
  UserState user;
  frequency_add(user, 7, 3600, 1000);
  frequency_add(user, 7, 3600, 1001);
  frequency_take_back(user, 7);
  EXPECT_EQ(frequency_count(user, 7, 3600, 1002), 1u);
  frequency_take_back(user, 7);
  EXPECT_EQ(frequency_count(user, 7, 3600, 1002), 0u);
  EXPECT_EQ(user.frequency[0].key, 0u) << "its place is free again";
  frequency_take_back(user, 7);
  frequency_take_back(user, 8);
  EXPECT_EQ(frequency_count(user, 7, 3600, 1002), 0u);
}

}  // namespace
}  // namespace bandstand::domain
