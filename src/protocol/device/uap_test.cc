// uap_test: the rules of uap-core on patterns of our own; its 12,143 cases are in tests/conformance.
#include "protocol/device/uap.h"

#include <gtest/gtest.h>

namespace bandstand::protocol::device {
namespace {

constexpr const char* kPatterns = R"(
user_agent_parsers:
  - regex: '(Special)/(\d+)'
    family_replacement: '$1 Browser'
    v2_replacement: 'x'
  - regex: 'app/(?:(\d+)|)'
    regex_flag: 'i'
    family_replacement: 'App $1 '
  - regex: '(Firefox)/(\d+)\.(\d+)'
os_parsers:
  - regex: '(Linux)(?:/(\d+)|)'
  - regex: 'Win'
    os_replacement: 'Windows'
    os_v1_replacement: 'NT'
device_parsers:
  - regex: '; (SM-\w+)'
    device_replacement: 'Samsung $1'
    brand_replacement: 'Samsung'
    model_replacement: '$1'
  - regex: '(Robot)'
)";

UapParser parser() {
  auto compiled = UapParser::compile(kPatterns, 8);
  EXPECT_TRUE(compiled.has_value());
  return std::move(*compiled);
}

TEST(Uap, TakesGroupsWhereNothingReplacesThem) {
  UapParser uap = parser();
  const AgentDetails& agent = uap.parse("Mozilla/5.0 (Linux/6; SM-A1) Firefox/120.1");
  EXPECT_EQ(agent.family, "Firefox");
  EXPECT_EQ(agent.major, "120");
  EXPECT_EQ(agent.minor, "1");
  EXPECT_EQ(agent.os, "Linux");
  EXPECT_EQ(agent.os_major, "6");
  EXPECT_EQ(agent.device, "Samsung SM-A1");
  EXPECT_EQ(agent.brand, "Samsung");
  EXPECT_EQ(agent.model, "SM-A1");
}

TEST(Uap, FirstMatchWinsAndReplacementsAreTrimmed) {
  UapParser uap = parser();
  EXPECT_EQ(uap.parse("Firefox/1.2 Special/3").family, "Special Browser");
  EXPECT_EQ(uap.parse("Firefox/1.2 Special/3").minor, "x");
  EXPECT_EQ(uap.parse("APP/ Firefox/1.2").family, "App");
  EXPECT_EQ(uap.parse("Windows").os_major, "NT");
}

TEST(Uap, WhatMatchesNothingIsOther) {
  UapParser uap = parser();
  const AgentDetails& agent = uap.parse("");
  EXPECT_EQ(agent.family, "Other");
  EXPECT_EQ(agent.os, "Other");
  EXPECT_EQ(agent.device, "Other");
  EXPECT_EQ(agent.major, "");
  EXPECT_EQ(agent.model, "");
}

TEST(Uap, ADeviceWithoutReplacementIsItsOwnModel) {
  UapParser uap = parser();
  EXPECT_EQ(uap.parse("Robot").device, "Robot");
  EXPECT_EQ(uap.parse("Robot").model, "Robot");
  EXPECT_EQ(uap.parse("Robot").brand, "");
}

TEST(Uap, AnswersStayRightWhenTheCacheIsTooSmall) {
  UapParser uap = parser();
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 50; ++i) {
      EXPECT_EQ(uap.parse("Firefox/" + std::to_string(i) + ".0").major, std::to_string(i));
    }
  }
}

TEST(Uap, RefusesWhatIsNotItsYaml) {
  for (const char* yaml : {"", "a: [", "- 1", "user_agent_parsers: 3", "user_agent_parsers: [{regex: '('}]",
                           "user_agent_parsers: [{noregex: 'a'}]"}) {
    EXPECT_FALSE(UapParser::compile(yaml).has_value()) << yaml;
  }
}

}  // namespace
}  // namespace bandstand::protocol::device
