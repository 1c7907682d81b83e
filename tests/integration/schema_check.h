// schema_check: does a JSON value fit a schema? The part of JSON Schema that web/openapi.json uses; anything
// else is a failure.
#pragma once

#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>

namespace bandstand {

/// Checks against schemas of one OpenAPI document.
class SchemaCheck {
 public:
  explicit SchemaCheck(const nlohmann::json& document) : document_(document) {}

  /// Empty if it fits, else the first thing that does not, with its place.
  [[nodiscard]] std::string problem(const nlohmann::json& value, const nlohmann::json& schema,
                                    const std::string& at = "$") const {
    if (schema.contains("$ref")) return problem(value, resolve(schema["$ref"]), at);
    static const std::set<std::string> known{
        "type", "required", "properties", "items",       "pattern",
        "enum", "minimum",  "maximum",    "description", "additionalProperties"};
    for (const auto& [key, rule] : schema.items()) {
      if (known.count(key) == 0) return at + ": the checker does not know '" + key + "'";
    }
    if (schema.contains("type") && !has_type(value, schema["type"]))
      return at + ": " + value.dump() + " is no " + schema["type"].dump();
    if (schema.contains("enum") &&
        std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end()) {
      return at + ": " + value.dump() + " is not in " + schema["enum"].dump();
    }
    if (value.is_string() && schema.contains("pattern") &&
        !std::regex_search(value.get<std::string>(), std::regex(schema["pattern"].get<std::string>()))) {
      return at + ": " + value.dump() + " does not match " + schema["pattern"].dump();
    }
    if (value.is_number() && ((schema.contains("minimum") && value < schema["minimum"]) ||
                              (schema.contains("maximum") && value > schema["maximum"]))) {
      return at + ": " + value.dump() + " is out of range";
    }
    if (value.is_array() && schema.contains("items")) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        if (auto found = problem(value[i], schema["items"], at + "[" + std::to_string(i) + "]");
            !found.empty())
          return found;
      }
    }
    return value.is_object() ? problem_of_object(value, schema, at) : "";
  }

  [[nodiscard]] const nlohmann::json& resolve(const std::string& reference) const {
    return document_.at(nlohmann::json::json_pointer(reference.substr(1)));
  }

 private:
  static bool has_type(const nlohmann::json& value, const nlohmann::json& type) {
    if (type.is_array()) {
      return std::any_of(type.begin(), type.end(), [&](const auto& one) { return has_type(value, one); });
    }
    const std::string name = type;
    return (name == "object" && value.is_object()) || (name == "array" && value.is_array()) ||
           (name == "string" && value.is_string()) || (name == "boolean" && value.is_boolean()) ||
           (name == "integer" && value.is_number_integer()) || (name == "number" && value.is_number()) ||
           (name == "null" && value.is_null());
  }

  std::string problem_of_object(const nlohmann::json& value, const nlohmann::json& schema,
                                const std::string& at) const {
    if (schema.contains("required")) {
      for (const std::string name : schema["required"]) {
        if (!value.contains(name)) return at + ": '" + name + "' is missing";
      }
    }
    const auto properties = schema.find("properties");
    const auto others = schema.find("additionalProperties");
    for (const auto& [name, field] : value.items()) {
      std::string found;
      if (properties != schema.end() && properties->contains(name)) {
        found = problem(field, (*properties)[name], at + "." + name);
      } else if (others != schema.end() && *others == false) {
        return at + ": '" + name + "' is not described";
      } else if (others != schema.end() && others->is_object()) {
        found = problem(field, *others, at + "." + name);
      }
      if (!found.empty()) return found;
    }
    return "";
  }

  const nlohmann::json& document_;
};

}  // namespace bandstand
