// tidy: style as a test. Reads LAYERS and every source file once; prints each broken rule with its replacement.
//
// Rules: includes go down (or stay in the folder); no agent includes another; online code includes no offline code;
// only `app` names a concrete policy; banned words by folder; a file opens with "// name: what it is for.".
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

struct Folder {
  int layer = 0;
  bool offline = false;
};

struct Ban {
  const char* word;
  const char* instead;
  const char* only_in;    ///< path prefix the rule holds for; "" = everywhere
  const char* except_in;  ///< path prefix that is exempt; "" = none
};

constexpr Ban kBans[] = {
    {"system_clock::now", "take a base::Clock", "src/", "src/base/"},
    {"steady_clock::now", "take a base::Clock", "src/", "src/base/"},
    {"clock_gettime", "take a base::Clock", "src/", "src/base/"},
    {"random_device", "take a base::Rng or a seed", "src/", "src/base/"},
    {"std::mt19937", "take a base::Rng", "src/", "src/base/"},
    {"double", "money is base::Nanos; nothing in the ledger is a fraction", "src/ledger/", ""},
    {"float ", "money is base::Nanos; nothing in the ledger is a fraction", "src/ledger/", ""},
    {"using namespace std", "qualified names", "", "tools/tidy"},
    {"FIXME", "an issue", "", "tools/tidy"},
    {"TODO", "an issue", "", "tools/tidy"},
    {"<nlohmann/", "JSON stops at protocol/, serving/, simulation/, experiments/ and app/", "src/agents/", ""},
    {"<nlohmann/", "JSON stops at protocol/ and serving/", "src/orchestrator/", ""},
    {"<nlohmann/", "JSON stops at protocol/ and serving/", "src/ledger/", ""},
    {"<simdjson", "JSON stops at protocol/", "src/agents/", ""},
    {"<simdjson", "JSON stops at protocol/", "src/orchestrator/", ""},
    {"<torch/", "libtorch lives in bandstand-lab", "src/", ""},
};

int problems = 0;

void report(const std::string& file, int line, const std::string& what) {
  std::printf("%s:%d: %s\n", file.c_str(), line, what.c_str());
  ++problems;
}

bool starts_with(const std::string& text, const std::string& prefix) { return text.rfind(prefix, 0) == 0; }

/// "agents/bid/x.h" -> "agents/bid" for agents, else the first name.
std::string agent_of(const std::string& path) {
  if (!starts_with(path, "agents/")) return "";
  const auto end = path.find('/', 7);
  return end == std::string::npos ? "" : path.substr(7, end - 7);
}

void check_include(const std::map<std::string, Folder>& folders, const std::string& file, int line,
                   const std::string& target) {
  const std::string from = file.substr(4);  // without "src/"
  const std::string from_folder = from.substr(0, from.find('/'));
  const std::string to_folder = target.substr(0, target.find('/'));
  const auto to = folders.find(to_folder);
  const auto own = folders.find(from_folder);
  if (to == folders.end() || own == folders.end()) {
    report(file, line, "include of \"" + target + "\": folder '" + to_folder + "' has no line in LAYERS");
    return;
  }
  const bool is_test = from.size() > 8 && from.rfind("_test.cc") == from.size() - 8;
  if (from_folder != to_folder && to->second.layer >= own->second.layer && !is_test) {
    report(file, line, "include of \"" + target + "\" goes up or sideways; see LAYERS");
  }
  const std::string agent = agent_of(from);
  const std::string other = agent_of(target);
  if (!agent.empty() && !other.empty() && agent != other) {
    report(file, line, "agent '" + agent + "' includes agent '" + other + "'; agents meet in the orchestrator and in the log");
  }
  if (!own->second.offline && from_folder != "app" && to->second.offline && !is_test) {
    report(file, line, "online code includes offline \"" + target + "\"");
  }
  const bool concrete = target.find("_rules.h") != std::string::npos || target.find("_learned.h") != std::string::npos;
  if (concrete && from_folder != to_folder && from_folder != "app" && !is_test && !own->second.offline) {
    report(file, line, "only app names a concrete policy: take the interface instead of \"" + target + "\"");
  }
}

void check_file(const std::map<std::string, Folder>& folders, const fs::path& root, const fs::path& path) {
  const std::string file = fs::relative(path, root).generic_string();
  std::ifstream in(path);
  std::string line;
  int number = 0;
  while (std::getline(in, line)) {
    ++number;
    if (number == 1) {
      const std::string stem = path.stem().string();
      if (line.rfind("// " + stem + ": ", 0) != 0) report(file, 1, "open with \"// " + stem + ": what it is for.\"");
    }
    const auto quote = line.rfind("#include \"", 0);
    if (quote == 0 && starts_with(file, "src/")) {
      const auto end = line.find('"', 10);
      check_include(folders, file, number, line.substr(10, end - 10));
    }
    const auto comment = line.find("//");
    const std::string code = comment == std::string::npos ? line : line.substr(0, comment);
    for (const Ban& ban : kBans) {
      if (!starts_with(file, ban.only_in)) continue;
      if (*ban.except_in != '\0' && starts_with(file, ban.except_in)) continue;
      const std::string& text = std::string(ban.word) == "FIXME" || std::string(ban.word) == "TODO" ? line : code;
      if (text.find(ban.word) != std::string::npos) {
        report(file, number, std::string("'") + ban.word + "' is not used here: " + ban.instead);
      }
    }
    if (line.size() > 130) report(file, number, "line of " + std::to_string(line.size()) + " columns (130 at most)");
    if (!line.empty() && (line.back() == ' ' || line.back() == '\t')) report(file, number, "white space at the end");
  }
}

}  // namespace

int main(int argc, char** argv) {
  const fs::path root = argc > 1 ? argv[1] : ".";
  std::map<std::string, Folder> folders;
  std::ifstream layers(root / "LAYERS");
  std::string line;
  while (std::getline(layers, line)) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    int layer = 0;
    std::string name;
    std::string where;
    words >> layer >> name >> where;
    folders[name] = {layer, where == "offline"};
  }
  if (folders.empty()) {
    std::printf("tidy: no LAYERS below %s\n", root.string().c_str());
    return 2;
  }
  int files = 0;
  for (const char* top : {"src", "tests", "bench", "tools"}) {
    if (!fs::exists(root / top)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      const auto ending = entry.path().extension();
      if (ending != ".h" && ending != ".cc") continue;
      check_file(folders, root, entry.path());
      ++files;
    }
  }
  std::printf("tidy: %d files, %d problems\n", files, problems);
  return problems == 0 ? 0 : 1;
}
