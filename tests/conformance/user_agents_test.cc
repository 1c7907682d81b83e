// user_agents_test: the 12,143 cases of uap-core, and what the coarse classifier makes of real browser
// profiles.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <map>
#include <string>

#include "base/input.h"
#include "protocol/device/uap.h"
#include "protocol/device/user_agent.h"
#include "shared_data.h"

namespace bandstand::conformance {
namespace {

using protocol::device::AgentDetails;

constexpr const char* kFolder = "ua_ip_fraud/uap-core";

std::string whole(const std::string& relative) {
  auto text = base::read_whole_file((data_root() / relative).string());
  EXPECT_TRUE(text.has_value()) << relative;
  return text ? std::move(*text) : std::string{};
}

struct Field {
  const char* name;
  std::string AgentDetails::*value;
};

int run_cases(protocol::device::UapParser& parser, const std::string& file,
              const std::vector<Field>& fields) {
  int cases = 0;
  for (const YAML::Node& node : YAML::Load(whole(std::string(kFolder) + "/" + file))["test_cases"]) {
    const auto agent = node["user_agent_string"].as<std::string>();
    const AgentDetails& details = parser.parse(agent);
    for (const Field& field : fields) {
      const YAML::Node expected = node[field.name];
      EXPECT_EQ(details.*field.value, expected && !expected.IsNull() ? expected.as<std::string>() : "")
          << field.name << " of " << agent;
    }
    ++cases;
  }
  return cases;
}

TEST(UserAgents, PassEveryCaseOfUapCore) {
  NEEDS_DATA(kFolder);
  auto parser = protocol::device::UapParser::compile(whole(std::string(kFolder) + "/regexes.yaml.xz"));
  ASSERT_TRUE(parser.has_value());
  using D = AgentDetails;
  const int browsers =
      run_cases(*parser, "test_ua.yaml.xz",
                {{"family", &D::family}, {"major", &D::major}, {"minor", &D::minor}, {"patch", &D::patch}});
  const int systems = run_cases(*parser, "test_os.yaml.xz",
                                {{"family", &D::os},
                                 {"major", &D::os_major},
                                 {"minor", &D::os_minor},
                                 {"patch", &D::os_patch},
                                 {"patch_minor", &D::os_patch_minor}});
  const int devices = run_cases(*parser, "test_device.yaml.xz",
                                {{"family", &D::device}, {"brand", &D::brand}, {"model", &D::model}});
  std::printf("  browsers %d, systems %d, devices %d\n", browsers, systems, devices);
  EXPECT_EQ(browsers, 1'068);
  EXPECT_EQ(systems, 322);
  EXPECT_EQ(devices, 10'753);
}

TEST(UserAgents, CoarseClassesAgreeWithTheProfilesOfRealBrowsers) {
  constexpr const char* kProfiles = "ua_ip_fraud/user-agents.json.xz";
  NEEDS_DATA(kProfiles);
  using domain::DeviceType;
  int profiles = 0, unknown = 0;
  std::map<std::string, int> disagreements;
  for (const auto& profile : nlohmann::json::parse(whole(kProfiles))) {
    const std::string text = profile.at("userAgent"), category = profile.at("deviceCategory");
    const auto agent = protocol::device::classify_user_agent(text);
    const DeviceType expected = category == "desktop"  ? DeviceType::pc
                                : category == "mobile" ? DeviceType::phone
                                                       : DeviceType::tablet;
    ++profiles;
    unknown += agent.os == domain::Os::unknown || agent.browser == domain::Browser::unknown;
    if (agent.type != expected) ++disagreements[category + " read as " + domain::name_of(agent.type)];
  }
  int disagreed = 0;
  for (const auto& [what, n] : disagreements) {
    std::printf("  %5d %s\n", n, what.c_str());
    disagreed += n;
  }
  std::printf("  %d profiles\n", profiles);
  EXPECT_EQ(profiles, 10'000);
  EXPECT_EQ(unknown, 0);
  EXPECT_EQ(disagreed, 0);
}

}  // namespace
}  // namespace bandstand::conformance
