// crawler_list: atoms by FilteredRE2, found by rare groups of three bytes.
#include "agents/fraud/crawler_list.h"

#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "domain/hierarchy.h"

namespace bandstand::agents::fraud {
namespace {

constexpr std::size_t kGroup = 3;
constexpr std::size_t kHashes = 1 << 16;
constexpr std::size_t kLookedAt = 1024;

/// What people's browsers send, one of each family: groups of these are poor signs of a robot.
constexpr std::string_view kOrdinary[] = {
    "mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/120.0.0.0 "
    "safari/537.36 edg/120.0",
    "mozilla/5.0 (iphone; cpu iphone os 17_1 like mac os x) applewebkit/605.1.15 (khtml, like gecko) "
    "version/17.1 mobile/15e148",
    "mozilla/5.0 (linux; android 13; sm-a536b build/tp1a.220624.014; wv) applewebkit/537.36 (khtml, like "
    "gecko) version/4.0",
    "mozilla/5.0 (x11; ubuntu; linux x86_64; rv:109.0) gecko/20100101 firefox/119.0 samsungbrowser/22.0 "
    "opr/70.0 crios/119.0",
    "mozilla/4.0 (compatible; msie 8.0; windows nt 5.1; trident/4.0; .net clr 2.0.50727; "
    "infopath.2),gzip(gfe) slcc1",
    "mozilla/5.0 (macintosh; intel mac os x 10_15_7) [fban/fbios;fbav/440.0.0;fbdv/iphone14,5;fblc/en_us] "
    "instagram 300.0",
    "mozilla/5.0 (smart-tv; linux; tizen 6.0) dalvik/2.1.0 (linux; u; android 12; pixel 6) webos.tv "
    "http://www.google.com/"};

std::uint32_t group_at(const char* text) noexcept {
  return static_cast<std::uint32_t>(static_cast<unsigned char>(text[0])) |
         static_cast<std::uint32_t>(static_cast<unsigned char>(text[1])) << 8 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(text[2])) << 16;
}

std::uint32_t hash_of(std::uint32_t group) noexcept { return (group * 0x9E3779B1u) >> 16; }

/// How often each group occurs in ordinary user agents.
std::vector<std::uint8_t> ordinary_groups() {
  std::vector<std::uint8_t> counts(kHashes, 0);
  for (const std::string_view text : kOrdinary) {
    for (std::size_t i = 0; i + kGroup <= text.size(); ++i) {
      auto& count = counts[hash_of(group_at(text.data() + i))];
      if (count < 255) ++count;
    }
  }
  return counts;
}

}  // namespace

CrawlerList::CrawlerList() = default;
CrawlerList::~CrawlerList() = default;
CrawlerList::CrawlerList(CrawlerList&&) noexcept = default;
CrawlerList& CrawlerList::operator=(CrawlerList&&) noexcept = default;

CrawlerList CrawlerList::compile(std::span<const std::string> patterns, std::vector<BadPattern>* bad) {
  CrawlerList list;
  list.filter_ = std::make_unique<re2::FilteredRE2>(static_cast<int>(kGroup));
  RE2::Options options;
  options.set_log_errors(false);
  options.set_encoding(RE2::Options::EncodingLatin1);  // user agents are bytes
  options.set_never_capture(true);
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    int id = 0;
    if (list.filter_->Add(patterns[i], options, &id) == RE2::NoError) {
      list.ids_.push_back(static_cast<int>(i));
    } else if (bad != nullptr) {
      bad->push_back({i, RE2(patterns[i], options).error()});
    }
  }
  list.patterns_ = list.ids_.size();
  if (list.patterns_ == 0) return list;
  list.filter_->Compile(&list.atoms_);
  std::vector<int> unfiltered;
  list.filter_->AllPotentials({}, &unfiltered);
  list.always_ = !unfiltered.empty();
  list.add_anchors();
  return list;
}

