// metrics: rows of cells, and their sum over threads as Prometheus text.
#include "telemetry/metrics.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <utility>

namespace bandstand::telemetry {
namespace {

std::size_t values_of(const std::vector<Label>& labels, std::size_t i) {
  return i < labels.size() ? labels[i].values.size() : 1;
}

void append_number(double value, std::string& out) {
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::general, 15).ptr;
  out.append(text, end);
}

void append_scaled(std::int64_t value, double scale, std::string& out) {
  if (scale == 1.0) {
    char text[24];
    out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
  } else {
    append_number(static_cast<double>(value) * scale, out);
  }
}

/// Inside of a label's quotes: backslash, quote and line feed are escaped (text format 0.0.4).
void append_label_text(std::string_view text, std::string& out) {
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

/// `a="x",b="y"` of a row, without braces.
std::string label_pairs(const Family& family, std::size_t row) {
  std::string out;
  const auto& labels = family.labels();
  std::size_t rest = row;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::size_t stride = values_of(labels, i + 1);
    if (i > 0) out += ',';
    out += labels[i].name;
    out += "=\"";
    append_label_text(labels[i].values[rest / stride], out);
    out += '"';
    rest %= stride;
  }
  return out;
}

void append_sample(std::string_view name, std::string_view suffix, std::string_view pairs, std::string& out) {
  out.append(name).append(suffix);
  if (!pairs.empty()) out.append("{").append(pairs).append("}");
  out += ' ';
}

/// One metric of all threads.
struct Sources {
  std::span<const MetricSet* const> sets;
  std::size_t index;

  [[nodiscard]] const Family& first() const { return at(0); }
  [[nodiscard]] const Family& at(std::size_t set) const { return *sets[set]->families()[index]; }
  [[nodiscard]] std::int64_t merged(std::size_t row, std::size_t cell = 0) const {
    std::int64_t total = first().read(row, cell);
    for (std::size_t i = 1; i < sets.size(); ++i) {
      const std::int64_t value = at(i).read(row, cell);
      switch (first().description().merge) {
        case Merge::sum:
          total += value;
          break;
        case Merge::max:
          total = std::max(total, value);
          break;
        case Merge::min:
          total = std::min(total, value);
          break;
      }
    }
    return total;
  }
};

void write_histogram(const Sources& from, std::size_t row, std::string& out) {
  const Family& family = from.first();
  const std::string pairs = label_pairs(family, row);
  const std::string lead = pairs.empty() ? "" : pairs + ",";
  const auto edges = family.edges();
  std::int64_t below = 0;
  for (std::size_t i = 0; i <= edges.size(); ++i) {
    below += from.merged(row, i);
    std::string le = lead + "le=\"";
    if (i < edges.size()) {
      append_scaled(edges[i], family.description().scale, le);
    } else {
      le += "+Inf";
    }
    le += '"';
    append_sample(family.description().name, "_bucket", le, out);
    append_scaled(below, 1.0, out);
    out += '\n';
  }
  append_sample(family.description().name, "_sum", pairs, out);
  append_scaled(from.merged(row, edges.size() + 1), family.description().scale, out);
  out += '\n';
  append_sample(family.description().name, "_count", pairs, out);
  append_scaled(below, 1.0, out);
  out += '\n';
}

/// Threads learn texts in different orders, so they are summed by text.
void write_texts(const Sources& from, std::string& out) {
  std::map<std::string, std::int64_t> sums;
  for (std::size_t s = 0; s < from.sets.size(); ++s) {
    const auto& family = static_cast<const TextCounter&>(from.at(s));
    const std::size_t count = family.texts();
    for (std::size_t i = 0; i < count; ++i) sums[std::string(family.text(i))] += family.read(i);
    sums["other"] += family.read(TextCounter::kTexts);
  }
  for (const auto& [text, sum] : sums) {
    if (sum == 0) continue;
    std::string pairs = from.first().labels()[0].name + "=\"";
    append_label_text(text, pairs);
    pairs += '"';
    append_sample(from.first().description().name, "", pairs, out);
    append_scaled(sum, 1.0, out);
    out += '\n';
  }
}

}  // namespace

Family::Family(MetricSet& set, Kind kind, Description description, std::vector<Label> labels,
               std::size_t cells_per_row)
    : kind_(kind),
      description_(description),
      labels_(std::move(labels)),
      rows_(values_of(labels_, 0) * values_of(labels_, 1)),
      cells_per_row_(cells_per_row),
      stride_(values_of(labels_, 1)),
      first_max_(values_of(labels_, 0) - 1),
      second_max_(values_of(labels_, 1) - 1),
      cells_(std::make_unique<Cell[]>(rows_ * cells_per_row)) {
  set.families_.push_back(this);
}

TextCounter::TextCounter(MetricSet& set, Description description, const char* label)
    : Family(set, Kind::counter, description, {Label{label, std::vector<std::string>(kTexts + 1)}}, 1) {}

void TextCounter::add(std::string_view text) noexcept {
  Text key{};
  std::size_t size = 0;
  bool in_index = false;
  for (const char c : text) {
    if (size + 1 == key.size()) break;
    if (in_index && c >= '0' && c <= '9') continue;
    in_index = c == '[';
    // Paths are ours, but a byte that would break the text format is not let in on trust.
    key[size++] = c >= 0x20 && c < 0x7f ? c : '?';
  }
  const std::size_t used = used_.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < used; ++i) {
    if (std::memcmp(texts_[i].data(), key.data(), size + 1) == 0) return add_to(cell(i), 1);
  }
  if (used == kTexts) return add_to(cell(kTexts), 1);
  texts_[used] = key;
  add_to(cell(used), 1);
  used_.store(used + 1, std::memory_order_release);
}

void write_exposition(std::span<const MetricSet* const> sets, std::string& out) {
  if (sets.empty()) return;
  static constexpr const char* kKinds[] = {"counter", "gauge", "histogram"};
  const std::size_t families = sets[0]->families().size();
  for (const MetricSet* set : sets) BANDSTAND_CHECK(set->families().size() == families);
  for (std::size_t f = 0; f < families; ++f) {
    const Sources from{sets, f};
    const Family& family = from.first();
    out.append("# HELP ").append(family.description().name).append(" ").append(family.description().help);
    out.append("\n# TYPE ").append(family.description().name).append(" ");
    out.append(kKinds[static_cast<std::size_t>(family.kind())]).append("\n");
    if (dynamic_cast<const TextCounter*>(&family) != nullptr) {
      write_texts(from, out);
      continue;
    }
    for (std::size_t row = 0; row < family.rows(); ++row) {
      if (family.kind() == Kind::histogram) {
        write_histogram(from, row, out);
        continue;
      }
      const std::int64_t value = from.merged(row);
      if (family.description().sparse && value == 0) continue;
      append_sample(family.description().name, "", label_pairs(family, row), out);
      append_scaled(value, family.description().scale, out);
      out += '\n';
    }
  }
}

}  // namespace bandstand::telemetry
