// kill_switches_test: what was stopped stays stopped.
#include "serving/kill_switches.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

namespace bandstand::serving {
namespace {

using agents::oversight::KillSwitches;

KillSwitches some() {
  KillSwitches switches;
  EXPECT_TRUE(throw_switch(switches, KillScope::exchange, 0, true));
  EXPECT_TRUE(throw_switch(switches, KillScope::campaign, 100, true));
  EXPECT_TRUE(throw_switch(switches, KillScope::campaign, 7, true));
  EXPECT_TRUE(throw_switch(switches, KillScope::creative, 4'000'000'000, true));
  return switches;
}

class KillSwitchesOnDisk : public testing::Test {
 protected:
  KillSwitchesOnDisk() {
    std::string name = testing::TempDir() + "kill-switches-XXXXXX";
    root_ = mkdtemp(name.data());
    disk_ = std::move(*base::open_posix_disk(root_));
  }
  ~KillSwitchesOnDisk() override { std::filesystem::remove_all(root_); }
  std::string root_;
  std::unique_ptr<base::Disk> disk_;
};

TEST(KillSwitches, AreTakenBackOneByOne) {
  KillSwitches switches = some();
  EXPECT_TRUE(switches.campaigns.contains(base::CampaignId{7}));
  throw_switch(switches, KillScope::campaign, 7, false);
  EXPECT_FALSE(switches.campaigns.contains(base::CampaignId{7}));
  EXPECT_TRUE(switches.campaigns.contains(base::CampaignId{100}));
}

TEST(KillSwitches, RefuseWhatNamesNothing) {
  KillSwitches switches;
  EXPECT_FALSE(throw_switch(switches, KillScope::campaign, 0, true));
  EXPECT_FALSE(throw_switch(switches, KillScope::exchange, 65'536, true));
  KillScope scope{};
  EXPECT_FALSE(parse_kill_scope("universe", scope));
}

TEST_F(KillSwitchesOnDisk, SurviveARestart) {
  ASSERT_TRUE(load_kill_switches(*disk_)) << "no file yet: nothing is stopped";
  ASSERT_TRUE(store(*disk_, some()));
  KillSwitches fewer = some();
  fewer.everything = true;
  ASSERT_TRUE(store(*disk_, fewer)) << "again, over the first";
  const auto read = load_kill_switches(*disk_);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->everything);
  EXPECT_EQ(encode(*read), encode(fewer));
}

TEST(KillSwitches, RefuseEveryCutAndFlippedByte) {
  const std::string text = encode(some());
  ASSERT_TRUE(decode_kill_switches(text));
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_FALSE(decode_kill_switches(text.substr(0, i))) << i;
    std::string flipped = text;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    EXPECT_FALSE(decode_kill_switches(flipped)) << i;
  }
}

}  // namespace
}  // namespace bandstand::serving
