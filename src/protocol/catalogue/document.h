// document: a JSON or YAML text as a tree in which every value knows its line, so that errors can point at it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bandstand::protocol::catalogue {

struct Field;

/// A value of the document. Scalars keep their text, so that money is never read through floating point.
struct Value {
  enum class Kind : std::uint8_t { null, boolean, number, text, list, object };
  Kind kind = Kind::null;
  std::uint32_t line = 0;  ///< 1-based
  std::string scalar;      ///< of boolean ("true"), number and text
  std::vector<Value> items;
  std::vector<Field> fields;  ///< in order of appearance

  [[nodiscard]] const Value* find(std::string_view name) const;
};

struct Field {
  std::string name;
  Value value;
};

/// One thing that is wrong with a document, and where.
struct Problem {
  std::uint32_t line = 0;
  std::string field;  ///< "line_items[3].value"
  std::string what;
};

/// "FILE:LINE: FIELD: what is wrong".
std::string print(const Problem& problem, std::string_view file);

/// Reads JSON if the text starts with '{' or '[', else YAML. Syntax errors become one problem, with its line.
/// Depth is limited to 64. Slow path: about 50 MB/s of JSON, 5 MB/s of YAML.
bool parse_document(std::string_view text, Value& out, std::vector<Problem>& problems);

}  // namespace bandstand::protocol::catalogue
