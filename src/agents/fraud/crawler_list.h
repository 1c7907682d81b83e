// crawler_list: which user agents are robots that say so: regular expressions, asked as rarely as possible.
//
// How 1,500 expressions are asked in 0.2 us: RE2's FilteredRE2 reduces each expression to the strings that
// any match must contain ("[cC]laude[bB]ot" -> "claudebot"). Of each such string one group of three bytes is
// chosen that ordinary browsers do not have. A user agent is scanned once, three bytes at a time, against a
// bitmap of these groups; only where a group, and then its whole string, is found, the expression itself is
// run. Callers keep verdicts by hash (fraud_rules), so that even this happens once per distinct user agent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class FilteredRE2;
}

namespace bandstand::agents::fraud {

/// An expression that was refused, and why.
struct BadPattern {
  std::size_t index = 0;
  std::string why;
};

/// Immutable once compiled; share it between threads.
class CrawlerList {
 public:
  CrawlerList();
  ~CrawlerList();
  CrawlerList(CrawlerList&&) noexcept;
  CrawlerList& operator=(CrawlerList&&) noexcept;

  /// Compiles `patterns` (RE2 syntax, case-sensitive unless they say "(?i)"). Those that do not compile are
  /// reported and left out. About 0.1 s for 1,500.
  static CrawlerList compile(std::span<const std::string> patterns, std::vector<BadPattern>* bad = nullptr);

  /// Index of a pattern that the user agent matches, or -1. Bytes beyond the first 1,024 are not looked at.
  /// Allocates only where an expression must be run.
  [[nodiscard]] int match(std::string_view user_agent) const;
  /// The same by asking every expression; for tests.
  [[nodiscard]] int match_slowly(std::string_view user_agent) const;

  [[nodiscard]] std::size_t size() const { return patterns_; }

 private:
  struct Anchor {
    std::uint32_t atom = 0;
    std::uint32_t at = 0;  ///< where in the atom its chosen group stands
  };

  void add_anchors();

  std::unique_ptr<re2::FilteredRE2> filter_;
  std::vector<int> ids_;            ///< expression of the filter -> index in `patterns`
  std::vector<std::string> atoms_;  ///< lower case
  std::vector<std::uint64_t> bitmap_;
  std::vector<std::uint32_t> first_;  ///< by hash of a group: first of its anchors
  std::vector<Anchor> anchors_;
  std::size_t patterns_ = 0;
  bool always_ = false;  ///< some expression has no string that it needs
};

/// A start for those who load no list: words by which robots name themselves.
std::span<const std::string> default_crawler_patterns();

}  // namespace bandstand::agents::fraud
