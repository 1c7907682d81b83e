// settings_print: the table of settings as a JSON Schema, as a page, and as the values that hold.
#include <nlohmann/json.hpp>

#include "app/settings_checks.h"
#include "app/settings_rows.h"

namespace bandstand::app {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Scalar& scalar) {
  return std::visit([](const auto& value) { return Json(value); }, scalar);
}

/// As TOML writes it, which for these values is as JSON does.
std::string text_of(const Scalar& scalar) {
  if (const auto* number = std::get_if<double>(&scalar)) {
    std::string text = number_text(*number);
    return text.find('.') == std::string::npos ? text + ".0" : text;
  }
  return json_of(scalar).dump();
}

Json schema_of(const SettingInfo& info, const Scalar* standard) {
  Json out;
  out["description"] = info.says;
  switch (info.type) {
    case SettingType::boolean: out["type"] = "boolean"; break;
    case SettingType::integer: out["type"] = "integer"; break;
    case SettingType::number: out["type"] = "number"; break;
    default: out["type"] = "string"; break;
  }
  if (info.type == SettingType::integer) {
    out["minimum"] = static_cast<std::int64_t>(info.min);
    out["maximum"] = static_cast<std::int64_t>(info.max);
  } else if (info.type == SettingType::number) {
    out["minimum"] = info.min;
    out["maximum"] = info.max;
  }
  if (info.type == SettingType::choice) out["enum"] = info.choices;
  if (info.type == SettingType::name) out["pattern"] = "^[A-Za-z0-9._-]{1,64}$";
  if (info.type == SettingType::currency) out["pattern"] = "^[A-Z]{3}$";
  if (standard != nullptr) out["default"] = json_of(*standard);
  out["x-type"] = name_of(info.type);
  if (!info.unit.empty()) out["x-unit"] = info.unit;
  out["x-reload"] = name_of(info.reload);
  out["x-audience"] = name_of(info.audience);
  return out;
}

Json object_schema() {
  return Json{{"type", "object"}, {"additionalProperties", false}, {"properties", Json::object()}};
}

std::string bounds_of(const SettingInfo& info) {
  if (info.type == SettingType::integer || info.type == SettingType::number) {
    return number_text(info.min) + " to " + number_text(info.max);
  }
  std::string out;
  for (const auto choice : info.choices) {
    if (!out.empty()) out += ", ";
    out += choice.empty() ? "\"\"" : std::string(choice);
  }
  return out;
}

void append_head(std::string& out) {
  out +=
      "| setting | type | unit | default | bounds | reload | audience | what it says "
      "|\n|---|---|---|---|---|---|---|---|\n";
}

void append_line(std::string& out, const SettingInfo& info, const Scalar& standard) {
  const std::string cells[] = {"`" + std::string(info.key) + "`",
                               std::string(name_of(info.type)),
                               std::string(info.unit),
                               info.required ? "required" : "`" + text_of(standard) + "`",
                               bounds_of(info),
                               std::string(name_of(info.reload)),
                               std::string(name_of(info.audience)),
                               std::string(info.says)};
  for (const auto& cell : cells) out += "| " + cell + " ";
  out += "|\n";
}

std::string section_of(std::string_view key) {
  const auto dot = key.find('.');
  return dot == std::string_view::npos ? "" : std::string(key.substr(0, dot));
}

}  // namespace

std::string settings_schema() {
  const Settings defaults;
  Json root{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "bandstand.toml"}};
  root.update(object_schema());
  for (const auto& row : root_rows()) {
    const Scalar standard = row.get(defaults);
    const std::string section = section_of(row.info.key);
    Json* into = &root;
    std::string name(row.info.key);
    if (!section.empty()) {
      if (!root["properties"].contains(section)) root["properties"][section] = object_schema();
      into = &root["properties"][section];
      name = name.substr(section.size() + 1);
    }
    (*into)["properties"][name] = schema_of(row.info, &standard);
  }
  each_list(defaults, [&](std::string_view name, std::string_view says, auto rows, const auto& list) {
    const typename std::remove_cvref_t<decltype(list)>::value_type standard;
    Json item = object_schema();
    Json required = Json::array();
    for (const auto& row : rows) {
      const Scalar value = row.get(standard);
      item["properties"][std::string(row.info.key)] =
          schema_of(row.info, row.info.required ? nullptr : &value);
      if (row.info.required) required.push_back(row.info.key);
    }
    item["required"] = required;
    root["properties"][std::string(name)] = Json{{"type", "array"}, {"description", says}, {"items", item}};
  });
  return root.dump(2) + "\n";
}

std::string settings_reference() {
  const Settings defaults;
  std::string out =
      "# Settings\n\n"
      "All that `bandstand.toml` can say. This page is made from the table in `src/app/settings_rows.cc`; "
      "write it anew\n"
      "with `bandstand check --reference > docs/reference/settings.md`. `bandstand check --config FILE` "
      "reports all that is\n"
      "wrong with a file and prints what holds. Paths are relative to the working directory. A setting "
      "marked `restart` is\n"
      "read at the start; the contents of the catalogue and of the fraud lists are read anew when they "
      "change, and on "
      "SIGHUP.\n";
  std::string section = "-";
  for (const auto& row : root_rows()) {
    if (const std::string now = section_of(row.info.key); now != section) {
      section = now;
      out += "\n## " + (section.empty() ? "The process" : "[" + section + "]") + "\n\n";
      append_head(out);
    }
    append_line(out, row.info, row.get(defaults));
  }
  each_list(defaults, [&](std::string_view name, std::string_view says, auto rows, const auto& list) {
    const typename std::remove_cvref_t<decltype(list)>::value_type standard;
    out += "\n## [[" + std::string(name) + "]]\n\n" + std::string(says) + "\n\n";
    append_head(out);
    for (const auto& row : rows) append_line(out, row.info, row.get(standard));
  });
  return out;
}

std::string print_settings(const Settings& settings) {
  std::string out;
  std::string section;
  for (const auto& row : root_rows()) {
    std::string name(row.info.key);
    if (const std::string now = section_of(row.info.key); now != section) {
      section = now;
      out += "\n[" + section + "]\n";
    }
    if (!section.empty()) name = name.substr(section.size() + 1);
    out += name + " = " + text_of(row.get(settings));
    out += settings.lines.count(row.info.key) != 0 ? "\n" : "  # default\n";
  }
  each_list(settings, [&](std::string_view name, std::string_view, auto rows, const auto& list) {
    for (const auto& item : list) {
      out += "\n[[" + std::string(name) + "]]\n";
      for (const auto& row : rows) out += std::string(row.info.key) + " = " + text_of(row.get(item)) + "\n";
      if (name == "token_keys") out += "# the key itself: redacted\n";
    }
  });
  return out;
}

std::string settings_json(const Settings& settings) {
  Json out = Json::object();
  for (const auto& row : root_rows()) out[std::string(row.info.key)] = json_of(row.get(settings));
  each_list(settings, [&](std::string_view name, std::string_view, auto rows, const auto& list) {
    Json items = Json::array();
    for (const auto& item : list) {
      Json object = Json::object();
      for (const auto& row : rows) object[std::string(row.info.key)] = json_of(row.get(item));
      items.push_back(std::move(object));
    }
    out[std::string(name)] = std::move(items);
  });
  return out.dump();
}

}  // namespace bandstand::app
