// uap: regexes.yaml, its replacements, and the cache.
#include "protocol/device/uap.h"

#include <yaml-cpp/yaml.h>

#include <array>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "protocol/device/pattern_list.h"

namespace bandstand::protocol::device {
namespace {

/// One of the three lists: up to five fields an answer, each from its replacement or from a group of the
/// match.
struct AgentList {
  static constexpr std::size_t kFields = 5;
  struct Replacements {
    std::array<std::string, kFields> text;
    std::array<bool, kFields> given{};
  };
  /// What yaml calls the fields, and the group that stands in for a replacement that is not given (0:
  /// nothing).
  std::array<const char*, kFields> names{};
  std::array<int, kFields> groups{};
  PatternList patterns;
  std::vector<Replacements> replacements;
};

/// "$1" to "$9" filled in, outer spaces cut.
std::string filled_in(const std::string& replacement, const PatternList::Groups& groups) {
  std::string out;
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    const char next = i + 1 < replacement.size() ? replacement[i + 1] : '\0';
    if (replacement[i] == '$' && next >= '1' && next <= '9')
      out.append(groups[static_cast<std::size_t>(replacement[++i] - '0')]);
    else
      out.push_back(replacement[i]);
  }
  const std::size_t first = out.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  return out.substr(first, out.find_last_not_of(' ') + 1 - first);
}

/// The fields of the first match; all empty if there is none.
std::array<std::string, AgentList::kFields> fields_of(AgentList& list, std::string_view text) {
  std::array<std::string, AgentList::kFields> out;
  PatternList::Groups groups;
  const int match = list.patterns.first_match(text, groups);
  if (match < 0) return out;
  const AgentList::Replacements& replacements = list.replacements[static_cast<std::size_t>(match)];
  for (std::size_t i = 0; i < AgentList::kFields; ++i) {
    if (replacements.given[i])
      out[i] = filled_in(replacements.text[i], groups);
    else if (list.groups[i] != 0)
      out[i] = groups[static_cast<std::size_t>(list.groups[i])];
  }
  return out;
}

base::Result<bool> read_list(const YAML::Node& nodes, AgentList& list) {
  if (!nodes.IsSequence())
    return base::fail(base::Code::invalid_input, "user agents: a list of patterns is missing");
  for (const YAML::Node& node : nodes) {
    const YAML::Node flag = node["regex_flag"];
    BANDSTAND_TRY_VOID(
        list.patterns.add(node["regex"].as<std::string>(), flag && flag.as<std::string>() == "i"));
    AgentList::Replacements replacements;
    for (std::size_t i = 0; i < AgentList::kFields; ++i) {
      if (list.names[i] == nullptr) continue;
      const YAML::Node text = node[list.names[i]];
      if (!text) continue;
      replacements.given[i] = true;
      replacements.text[i] = text.as<std::string>();
    }
    list.replacements.push_back(std::move(replacements));
  }
  list.patterns.finish();
  return true;
}

}  // namespace

struct UapParser::State {
  struct Cached {
    std::string text;
    AgentDetails details;
    bool used = false;
  };
  AgentList browsers, systems, devices;
  std::vector<Cached> cache;  ///< direct-mapped by hash

  void look_up(std::string_view text, AgentDetails& out) {
    auto browser = fields_of(browsers, text);
    out.family = browser[0].empty() ? "Other" : std::move(browser[0]);
    out.major = std::move(browser[1]);
    out.minor = std::move(browser[2]);
    out.patch = std::move(browser[3]);
    auto system = fields_of(systems, text);
    out.os = system[0].empty() ? "Other" : std::move(system[0]);
    out.os_major = std::move(system[1]);
    out.os_minor = std::move(system[2]);
    out.os_patch = std::move(system[3]);
    out.os_patch_minor = std::move(system[4]);
    auto device = fields_of(devices, text);
    out.device = device[0].empty() ? "Other" : std::move(device[0]);
    out.brand = std::move(device[1]);
    out.model = std::move(device[2]);
  }
};

UapParser::UapParser(std::unique_ptr<State> state) : state_(std::move(state)) {}
UapParser::~UapParser() = default;
UapParser::UapParser(UapParser&&) noexcept = default;
UapParser& UapParser::operator=(UapParser&&) noexcept = default;

base::Result<UapParser> UapParser::compile(const std::string& yaml, std::size_t cached_agents) {
  auto state = std::make_unique<State>();
  state->cache.resize(cached_agents == 0 ? 1 : cached_agents);
  state->browsers.names = {"family_replacement", "v1_replacement", "v2_replacement", "v3_replacement",
                           nullptr};
  state->browsers.groups = {1, 2, 3, 4, 0};
  state->systems.names = {"os_replacement", "os_v1_replacement", "os_v2_replacement", "os_v3_replacement",
                          "os_v4_replacement"};
  state->systems.groups = {1, 2, 3, 4, 5};
  state->devices.names = {"device_replacement", "brand_replacement", "model_replacement", nullptr, nullptr};
  state->devices.groups = {1, 0, 1, 0, 0};
  try {
    const YAML::Node root = YAML::Load(yaml);
    if (!root.IsMap()) return base::fail(base::Code::invalid_input, "user agents: not a YAML map");
    BANDSTAND_TRY_VOID(read_list(root["user_agent_parsers"], state->browsers));
    BANDSTAND_TRY_VOID(read_list(root["os_parsers"], state->systems));
    BANDSTAND_TRY_VOID(read_list(root["device_parsers"], state->devices));
  } catch (const YAML::Exception&) {
    return base::fail(base::Code::invalid_input, "user agents: not the YAML of uap-core");
  }
  return UapParser(std::move(state));
}

const AgentDetails& UapParser::parse(std::string_view user_agent) {
  State::Cached& cached = state_->cache[base::hash64(user_agent) % state_->cache.size()];
  if (cached.used && cached.text == user_agent) return cached.details;
  cached.used = true;
  cached.text.assign(user_agent);
  state_->look_up(user_agent, cached.details);
  return cached.details;
}

}  // namespace bandstand::protocol::device
