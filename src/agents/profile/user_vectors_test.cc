// user_vectors_test: consent, erasure, visits, age; many readers beside a writer.
#include "agents/profile/user_vectors.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "model/encoder_for_tests.h"

namespace bandstand::agents::profile {
namespace {

constexpr std::size_t kItems = 10, kWidth = 4;

std::shared_ptr<const model::SequenceEncoder> encoder(std::uint64_t seed) {
  return model::SequenceEncoder::load(model::narm_for_tests(seed, kWidth)).value();
}

domain::Consent consent() { return domain::consent_gate({.gdpr = domain::Tri::no, .us_known = true}); }
domain::Consent no_consent() { return domain::consent_gate({.coppa = true}); }

std::vector<float> encoded(const model::SequenceEncoder& encoder, const std::vector<std::uint32_t>& items) {
  auto state = encoder.start();
  for (const std::uint32_t item : items) encoder.update(state, item);
  return state.vector;
}

class UserVectorsTest : public ::testing::Test {
 protected:
  [[nodiscard]] bool found(std::uint64_t user, std::uint32_t now_s = 1000) {
    return vectors_.find({user}, consent(), now_s, read_);
  }
  std::shared_ptr<const model::SequenceEncoder> encoder_ = encoder(1);
  UserVectors vectors_{encoder_, {.capacity = 64}};
  std::vector<float> read_ = std::vector<float>(kWidth);
};

TEST_F(UserVectorsTest, IsTheVectorOfTheVisit) {
  ASSERT_TRUE(consent().may_personalise());
  EXPECT_FALSE(found(7));
  EXPECT_EQ(vectors_.click({7}, true, 103, 1000), ClickResult::renewed);
  EXPECT_EQ(vectors_.click({7}, true, 105, 1010), ClickResult::renewed);
  ASSERT_TRUE(found(7));
  EXPECT_EQ(read_, encoded(*encoder_, {3, 5}));
  EXPECT_EQ(vectors_.click({7}, true, 999, 1020), ClickResult::unknown_item);  // no item of the model: nothing changes
  ASSERT_TRUE(found(7));
  EXPECT_EQ(read_, encoded(*encoder_, {3, 5}));
}

TEST_F(UserVectorsTest, WithoutConsentThereIsNone) {
  ASSERT_FALSE(no_consent().may_personalise());
  EXPECT_EQ(vectors_.click({7}, false, 103, 1000), ClickResult::no_consent);
  EXPECT_FALSE(found(7));
  vectors_.click({7}, true, 103, 1000);
  EXPECT_FALSE(vectors_.find({7}, no_consent(), 1000, read_));
  EXPECT_TRUE(found(7));
  vectors_.click({7}, false, 103, 1000);  // withdrawn: what was kept goes
  EXPECT_FALSE(found(7));
}

TEST_F(UserVectorsTest, IsErasedOnRequest) {
  vectors_.click({7}, true, 103, 1000);
  vectors_.click({8}, true, 104, 1000);
  EXPECT_TRUE(vectors_.erase({7}));
  EXPECT_FALSE(vectors_.erase({7}));
  EXPECT_FALSE(found(7));
  EXPECT_TRUE(found(8));
  vectors_.click({7}, true, 105, 1001);
  ASSERT_TRUE(found(7));
  EXPECT_EQ(read_, encoded(*encoder_, {5}));  // nothing is left of the click before
}

TEST_F(UserVectorsTest, APauseBeginsAVisitAndAgeEndsIt) {
  vectors_.click({7}, true, 103, 1000);
  vectors_.click({7}, true, 104, 1000 + 1801);
  ASSERT_TRUE(found(7, 2801));
  EXPECT_EQ(read_, encoded(*encoder_, {4}));
  EXPECT_TRUE(found(7, 2801 + 86400));
  EXPECT_FALSE(found(7, 2801 + 86401));
}

TEST_F(UserVectorsTest, KeepsTheLastClicks) {
  std::vector<std::uint32_t> items;
  for (std::uint32_t i = 0; i < 30; ++i) {
    vectors_.click({7}, true, 100 + i % kItems, 1000 + i);
    items.push_back(i % static_cast<std::uint32_t>(kItems));
  }
  items.erase(items.begin(), items.end() - static_cast<std::ptrdiff_t>(UserVectors::kClicks));
  ASSERT_TRUE(found(7));
  EXPECT_EQ(read_, encoded(*encoder_, items));
}

TEST_F(UserVectorsTest, AFullBucketLetsTheOldestGo) {
  UserVectors small(encoder_, {.capacity = 4});
  for (std::uint32_t user = 1; user <= 5; ++user) small.click({user}, true, 103, 1000 + user);
  EXPECT_FALSE(small.find({1}, consent(), 1005, read_));
  for (std::uint32_t user = 2; user <= 5; ++user) EXPECT_TRUE(small.find({user}, consent(), 1005, read_)) << user;
}

TEST_F(UserVectorsTest, APageThatStaysOpenIsOneClick) {
  vectors_.click({7}, true, 103, 1000);
  EXPECT_EQ(vectors_.click({7}, true, 103, 2000), ClickResult::same_item);
  EXPECT_EQ(vectors_.click({7}, true, 104, 3500), ClickResult::renewed) << "the visit goes on from the last look";
  ASSERT_TRUE(found(7));
  EXPECT_EQ(read_, encoded(*encoder_, {3, 4}));
}

TEST_F(UserVectorsTest, WhoStaysAwayIsForgotten) {
  vectors_.click({7}, true, 103, 1000);
  vectors_.click({8}, true, 104, 1001);
  EXPECT_EQ(vectors_.size(), 2u);
  vectors_.expire(1000 + 86401, 64);
  EXPECT_EQ(vectors_.size(), 1u);
  EXPECT_FALSE(vectors_.knows({7}));
  EXPECT_TRUE(vectors_.knows({8}));
  EXPECT_TRUE(vectors_.erase({8}));
  EXPECT_EQ(vectors_.size(), 0u);
}

TEST_F(UserVectorsTest, AReaderNeverSeesHalfAVector) {
  std::vector<std::vector<float>> possible;
  for (std::uint32_t item = 0; item < kItems; ++item) possible.push_back(encoded(*encoder_, {item}));
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> reads{0};
  std::uint64_t torn = 0;
  std::thread reader([&] {
    std::vector<float> read(kWidth);
    while (!stop.load()) {
      if (!vectors_.find({7}, consent(), 1, read)) continue;
      ++reads;
      torn += std::find(possible.begin(), possible.end(), read) == possible.end() ? 1 : 0;
    }
  });
  constexpr std::uint32_t kClicks = 20'000, kClicksMost = 2'000'000;  // more where the reader has not come to its turn
  for (std::uint32_t i = 1; i <= kClicks || (reads.load() < 100 && i <= kClicksMost); ++i) {
    vectors_.click({7}, true, 100 + i % kItems, i * 2000);  // each a visit of its own
    if (i % 100 == 0) vectors_.erase({7});
    if (i % 1000 == 0) std::this_thread::yield();
  }
  stop.store(true);
  reader.join();
  EXPECT_EQ(torn, 0u);
  EXPECT_GE(reads.load(), 100u);
}

TEST_F(UserVectorsTest, WhatIsReportedLaterFollowsAVisitAndDoesNotKeepItYoung) {
  constexpr std::uint32_t kDay = 86'400;
  std::vector<float> read(kWidth);
  EXPECT_EQ(vectors_.event({7}, 101, 1), ClickResult::no_consent) << "nobody comes back by it";
  vectors_.click({7}, true, 100, 1);
  EXPECT_EQ(vectors_.event({7}, 101, 10), ClickResult::renewed);
  ASSERT_TRUE(vectors_.find({7}, consent(), 10, read));
  EXPECT_EQ(read, encoded(*encoder_, {0, 1}));
  EXPECT_EQ(vectors_.event({7}, 102, kDay - 10), ClickResult::renewed);
  EXPECT_TRUE(vectors_.find({7}, consent(), kDay, read));
  EXPECT_FALSE(vectors_.find({7}, consent(), kDay + 2, read)) << "a day after the page";
  vectors_.expire(kDay + 2, 1 << 20);
  EXPECT_EQ(vectors_.size(), 0u);
}

}  // namespace
}  // namespace bandstand::agents::profile
