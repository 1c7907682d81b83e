// document: nlohmann's event parser over an iterator that counts lines; yaml-cpp where the text is YAML.
#include "protocol/catalogue/document.h"

#include <yaml-cpp/yaml.h>

#include <cstddef>
#include <nlohmann/json.hpp>

#include "base/line_iterator.h"

namespace bandstand::protocol::catalogue {
namespace {

constexpr std::size_t kDepthMax = 64;

/// Builds the tree from the parser's events.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  Builder(Value& root, const std::uint32_t& line, std::vector<Problem>& problems)
      : line_(line), problems_(problems), stack_{&root} {}

  bool null() override { return scalar(Value::Kind::null, "null"); }
  bool boolean(bool value) override { return scalar(Value::Kind::boolean, value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return scalar(Value::Kind::number, std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return scalar(Value::Kind::number, std::to_string(value)); }
  bool number_float(number_float_t, const string_t& text) override { return scalar(Value::Kind::number, text); }
  bool string(string_t& text) override { return scalar(Value::Kind::text, text); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Value::Kind::object); }
  bool start_array(std::size_t) override { return open(Value::Kind::list); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    key_ = name;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
    std::string what = error.what();
    if (const auto colon = what.find(": "); colon != std::string::npos) what = what.substr(colon + 2);
    problems_.push_back({line_, "", "not valid JSON: " + what});
    return false;
  }

 private:
  Value& place() {
    Value& parent = *stack_.back();
    if (stack_.size() == 1) return parent;
    if (parent.kind == Value::Kind::list) return parent.items.emplace_back();
    return parent.fields.emplace_back(Field{key_, {}}).value;
  }
  bool scalar(Value::Kind kind, std::string text) {
    Value& value = place();
    value.kind = kind;
    value.line = line_;
    value.scalar = std::move(text);
    return true;
  }
  bool open(Value::Kind kind) {
    if (stack_.size() > kDepthMax) {
      problems_.push_back({line_, "", "nested deeper than 64 levels"});
      return false;
    }
    Value& value = place();
    value.kind = kind;
    value.line = line_;
    stack_.push_back(&value);
    return true;
  }
  bool close() {
    stack_.pop_back();
    return true;
  }

  const std::uint32_t& line_;
  std::vector<Problem>& problems_;
  std::vector<Value*> stack_;  // [0] stands for "above the root"
  std::string key_;
};

Value from_yaml(const YAML::Node& node, std::size_t depth) {
  if (depth > kDepthMax) throw YAML::ParserException(node.Mark(), "nested deeper than 64 levels");
  Value value;
  value.line = static_cast<std::uint32_t>(node.Mark().line + 1);
  switch (node.Type()) {
    case YAML::NodeType::Scalar: {
      value.scalar = node.Scalar();
      const bool quoted = node.Tag() == "!";
      const bool word = value.scalar == "true" || value.scalar == "false";
      const bool digits = !value.scalar.empty() && value.scalar.find_first_not_of("0123456789.-+eE") == std::string::npos;
      value.kind = quoted ? Value::Kind::text
                   : word ? Value::Kind::boolean
                          : (digits ? Value::Kind::number : Value::Kind::text);
      break;
    }
    case YAML::NodeType::Sequence:
      value.kind = Value::Kind::list;
      for (const auto& item : node) value.items.push_back(from_yaml(item, depth + 1));
      break;
    case YAML::NodeType::Map:
      value.kind = Value::Kind::object;
      for (const auto& field : node) {
        value.fields.push_back({field.first.Scalar(), from_yaml(field.second, depth + 1)});
      }
      break;
    default: break;
  }
  return value;
}

bool parse_json(std::string_view text, Value& out, std::vector<Problem>& problems) {
  std::uint32_t line = 1;
  Builder builder(out, line, problems);
  return nlohmann::json::sax_parse(base::LineIterator(text.data(), &line), base::LineIterator(text.data() + text.size(), &line),
                                   &builder);
}

bool parse_yaml(std::string_view text, Value& out, std::vector<Problem>& problems) {
  try {
    out = from_yaml(YAML::Load(std::string(text)), 0);
    return true;
  } catch (const YAML::Exception& error) {
    problems.push_back({static_cast<std::uint32_t>(error.mark.line + 1), "", "not valid YAML: " + error.msg});
    return false;
  }
}

}  // namespace

const Value* Value::find(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::string print(const Problem& problem, std::string_view file) {
  std::string out(file);
  if (problem.line > 0) out += ':' + std::to_string(problem.line);
  out += ": ";
  if (!problem.field.empty()) out += problem.field + ": ";
  return out + problem.what;
}

bool parse_document(std::string_view text, Value& out, std::vector<Problem>& problems) {
  out = Value{};
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) {
    problems.push_back({1, "", "the file is empty"});
    return false;
  }
  const bool json = text[first] == '{' || text[first] == '[';
  return json ? parse_json(text, out, problems) : parse_yaml(text, out, problems);
}

}  // namespace bandstand::protocol::catalogue
