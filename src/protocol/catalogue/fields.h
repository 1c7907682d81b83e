// fields: reads the fields of one object, by name and type, and reports what is missing, unknown or out of range.
#pragma once

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "base/spelling.h"
#include "protocol/catalogue/document.h"

namespace bandstand::protocol::catalogue {

/// Wraps one object of the document. finish() reports the fields that nobody asked for.
class Fields {
 public:
  Fields(const Value& value, std::string path, std::vector<Problem>& problems)
      : value_(value), path_(std::move(path)), problems_(problems) {
    if (value.kind != Value::Kind::object) problem(value.line, "", "expected an object");
  }

  [[nodiscard]] std::uint32_t line() const { return value_.line; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path_of(std::string_view name) const {
    return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
  }

  void problem(std::uint32_t line, std::string_view name, std::string what) {
    problems_.push_back({line, name.empty() ? path_ : path_of(name), std::move(what)});
  }

  /// The field, or nullptr; null counts as absent.
  const Value* get(std::string_view name, bool required = false) {
    asked_.insert(std::string(name));
    const Value* field = value_.find(name);
    if (field != nullptr && field->kind == Value::Kind::null) field = nullptr;
    if (field == nullptr && required) problem(value_.line, name, "is required");
    return field;
  }

  std::string text(std::string_view name, bool required = false, std::string otherwise = "") {
    const Value* field = get(name, required);
    if (field == nullptr) return otherwise;
    if (field->kind != Value::Kind::text && field->kind != Value::Kind::number) {
      problem(field->line, name, "expected a text");
      return otherwise;
    }
    return field->scalar;
  }

  bool boolean(std::string_view name, bool otherwise) {
    const Value* field = get(name);
    if (field == nullptr) return otherwise;
    if (field->kind != Value::Kind::boolean) {
      problem(field->line, name, "expected true or false");
      return otherwise;
    }
    return field->scalar == "true";
  }

  template <class Int>
  Int integer(std::string_view name, Int otherwise, std::int64_t min, std::int64_t max, bool required = false) {
    const Value* field = get(name, required);
    return field == nullptr ? otherwise : integer_of<Int>(*field, name, otherwise, min, max);
  }

  template <class Int>
  Int integer_of(const Value& field, std::string_view name, Int otherwise, std::int64_t min, std::int64_t max) {
    std::int64_t number = 0;
    const char* end = field.scalar.data() + field.scalar.size();
    const auto read = std::from_chars(field.scalar.data(), end, number);
    if (field.kind != Value::Kind::number || read.ec != std::errc{} || read.ptr != end) {
      problem(field.line, name, "expected a whole number");
      return otherwise;
    }
    if (number < min || number > max) {
      problem(field.line, name, "must be from " + std::to_string(min) + " to " + std::to_string(max));
      return otherwise;
    }
    return static_cast<Int>(number);
  }

  /// A CPM price ("2.50"), as nanos per impression.
  base::Nanos cpm(std::string_view name, bool required = false) {
    return money(name, required, [](std::string_view text) { return base::parse_cpm(text); }, "a CPM price such as 2.50");
  }
  /// An amount in whole units ("1500.00").
  base::Nanos amount(std::string_view name, bool required = false) {
    return money(name, required, [](std::string_view text) { return base::parse_amount(text); },
                 "an amount such as 1500.00");
  }

  /// A list of texts; one text alone counts as a list of one.
  std::vector<std::string> texts(std::string_view name) {
    std::vector<std::string> out;
    const Value* field = get(name);
    if (field == nullptr) return out;
    if (field->kind == Value::Kind::text) return {field->scalar};
    if (field->kind != Value::Kind::list) {
      problem(field->line, name, "expected a list of texts");
      return out;
    }
    for (std::size_t i = 0; i < field->items.size(); ++i) {
      const Value& item = field->items[i];
      if (item.kind != Value::Kind::text && item.kind != Value::Kind::number) {
        problem(item.line, std::string(name) + "[" + std::to_string(i) + "]", "expected a text");
      } else {
        out.push_back(item.scalar);
      }
    }
    return out;
  }

  void finish() {
    for (const auto& [name, field] : value_.fields) {
      if (asked_.count(name) == 0) problem(field.line, name, "unknown field" + suggestion(name));
    }
  }

 private:
  template <class Parse>
  base::Nanos money(std::string_view name, bool required, Parse parse, const char* expected) {
    const Value* field = get(name, required);
    if (field == nullptr) return {};
    const auto amount = parse(std::string_view(field->scalar));
    if ((field->kind != Value::Kind::text && field->kind != Value::Kind::number) || !amount || amount->value < 0) {
      problem(field->line, name, std::string("expected ") + expected);
      return {};
    }
    return *amount;
  }

  /// "; did you mean 'budget'?" for a name that is nearly one of those asked for.
  [[nodiscard]] std::string suggestion(const std::string& name) const {
    const std::string known = base::nearest(name, asked_);
    return known.empty() ? "" : "; did you mean '" + known + "'?";
  }

  const Value& value_;
  std::string path_;
  std::vector<Problem>& problems_;
  std::set<std::string> asked_;
};

}  // namespace bandstand::protocol::catalogue