void CrawlerList::add_anchors() {
  const std::vector<std::uint8_t> ordinary = ordinary_groups();
  std::vector<std::uint16_t> used(kHashes, 0);
  std::vector<std::pair<std::uint32_t, Anchor>> found;  // hash, anchor
  for (std::uint32_t a = 0; a < atoms_.size(); ++a) {
    const std::string& atom = atoms_[a];
    std::uint32_t best = 0;
    int best_cost = INT32_MAX;
    for (std::uint32_t i = 0; i + kGroup <= atom.size(); ++i) {
      const std::uint32_t hash = hash_of(group_at(atom.data() + i));
      const int cost = ordinary[hash] * 100 + used[hash];
      if (cost < best_cost) {
        best_cost = cost;
        best = i;
      }
    }
    const std::uint32_t hash = hash_of(group_at(atom.data() + best));
    ++used[hash];
    found.push_back({hash, {a, best}});
  }
  std::sort(found.begin(), found.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
  bitmap_.assign(kHashes / 64, 0);
  first_.assign(kHashes + 1, 0);
  for (const auto& [hash, anchor] : found) {
    bitmap_[hash / 64] |= std::uint64_t{1} << (hash % 64);
    ++first_[hash + 1];
    anchors_.push_back(anchor);
  }
  for (std::size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
}

int CrawlerList::match(std::string_view user_agent) const {
  if (patterns_ == 0) return -1;
  user_agent = user_agent.substr(0, kLookedAt);
  std::array<char, kLookedAt> lower;
  for (std::size_t i = 0; i < user_agent.size(); ++i) lower[i] = domain::to_lower(user_agent[i]);
  const std::string_view text(lower.data(), user_agent.size());

  std::vector<int> atoms;
  for (std::size_t i = 0; i + kGroup <= text.size(); ++i) {
    const std::uint32_t hash = hash_of(group_at(text.data() + i));
    if ((bitmap_[hash / 64] >> (hash % 64) & 1) == 0) continue;
    for (std::uint32_t k = first_[hash]; k < first_[hash + 1]; ++k) {
      const Anchor& anchor = anchors_[k];
      const std::string& atom = atoms_[anchor.atom];
      if (anchor.at > i || text.substr(i - anchor.at, atom.size()) != atom) continue;
      atoms.push_back(static_cast<int>(anchor.atom));
    }
  }
  if (atoms.empty() && !always_) return -1;
  std::sort(atoms.begin(), atoms.end());
  atoms.erase(std::unique(atoms.begin(), atoms.end()), atoms.end());
  const int id = filter_->FirstMatch(re2::StringPiece(user_agent.data(), user_agent.size()), atoms);
  return id < 0 ? -1 : ids_[static_cast<std::size_t>(id)];
}

int CrawlerList::match_slowly(std::string_view user_agent) const {
  if (patterns_ == 0) return -1;
  user_agent = user_agent.substr(0, kLookedAt);
  const int id = filter_->SlowFirstMatch(re2::StringPiece(user_agent.data(), user_agent.size()));
  return id < 0 ? -1 : ids_[static_cast<std::size_t>(id)];
}

std::span<const std::string> default_crawler_patterns() {
  static const std::vector<std::string> kPatterns{
      "(?:^|[^Uu])(?i:bot)(?:[^a-zA-Z]|$)",  // but not the Cubot telephones
      "(?i)spider",
      "(?i)crawl",
      "(?i)headless",
      "(?i)phantomjs",
      "(?i)scrap(?:er|y)",
      "(?i)slurp",
      "(?i)puppeteer",
      "(?i)playwright",
      "(?i)selenium",
      "(?i)webdriver",
      "(?i)lighthouse",
      "(?i)archiver",
      "(?i)feedfetcher",
      "(?i)externalhit",
      "(?i)libwww",
      "(?i)^curl",
      "(?i)^wget",
      "(?i)^python",
      "(?i)^java/",
      "(?i)^ruby",
      "(?i)^perl",
      "(?i)^php",
      "(?i)^go-http",
      "(?i)^axios",
      "(?i)^node",
      "(?i)^apache-http",
  };
  return kPatterns;
}

}  // namespace bandstand::agents::fraud
