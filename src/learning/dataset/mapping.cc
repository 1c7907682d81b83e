// mapping: the known formats, and files that describe others.
#include "learning/dataset/mapping.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/spelling.h"

namespace bandstand::learning {
namespace {

using json = nlohmann::ordered_json;  // the order of columns matters where there is no header

void add(Mapping& mapping, Role role, std::initializer_list<const char*> names) {
  for (const char* name : names) mapping.columns.push_back({name, role});
}

Loaded<Role> role_of(const json& value, const std::string& where) {
  const auto& names = role_names();
  if (!value.is_string()) return problem(where + ": expected the name of a role");
  const auto text = value.get<std::string>();
  const auto found = std::find(names.begin(), names.end(), text);
  if (found != names.end()) return static_cast<Role>(found - names.begin());
  const std::string meant = base::nearest(text, names);
  return problem(where + ": no role '" + text + "'" + (meant.empty() ? "" : "; did you mean '" + meant + "'?"));
}

Loaded<char> separator_of(const json& value, const std::string& name) {
  if (value == "comma" || value == ",") return ',';
  if (value == "tab" || value == "\t") return '\t';
  if (value == "space" || value == " ") return ' ';
  if (value == "semicolon" || value == ";") return ';';
  if (value == "pipe" || value == "|") return '|';
  return problem(name + ": field 'separator': expected comma, tab, space, semicolon or pipe");
}

Loaded<std::vector<std::vector<std::string>>> crosses_of(const json& value, const Mapping& mapping, const std::string& name) {
  const auto wrong = [&](const std::string& what) { return problem(name + ": field 'crosses': " + what); };
  if (!value.is_array()) return wrong("expected lists of columns");
  std::vector<std::vector<std::string>> crosses;
  for (const json& cross : value) {
    if (!cross.is_array() || cross.size() < 2) return wrong("expected lists of at least two columns");
    std::vector<std::string> columns;
    for (const json& column : cross) {
      const auto is_feature = [&](const Column& one) {
        return column == one.name && (one.role == Role::categorical || one.role == Role::number);
      };
      if (std::none_of(mapping.columns.begin(), mapping.columns.end(), is_feature)) {
        return wrong(column.dump() + " is no categorical or number column");
      }
      columns.push_back(column.get<std::string>());
    }
    crosses.push_back(std::move(columns));
  }
  return crosses;
}

/// How many columns may have each role.
Loaded<bool> check_roles(const Mapping& mapping, const std::string& name) {
  const auto count = [&](Role role) {
    return std::count_if(mapping.columns.begin(), mapping.columns.end(), [&](const Column& c) { return c.role == role; });
  };
  if (count(Role::label) != 1) return problem(name + ": field 'columns': expected exactly one label");
  for (const Role role : {Role::time, Role::conversion_time, Role::prediction, Role::price}) {
    if (count(role) > 1) {
      return problem(name + ": field 'columns': more than one " + role_names()[static_cast<std::size_t>(role)]);
    }
  }
  const auto fields = static_cast<std::size_t>(count(Role::categorical) + count(Role::number)) + mapping.crosses.size();
  if (fields > kFieldsMax) return problem(name + ": more than " + std::to_string(kFieldsMax) + " features and crosses");
  return true;
}

}  // namespace

const std::vector<std::string>& role_names() {
  static const std::vector<std::string> names{"ignore", "label",           "categorical", "number",
                                              "time",   "conversion_time", "prediction",  "price"};
  return names;
}

Mapping avazu_mapping() {
  Mapping mapping;
  add(mapping, Role::ignore, {"id"});
  add(mapping, Role::label, {"click"});
  add(mapping, Role::time, {"hour"});
  add(mapping, Role::categorical,
      {"C1", "banner_pos", "site_id", "site_domain", "site_category", "app_id", "app_domain", "app_category", "device_id",
       "device_ip", "device_model", "device_type", "device_conn_type", "C14", "C15", "C16", "C17", "C18", "C19", "C20", "C21"});
  return mapping;
}

Mapping criteo_mapping(bool with_header) {
  Mapping mapping;
  mapping.separator = with_header ? ',' : '\t';
  mapping.header = with_header;
  if (with_header) add(mapping, Role::ignore, {"Id"});
  add(mapping, Role::label, {"Label"});
  for (int i = 1; i <= 13; ++i) mapping.columns.push_back({"I" + std::to_string(i), Role::number});
  for (int i = 1; i <= 26; ++i) mapping.columns.push_back({"C" + std::to_string(i), Role::categorical});
  return mapping;
}

Mapping talkingdata_mapping() {
  Mapping mapping;
  add(mapping, Role::categorical, {"ip", "app", "device", "os", "channel"});
  add(mapping, Role::time, {"click_time"});
  add(mapping, Role::conversion_time, {"attributed_time"});
  add(mapping, Role::label, {"is_attributed"});
  return mapping;
}

Mapping theta_mapping() {
  Mapping mapping;
  mapping.separator = ' ';
  mapping.header = false;
  mapping.more_columns = true;
  add(mapping, Role::label, {"click"});
  add(mapping, Role::price, {"price"});
  add(mapping, Role::prediction, {"pctr"});
  return mapping;
}

Loaded<Mapping> parse_mapping(std::string_view text, const std::string& name) {
  const json file = json::parse(text, nullptr, false);
  if (!file.is_object()) return problem(name + ": not a JSON object");
  Mapping mapping;
  for (const auto& [key, value] : file.items()) {
    if (key == "separator") {
      const auto separator = separator_of(value, name);
      if (!separator) return problem(separator.error());
      mapping.separator = *separator;
    } else if (key == "header") {
      if (!value.is_boolean()) return problem(name + ": field 'header': expected true or false");
      mapping.header = value.get<bool>();
    } else if (key == "columns") {
      if (!value.is_object()) return problem(name + ": field 'columns': expected an object, column to role");
      for (const auto& [column, role_name] : value.items()) {
        const auto role = role_of(role_name, name + ": column '" + column + "'");
        if (!role) return problem(role.error());
        mapping.columns.push_back({column, *role});
      }
    } else if (key != "crosses") {  // these need the columns: below
      return problem(name + ": no field '" + key + "' in a mapping: separator, header, columns, crosses");
    }
  }
  if (file.contains("crosses")) {
    auto crosses = crosses_of(file["crosses"], mapping, name);
    if (!crosses) return problem(crosses.error());
    mapping.crosses = std::move(*crosses);
  }
  const auto fits = check_roles(mapping, name);
  if (!fits) return problem(fits.error());
  return mapping;
}

Loaded<Mapping> load_mapping(const std::string& file) {
  const auto text = base::read_whole_file(file, 1 << 20);
  if (!text) return problem(file + ": " + text.error().what);
  return parse_mapping(*text, file);
}

}  // namespace bandstand::learning
