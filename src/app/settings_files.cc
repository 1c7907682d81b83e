// settings_files: reads what the settings name: signing keys, the operators' token, fraud lists.
#include <sys/stat.h>

#include "app/settings.h"
#include "base/input.h"

namespace bandstand::app {
namespace {

/// A problem with what a setting names, at the line that sets it.
Problem problem_at(const Settings& settings, std::string_view key, std::string what) {
  const auto line = settings.lines.find(key);
  return {line == settings.lines.end() ? 0 : line->second, std::string(key), std::move(what)};
}

class Files {
 public:
  Files(Settings& settings, std::vector<Problem>& problems) : settings_(settings), problems_(problems) {}

  void keys() {
    for (std::size_t i = 0; i < settings_.token_keys.size(); ++i) {
      const TokenKeyFile& key = settings_.token_keys[i];
      const std::string at = "token_keys[" + std::to_string(i) + "].file";
      if (key.file.empty()) continue;  // reported as missing
      std::string secret = this->secret(at, key.file);
      if (secret.empty()) continue;
      settings_.serving.token_keys.push_back({static_cast<std::uint8_t>(key.id), std::move(secret)});
    }
    const std::string& token = settings_.admin_token_file;
    if (!token.empty()) settings_.admin_token = secret("admin_token_file", token);
  }

 private:
  void problem(std::string_view key, std::string what) {
    problems_.push_back(problem_at(settings_, key, std::move(what)));
  }

  /// Contents without the line end; "" after a problem.
  std::string secret(const std::string& at, const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && (status.st_mode & 0377) != 0) {
      problem(at, path + " must be readable by its owner alone (chmod 0400)");
      return "";
    }
    auto text = base::read_whole_file(path, 4096);
    if (!text) {
      problem(at, "cannot read " + path + ": " + text.error().what);
      return "";
    }
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
    if (text->size() >= 16) return std::move(*text);
    problem(at, path + " holds fewer than 16 bytes");
    return "";
  }

  Settings& settings_;
  std::vector<Problem>& problems_;
};

}  // namespace

std::shared_ptr<const agents::fraud::FraudLists> read_fraud_lists(const Settings& settings,
                                                                  std::vector<Problem>& problems) {
  return read_fraud_files(settings.fraud, [&](std::string_view key, std::string what) {
    problems.push_back(problem_at(settings, key, std::move(what)));
  });
}

void read_named_files(Settings& settings, std::vector<Problem>& problems) {
  Files(settings, problems).keys();
  settings.team.fraud_lists = read_fraud_lists(settings, problems);
}

}  // namespace bandstand::app
