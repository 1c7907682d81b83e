// settings: the walk over the document: every key is looked up in the table, every value checked against its
// row.
#include "app/settings.h"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <set>

#include "app/settings_checks.h"
#include "app/settings_rows.h"
#include "base/input.h"
#include "base/spelling.h"

namespace bandstand::app {
namespace {

class Reader {
 public:
  Reader(Settings& settings, std::vector<Problem>& problems) : settings_(settings), problems_(problems) {}

  void read(const toml::table& document) {
    for (const auto& row : root_rows()) known_.emplace(row.info.key);
    each_list(settings_, [&](std::string_view name, auto, auto, auto&) { known_.emplace(name); });
    section(document, "");
  }

 private:
  static std::uint32_t line_of(const toml::key& key) {
    return static_cast<std::uint32_t>(key.source().begin.line);
  }

  void section(const toml::table& table, const std::string& prefix) {
    for (auto&& [key, node] : table) {
      const std::string path = prefix + std::string(key.str());
      if (is_section(path) && node.is_table()) {
        section(*node.as_table(), path + ".");
      } else if (is_section(path)) {
        problem(line_of(key), path, "expected a table, [" + path + "]");
      } else if (!list(path, line_of(key), node)) {
        value(root_rows(), settings_, path, path, line_of(key), node, known_);
      }
    }
  }

  [[nodiscard]] bool is_section(const std::string& path) const {
    const auto next = known_.lower_bound(path + ".");
    return next != known_.end() && next->rfind(path + ".", 0) == 0;
  }

  bool list(const std::string& path, std::uint32_t line, const toml::node& node) {
    bool found = false;
    each_list(settings_, [&](std::string_view name, auto, auto rows, auto& items) {
      if (name != path) return;
      found = true;
      settings_.lines.emplace(path, line);
      items.clear();
      const toml::array* array = node.as_array();
      if (array == nullptr) return problem(line, path, "expected tables, [[" + path + "]]");
      for (std::size_t i = 0; i < array->size(); ++i) {
        const std::string at = path + "[" + std::to_string(i) + "]";
        const toml::table* table = array->get(i)->as_table();
        if (table == nullptr) {
          problem(line, at, "expected a table");
          continue;
        }
        const auto at_line = static_cast<std::uint32_t>(table->source().begin.line);
        settings_.lines.emplace(at, at_line);
        item(rows, items.emplace_back(), *table, at, at_line);
      }
    });
    return found;
  }

  template <class Rows, class Item>
  void item(const Rows& rows, Item& item, const toml::table& table, const std::string& at,
            std::uint32_t at_line) {
    std::set<std::string> known;
    for (const auto& row : rows) known.emplace(row.info.key);
    for (auto&& [key, node] : table) {
      const std::string name(key.str());
      value(rows, item, name, at + "." + name, line_of(key), node, known);
    }
    for (const auto& row : rows) {
      if (!row.info.required || table.contains(row.info.key)) continue;
      problem(at_line, at + "." + std::string(row.info.key), "is required");
    }
  }

  template <class Rows, class Item, class Known>
  void value(const Rows& rows, Item& item, const std::string& key, const std::string& path,
             std::uint32_t line, const toml::node& node, const Known& known) {
    for (const auto& row : rows) {
      if (row.info.key != key) continue;
      settings_.lines.emplace(path, line);
      std::string wrong;
      const auto scalar = scalar_of(row.info, node, wrong);
      if (!scalar) return problem(line, path, wrong);
      return row.set(item, *scalar);
    }
    const std::string meant = suggestion(key, known);
    problem(line, path, "unknown setting" + (meant.empty() ? "" : "; did you mean '" + meant + "'?"));
  }

  /// The nearest name, else the same name in another section.
  template <class Known>
  static std::string suggestion(const std::string& key, const Known& known) {
    if (const std::string near = base::nearest(key, known); !near.empty()) return near;
    const std::string last = key.substr(key.rfind('.') + 1);
    for (const std::string& candidate : known) {
      if (candidate.substr(candidate.rfind('.') + 1) == last) return candidate;
    }
    return "";
  }

  static std::optional<Scalar> scalar_of(const SettingInfo& info, const toml::node& node,
                                         std::string& wrong) {
    switch (info.type) {
      case SettingType::boolean:
        if (const auto* boolean = node.as_boolean()) return Scalar(boolean->get());
        wrong = "expected true or false";
        return std::nullopt;
      case SettingType::integer:
        if (const auto* integer = node.as_integer()) return in_range(info, Scalar(integer->get()), wrong);
        wrong = "expected a whole number" + (info.unit.empty() ? "" : " (" + std::string(info.unit) + ")");
        return std::nullopt;
      case SettingType::number:
        if (const auto number = node.value<double>(); number && node.is_number())
          return in_range(info, *number, wrong);
        wrong = "expected a number";
        return std::nullopt;
      default: break;
    }
    const auto* text = node.as_string();
    if (text == nullptr) {
      wrong = "expected a text in quotes";
      return std::nullopt;
    }
    wrong = wrong_text(info, text->get());
    if (!wrong.empty()) return std::nullopt;
    return Scalar(text->get());
  }

  static std::optional<Scalar> in_range(const SettingInfo& info, Scalar scalar, std::string& wrong) {
    const double number = std::holds_alternative<double>(scalar)
                              ? std::get<double>(scalar)
                              : static_cast<double>(std::get<std::int64_t>(scalar));
    if (number >= info.min && number <= info.max) return scalar;  // false for NaN
    wrong = "must be from " + number_text(info.min) + " to " + number_text(info.max);
    return std::nullopt;
  }

  void problem(std::uint32_t line, std::string path, std::string what) {
    problems_.push_back({line, std::move(path), std::move(what)});
  }

  Settings& settings_;
  std::vector<Problem>& problems_;
  std::set<std::string> known_;
};

}  // namespace

Settings parse_settings(std::string_view text, std::vector<Problem>& problems) {
  Settings settings;
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    problems.push_back({static_cast<std::uint32_t>(parsed.error().source().begin.line), "",
                        std::string(parsed.error().description())});
    return settings;
  }
  const std::size_t before = problems.size();
  Reader(settings, problems).read(parsed.table());
  check_settings(settings, problems);
  if (settings.team.fraud != "rules") settings.serving.watch.enabled = true;
  std::stable_sort(problems.begin() + static_cast<std::ptrdiff_t>(before), problems.end(),
                   [](const Problem& a, const Problem& b) { return a.line < b.line; });
  return settings;
}

base::Result<Settings> load_settings(const std::string& path, std::vector<Problem>& problems) {
  std::string text;
  if (!path.empty()) {
    BANDSTAND_TRY(whole, base::read_whole_file(path, 16 << 20));
    text = std::move(whole);
  }
  Settings settings = parse_settings(text, problems);
  read_named_files(settings, problems);
  return settings;
}

}  // namespace bandstand::app
