// hierarchy: names that contain others: a domain its subdomains, a category its subcategories.
//
// Used wherever a list "means" more than it spells: allow and deny lists, badv, bcat. ASCII case does not
// matter.
#pragma once

#include <cstddef>
#include <string_view>

namespace bandstand::domain {

constexpr char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

/// "a.b.example.com" -> "b.example.com"; "com" -> "".
constexpr std::string_view parent_domain(std::string_view domain) noexcept {
  const auto dot = domain.find('.');
  return dot == std::string_view::npos ? std::string_view{} : domain.substr(dot + 1);
}

/// A list's entry as it is meant: "www.example.com" and "example.com." both mean example.com.
constexpr std::string_view listed_domain(std::string_view entry) noexcept {
  while (!entry.empty() && entry.back() == '.') entry.remove_suffix(1);
  if (entry.size() > 4 && equal_ignoring_case(entry.substr(0, 4), "www.") &&
      entry.find('.', 4) != std::string_view::npos) {
    entry.remove_prefix(4);
  }
  return entry;
}

/// Is `domain` the list's `entry`, or a subdomain of it? An empty entry means nothing. About 3 ns.
constexpr bool domain_within(std::string_view domain, std::string_view entry) noexcept {
  entry = listed_domain(entry);
  while (!domain.empty() && domain.back() == '.') domain.remove_suffix(1);
  if (entry.empty() || domain.size() < entry.size()) return false;
  if (!equal_ignoring_case(domain.substr(domain.size() - entry.size()), entry)) return false;
  return domain.size() == entry.size() || domain[domain.size() - entry.size() - 1] == '.';
}

/// "IAB2-3" -> "IAB2"; "IAB2" -> "".
constexpr std::string_view parent_category(std::string_view category) noexcept {
  const auto dash = category.rfind('-');
  return dash == std::string_view::npos ? std::string_view{} : category.substr(0, dash);
}

/// Is `category` the list's `entry`, or below it? IAB2-3 is within IAB2; IAB20 is not. About 2 ns.
constexpr bool category_within(std::string_view category, std::string_view entry) noexcept {
  if (entry.empty() || category.size() < entry.size()) return false;
  if (!equal_ignoring_case(category.substr(0, entry.size()), entry)) return false;
  return category.size() == entry.size() || category[entry.size()] == '-';
}

/// Content Taxonomy 1.0 spells its categories "IAB<n>[-<m>]"; the later ones are bare numbers.
constexpr bool is_taxonomy_1(std::string_view category) noexcept {
  return category.size() > 3 && equal_ignoring_case(category.substr(0, 3), "IAB");
}

}  // namespace bandstand::domain
