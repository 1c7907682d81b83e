// creative_tables: words, numbers, factors.
#include "experiments/creative_tables.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/input.h"
#include "base/words.h"

namespace bandstand::experiments {
namespace {

using base::read_number;

constexpr std::array<char, 5> kElements = {'t', 'a', 'b', 'c', 'd'};
constexpr std::uint32_t kLevelsMax = 1000;

struct Row {
  std::array<std::uint32_t, kElements.size()> levels{};
  double rate = 0;
};

/// Words between blanks, tabs, commas and non-breaking spaces (two bytes in UTF-8).
std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  const auto apart = [](char c) { return c == ' ' || c == '\t' || c == ',' || c == '\r' || c == '\xC2' || c == '\xA0'; };
  for (std::size_t at = 0; at < line.size();) {
    if (apart(line[at])) {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    while (at < line.size() && !apart(line[at])) ++at;
    words.push_back(line.substr(begin, at - begin));
  }
  return words;
}

/// Empty, or what is wrong.
std::string read_row(const std::vector<std::string_view>& words, Row& out) {
  if (words.size() != kElements.size() + 2) return "not seven words";
  for (std::size_t i = 0; i < kElements.size(); ++i) {
    if (!read_number(words[i + 1], out.levels[i]) || out.levels[i] >= kLevelsMax) return "an element is no small number";
  }
  if (!read_number(words.back(), out.rate) || !(out.rate > 0 && out.rate < 1)) return "the rate is not between 0 and 1";
  return {};
}

std::size_t element_of(std::string_view name) {
  const auto found = name.size() == 1 ? std::find(kElements.begin(), kElements.end(), name[0]) : kElements.end();
  return static_cast<std::size_t>(found - kElements.begin());
}

Factor factor_of(const std::vector<Row>& rows, std::size_t first, std::size_t second) {
  Factor factor{.name = {kElements[first]}, .levels = 0, .level_of = {}, .interaction = first != second};
  if (factor.interaction) factor.name += std::string("x") + kElements[second];
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> numbers;
  for (const Row& row : rows) {
    const auto at = numbers.try_emplace({row.levels[first], row.levels[second]}, numbers.size()).first;
    factor.level_of.push_back(at->second);
  }
  factor.levels = static_cast<std::uint32_t>(numbers.size());
  return factor;
}

}  // namespace

Loaded<CreativeTable> load_creative_table(const std::string& table, const std::string& tree) {
  CreativeTable out;
  auto lines = base::LineReader::open(table);
  if (!lines) return problem(table + ": " + lines.error().what);
  std::vector<Row> rows;
  std::string_view line;
  for (auto more = lines->next(line);; more = lines->next(line)) {
    if (!more) return problem(table + ": " + more.error().what);
    if (!*more) break;
    const auto words = words_of(line);
    if (words.empty()) continue;
    Row row;
    const std::string wrong = read_row(words, row);
    if (wrong.empty()) {
      rows.push_back(row);
    } else {
      ++out.bad_rows[wrong];
    }
  }
  if (rows.size() < 2) return problem(table + ": expected at least two rows \"id t a b c d rate\"");

  double sum = 0;
  for (const Row& row : rows) {
    out.rates.push_back(row.rate);
    sum += row.rate;
    auto& names = out.elements.emplace_back();
    for (std::size_t i = 1; i < kElements.size(); ++i) {
      names.push_back(std::string(1, kElements[i]) + "=" + std::to_string(row.levels[i]));
    }
  }
  out.problem.arms = static_cast<std::uint32_t>(rows.size());
  out.problem.base_rate = sum / static_cast<double>(rows.size());
  std::set<std::size_t> varying;
  for (std::size_t i = 0; i < kElements.size(); ++i) {
    Factor factor = factor_of(rows, i, i);
    if (factor.levels < 2) continue;
    varying.insert(i);
    out.problem.factors.push_back(std::move(factor));
  }
  auto edges = base::LineReader::open(tree);
  if (!edges) return problem(tree + ": " + edges.error().what);
  for (auto more = edges->next(line);; more = edges->next(line)) {
    if (!more) return problem(tree + ": " + more.error().what);
    if (!*more) break;
    const auto words = words_of(line);
    if (words.empty()) continue;
    if (words.size() < 3) return problem(tree + ": expected \"parent, child, levels\"");
    const std::size_t parent = element_of(words[0]);
    const std::size_t child = element_of(words[1]);
    if (parent == kElements.size() || child == kElements.size()) {
      return problem(tree + ": an element is none of t, a, b, c, d");
    }
    if (!varying.contains(parent) || !varying.contains(child)) continue;
    Factor factor = factor_of(rows, parent, child);
    // A child that occurs under one parent only says all by itself.
    const Factor alone = factor_of(rows, child, child);
    if (factor.levels > alone.levels) out.problem.factors.push_back(std::move(factor));
  }
  return out;
}

}  // namespace bandstand::experiments
