// settings_files: reads what the settings name: signing keys, the operators' token, fraud lists.
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "app/settings.h"
#include "base/input.h"

namespace bandstand::app {
namespace {

using agents::fraud::AddressLabel;
using agents::fraud::AddressListsBuilder;
using agents::fraud::LoadCount;

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

  void fraud() {
    const FraudFiles& files = settings_.fraud;
    if (!files.any()) return;
    auto lists = std::make_shared<agents::fraud::FraudLists>();
    lists->crawlers = crawlers(files.crawlers);
    AddressListsBuilder builder;
    builder.add_reserved();
    const auto ranges = [&](AddressLabel label) {
      return [&builder, label](base::LineReader& lines) { return builder.add_cidr_list(lines, label); };
    };
    load("fraud.blocked_ranges", files.blocked_ranges, ranges(AddressLabel::blocked));
    load("fraud.data_center_ranges", files.data_center_ranges, ranges(AddressLabel::data_center));
    load("fraud.exempt_ranges", files.exempt_ranges, ranges(AddressLabel::exempt));
    load("fraud.data_center_csv", files.data_center_csv,
         [&](base::LineReader& lines) { return builder.add_range_csv(lines, AddressLabel::data_center); });
    load("fraud.as_csv", files.as_csv, [&](base::LineReader& lines) {
      return builder.add_as_csv(lines, agents::fraud::default_hosting_systems());
    });
    lists->addresses = builder.build();
    lists->version = 1;
    settings_.team.fraud_lists = std::move(lists);
  }

 private:
  void problem(std::string_view key, std::string what) {
    const auto line = settings_.lines.find(key);
    problems_.push_back(
        {line == settings_.lines.end() ? 0 : line->second, std::string(key), std::move(what)});
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

  agents::fraud::CrawlerList crawlers(const std::string& path) {
    using agents::fraud::CrawlerList;
    if (path.empty()) return CrawlerList::compile(agents::fraud::default_crawler_patterns());
    const auto text = base::read_whole_file(path, 64 << 20);
    if (!text) {
      problem("fraud.crawlers", "cannot read " + path + ": " + text.error().what);
      return {};
    }
    const auto json = nlohmann::json::parse(*text, nullptr, false);
    std::vector<std::string> patterns;
    if (json.is_array()) {
      for (const auto& entry : json) {
        if (!entry.is_object() || !entry.contains("pattern") || !entry["pattern"].is_string()) continue;
        patterns.push_back(entry["pattern"]);
      }
    }
    if (patterns.empty() || patterns.size() != json.size()) {
      problem("fraud.crawlers", path + " is no list of objects with a \"pattern\"");
    }
    std::vector<agents::fraud::BadPattern> bad;
    auto list = CrawlerList::compile(patterns, &bad);
    for (const auto& pattern : bad) {
      problem("fraud.crawlers", path + ": pattern " + std::to_string(pattern.index) + ": " + pattern.why);
    }
    return list;
  }

  template <class Load>
  void load(const std::string& key, const std::string& path, Load take) {
    if (path.empty()) return;
    auto lines = base::LineReader::open(path);
    if (!lines) return problem(key, "cannot read " + path + ": " + lines.error().what);
    const base::Result<LoadCount> count = take(*lines);
    if (!count) return problem(key, "cannot read " + path + ": " + count.error().what);
    if (count->malformed == 0) return;
    problem(key, path + ":" + std::to_string(count->first_malformed) + ": is no range (" +
                     std::to_string(count->malformed) + " such lines)");
  }

  Settings& settings_;
  std::vector<Problem>& problems_;
};

}  // namespace

void read_named_files(Settings& settings, std::vector<Problem>& problems) {
  Files files(settings, problems);
  files.keys();
  files.fraud();
}

}  // namespace bandstand::app
