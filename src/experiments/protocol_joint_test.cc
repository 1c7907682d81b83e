// protocol_joint_test: a run too small to conclude from is still complete, repeatable, and says why it does not accept.
#include "experiments/protocol_joint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace bandstand::experiments {
namespace {

JointProtocol tiny() {
  JointProtocol protocol;
  protocol.seeds = 2;
  protocol.training_days = 4;
  protocol.test_days = 4;
  protocol.search_rounds = 0;
  return protocol;
}

std::string text_of(const Table& table) {
  std::ostringstream out;
  table.print(TableFormat::tsv, out);
  return out.str();
}

TEST(JointProtocol, HasARowAnArmAndIsRepeatable) {
  const auto result = run_joint_protocol(tiny());
  ASSERT_EQ(result.arms.rows(), 6u);
  EXPECT_EQ(result.arms.at(3, 0), "D");
  EXPECT_EQ(result.agents.rows(), 7u);
  const auto again = run_joint_protocol(tiny());
  EXPECT_EQ(text_of(result.arms), text_of(again.arms));
  EXPECT_EQ(text_of(result.agents), text_of(again.agents));
}

/// So few days do not reach the first look at the validation days: J is D, and a difference of 0 is no reason to accept.
TEST(JointProtocol, DoesNotAcceptWhatGainsNothing) {
  const auto result = run_joint_protocol(tiny());
  EXPECT_FALSE(result.accepted);
  EXPECT_THAT(result.verdict, testing::HasSubstr("not accepted"));
}

}  // namespace
}  // namespace bandstand::experiments
