// crawler_list_test: claims about robots that say so: found whatever the prefilter does, and people left alone.
#include "agents/fraud/crawler_list.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "base/input.h"
#include "base/rng.h"
#include "protocol/lists/pattern_list.h"

namespace bandstand::agents::fraud {
namespace {

std::string data_file(const char* name) {
  const char* root = std::getenv("BANDSTAND_DATA");
  const std::string path =
      (root != nullptr ? std::string(root) : std::string(BANDSTAND_SOURCE_DIR "/../shared/data")) + "/" +
      name;
  return std::filesystem::exists(path) ? path : "";
}

/// The values of `"userAgent": "..."` in a file of JSON, one a line of the file.
std::vector<std::string> user_agents(const std::string& path) {
  std::vector<std::string> agents;
  auto lines = base::LineReader::open(path);
  std::string_view line;
  while (*lines->next(line)) {
    const auto key = line.find("\"userAgent\":");
    if (key == std::string_view::npos) continue;
    std::string agent;
    for (auto at = line.find('"', key + 12) + 1; at < line.size() && line[at] != '"'; ++at) {
      if (line[at] == '\\') ++at;
      agent.push_back(line[at]);
    }
    agents.push_back(agent);
  }
  return agents;
}

std::vector<std::string> published_patterns() {
  const std::string path = data_file("ua_ip_fraud/crawler-user-agents.patterns.json.xz");
  if (path.empty()) return {};
  const auto text = base::read_whole_file(path);
  return text ? *protocol::lists::read_patterns(*text) : std::vector<std::string>{};
}

/// A text that the pattern was made for: first choice of each class and alternative, nothing for what may be
/// missing. Knows the constructs of the published list.
std::string specimen(const std::string& pattern) {
  std::string text;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\') {
      const char escaped = pattern[++i];
      if (escaped == 'd') {
        text += '7';
      } else if (escaped == 's') {
        text += ' ';
      } else {
        text += escaped;
      }
    } else if (c == '[') {
      const bool any = pattern[i + 1] == '\\';
      const bool negated = pattern[i + 1] == '^';
      if (!any) text += negated ? ' ' : pattern[i + 1];
      i = pattern.find(']', i);
      if (any && i + 1 < pattern.size() && pattern[i + 1] == '*') ++i;
    } else if (c == '|') {
      break;  // the first alternative will do
    } else if (c == '(') {
      const auto end = pattern.find(')', i);
      const std::string inside = pattern.substr(i + 1, end - i - 1);
      text += specimen(inside);
      i = end;
    } else if (c == '+' || c == '^' || c == '$') {
      continue;
    } else {
      text += c;
    }
  }
  return text;
}

TEST(CrawlerList, TheBuiltInWordsFindRobotsAndSpareTelephonesNamedLikeThem) {
  std::vector<BadPattern> bad;
  const auto list = CrawlerList::compile(default_crawler_patterns(), &bad);
  EXPECT_TRUE(bad.empty());
  for (const char* agent :
       {"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/4.0 (compatible; Crawler; MSIE 7.0; Windows NT 5.1)", "curl/7.88.1", "python-requests/2.31",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/119.0", "Baiduspider"}) {
    EXPECT_GE(list.match(agent), 0) << agent;
  }
  for (const char* agent :
       {"Mozilla/5.0 (Linux; Android 11; CUBOT X30) AppleWebKit/537.36 Chrome/119.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 10; Cubot_Note) AppleWebKit/537.36 Chrome/119.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/119.0 Safari/537.36", ""}) {
    EXPECT_EQ(list.match(agent), -1) << agent;
  }
}

TEST(CrawlerList, ReportsWhatDoesNotCompile) {
  std::vector<BadPattern> bad;
  const std::vector<std::string> patterns{"fine", "(", "a(?=b)"};
  const auto list = CrawlerList::compile(patterns, &bad);
  EXPECT_EQ(list.size(), 1u);
  ASSERT_EQ(bad.size(), 2u);
  EXPECT_EQ(bad[0].index, 1u);
  EXPECT_FALSE(bad[0].why.empty());
  EXPECT_EQ(list.match("something fine"), 0);
}

TEST(CrawlerList, AnEmptyListAndAPatternWithoutWordsWork) {
  EXPECT_EQ(CrawlerList::compile({}).match("anything"), -1);
  const std::vector<std::string> patterns{"^[0-9]+$"};
  const auto list = CrawlerList::compile(patterns);
  EXPECT_EQ(list.match("12345"), 0);
  EXPECT_EQ(list.match("12345x"), -1);
}

// The prefilter may only ever save work.
TEST(CrawlerList, ThePrefilterChangesNoAnswer) {
  auto patterns = published_patterns();
  if (patterns.empty()) patterns.assign(default_crawler_patterns().begin(), default_crawler_patterns().end());
  const auto list = CrawlerList::compile(patterns);
  base::Rng rng(9);
  int robots = 0;
  for (int i = 0; i < 1'500; ++i) {
    std::string agent = "Mozilla/5.0 (compatible; ";
    if (rng.chance(0.1)) agent.clear();
    const std::string word = specimen(patterns[rng.below(patterns.size())]);
    agent += word.substr(0, rng.chance(0.5) ? word.size() : rng.below(word.size() + 1));
    for (char& c : agent) {
      if (rng.chance(0.02)) c = static_cast<char>(c ^ 0x20);
    }
    if (rng.chance(0.5)) agent += "; +http://example.com)";
    const int fast = list.match(agent);
    ASSERT_EQ(fast >= 0, list.match_slowly(agent) >= 0) << agent;
    if (fast >= 0) ++robots;
  }
  EXPECT_GT(robots, 300);
}

TEST(CrawlerList, EveryPublishedPatternCompilesAndFindsWhatItWasMadeFor) {
  const auto patterns = published_patterns();
  if (patterns.empty()) GTEST_SKIP() << "the shared data is not here";
  EXPECT_EQ(patterns.size(), 1'498u);
  std::vector<BadPattern> bad;
  const auto all = CrawlerList::compile(patterns, &bad);
  EXPECT_TRUE(bad.empty());
  for (const std::string& pattern : patterns) {
    const std::string text = specimen(pattern);
    const auto alone = CrawlerList::compile(std::span(&pattern, 1));
    EXPECT_EQ(alone.match(text), 0) << pattern << " does not match " << text;
    EXPECT_GE(all.match(text), 0) << pattern;
    if (pattern[0] != '^' && pattern[0] != '(' && pattern.back() != '$') {
      EXPECT_GE(all.match("Mozilla/5.0 (compatible; " + text + "; http://example.com)"), 0) << pattern;
    }
  }
}

TEST(CrawlerList, NoneOfTenThousandBrowsersIsTakenForARobot) {
  const std::string path = data_file("ua_ip_fraud/user-agents.json.xz");
  const auto patterns = published_patterns();
  if (path.empty() || patterns.empty()) GTEST_SKIP() << "the shared data is not here";
  const auto agents = user_agents(path);
  EXPECT_EQ(agents.size(), 10'000u);
  const auto published = CrawlerList::compile(patterns);
  const auto built_in = CrawlerList::compile(default_crawler_patterns());
  for (const std::string& agent : agents) {
    EXPECT_EQ(published.match(agent), -1) << agent;
    EXPECT_EQ(built_in.match(agent), -1) << agent;
  }
}

}  // namespace
}  // namespace bandstand::agents::fraud
