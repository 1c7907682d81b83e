// metrics: counters, gauges and histograms with one writer each, summed over threads when somebody looks.
//
//  1. A MetricSet belongs to one thread, which alone writes its cells; any thread may read them. A write is a
//     relaxed load and a relaxed store (measured: 4 ns with two labels, 7 ns for a histogram): no lock, no
//     atomic read-modify-write, no lookup by name.
//  2. The sets of all threads have the same families in the same order, because one struct declares them
//  (catalogue.h).
//  3. Label values are closed sets: an enum, or names given at start, of which the last is "other".
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace bandstand::telemetry {

using Cell = std::atomic<std::int64_t>;

/// The one writer's addition.
inline void add_to(Cell& cell, std::int64_t n) noexcept {
  cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

enum class Kind : std::uint8_t { counter, gauge, histogram };

/// How a gauge reads over several threads.
enum class Merge : std::uint8_t { sum, max, min };

/// A label: its name and its values, in the order of their indexes.
struct Label {
  std::string name;
  std::vector<std::string> values;
};

/// What the scraper needs to know of a metric.
struct Description {
  const char* name;    ///< with prefix and unit, e.g. bandstand_wal_fsync_seconds
  const char* help;    ///< one sentence
  double scale = 1.0;  ///< a cell times this is the exported number (1e-9: nanoseconds in, seconds out)
  Merge merge = Merge::sum;
  bool sparse = false;  ///< leave out label values that have never occurred
};

class MetricSet;

/// A metric with all its label values: rows of cells. Base of the three kinds.
class Family {
 public:
  Family(MetricSet& set, Kind kind, Description description, std::vector<Label> labels,
         std::size_t cells_per_row);
  Family(const Family&) = delete;
  Family& operator=(const Family&) = delete;
  virtual ~Family() = default;

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] const Description& description() const { return description_; }
  [[nodiscard]] const std::vector<Label>& labels() const { return labels_; }
  [[nodiscard]] std::size_t rows() const { return rows_; }
  /// Upper edges of a histogram's buckets, in cells' units, without +Inf.
  [[nodiscard]] virtual std::span<const std::int64_t> edges() const { return {}; }
  /// Any thread.
  [[nodiscard]] std::int64_t read(std::size_t row, std::size_t cell = 0) const {
    return cells_[row * cells_per_row_ + cell].load(std::memory_order_relaxed);
  }

 protected:
  [[nodiscard]] Cell& cell(std::size_t row, std::size_t i = 0) noexcept {
    return cells_[row * cells_per_row_ + i];
  }
  /// Row of one or two label values; a value beyond its label's set is the last one, "other".
  [[nodiscard]] std::size_t row_of(std::size_t first, std::size_t second) const noexcept {
    return std::min(first, first_max_) * stride_ + std::min(second, second_max_);
  }

 private:
  Kind kind_;
  Description description_;
  std::vector<Label> labels_;
  std::size_t rows_;
  std::size_t cells_per_row_;
  std::size_t stride_;
  std::size_t first_max_;
  std::size_t second_max_;
  std::unique_ptr<Cell[]> cells_;
};

/// The metrics of one thread. The struct in catalogue.h derives from it and declares families as members.
class MetricSet {
 public:
  MetricSet() = default;
  MetricSet(const MetricSet&) = delete;
  MetricSet& operator=(const MetricSet&) = delete;
  [[nodiscard]] std::span<const Family* const> families() const { return families_; }

 private:
  friend class Family;
  std::vector<const Family*> families_;
};

/// Specialised beside each label enum: `static constexpr const char* name` and `static constexpr std::array
/// values{...}` in the order of the enumerators.
template <class E>
struct LabelOf;

/// Index into names given at start (an exchange, an agent, a topic). `Tag` keeps them apart.
template <class Tag>
struct Named {
  std::size_t index = 0;
};

namespace internal {
template <class E>
constexpr std::size_t index_of(E value) noexcept {
  if constexpr (std::is_enum_v<E>) {
    return static_cast<std::size_t>(value);
  } else {
    return value.index;
  }
}
template <class E>
Label label_of() {
  return {LabelOf<E>::name, {LabelOf<E>::values.begin(), LabelOf<E>::values.end()}};
}
}  // namespace internal

/// A closed set of names known at start, plus "other". Equal in all sets of a process.
template <class Tag>
Label named(const char* label, const std::vector<std::string>& names) {
  Label out{label, names};
  out.values.emplace_back("other");
  return out;
}

/// Only grows. Ls are the label types, at most two, each an enum with LabelOf or a Named.
template <class... Ls>
class Counter final : public Family {
  static_assert(sizeof...(Ls) <= 2);

 public:
  /// For enums alone.
  Counter(MetricSet& set, Description description)
      : Family(set, Kind::counter, description, {internal::label_of<Ls>()...}, 1) {}
  Counter(MetricSet& set, Description description, std::vector<Label> labels)
      : Family(set, Kind::counter, description, std::move(labels), 1) {}

  void add(Ls... labels) noexcept { add_n(1, labels...); }
  void add_n(std::int64_t n, Ls... labels) noexcept { add_to(at(labels...), n); }
  /// Mirrors a total that is counted elsewhere (a mailbox's refusals).
  void raise_to(std::int64_t total, Ls... labels) noexcept {
    at(labels...).store(total, std::memory_order_relaxed);
  }
  /// Any thread.
  [[nodiscard]] std::int64_t value(Ls... labels) const {
    return const_cast<Counter*>(this)->at(labels...).load();
  }

 private:
  Cell& at(Ls... labels) noexcept {
    const std::array<std::size_t, 3> i{internal::index_of(labels)..., 0};
    return cell(row_of(sizeof...(Ls) > 0 ? i[0] : 0, sizeof...(Ls) > 1 ? i[1] : 0));
  }
};

/// Goes up and down.
template <class... Ls>
class Gauge final : public Family {
  static_assert(sizeof...(Ls) <= 2);

 public:
  Gauge(MetricSet& set, Description description)
      : Family(set, Kind::gauge, description, {internal::label_of<Ls>()...}, 1) {}
  Gauge(MetricSet& set, Description description, std::vector<Label> labels)
      : Family(set, Kind::gauge, description, std::move(labels), 1) {}

  void set(std::int64_t value, Ls... labels) noexcept {
    at(labels...).store(value, std::memory_order_relaxed);
  }
  void add_n(std::int64_t n, Ls... labels) noexcept { add_to(at(labels...), n); }
  [[nodiscard]] std::int64_t value(Ls... labels) const {
    return const_cast<Gauge*>(this)->at(labels...).load();
  }

 private:
  Cell& at(Ls... labels) noexcept {
    const std::array<std::size_t, 3> i{internal::index_of(labels)..., 0};
    return cell(row_of(sizeof...(Ls) > 0 ? i[0] : 0, sizeof...(Ls) > 1 ? i[1] : 0));
  }
};

/// Counts values by bucket. A row is: a cell per edge, one for +Inf, one for the sum.
template <class... Ls>
class Histogram final : public Family {
  static_assert(sizeof...(Ls) <= 1);

 public:
  Histogram(MetricSet& set, Description description, std::span<const std::int64_t> edges)
      : Histogram(set, description, {internal::label_of<Ls>()...}, edges) {}
  Histogram(MetricSet& set, Description description, std::vector<Label> labels,
            std::span<const std::int64_t> edges)
      : Family(set, Kind::histogram, description, std::move(labels), edges.size() + 2), edges_(edges) {
    // start_[w] is the first bucket that a value of bit width w may fall in: the search then takes a step or
    // two.
    std::size_t bucket = 0;
    for (std::size_t width = 0; width < start_.size(); ++width) {
      const std::uint64_t least = width == 0 ? 0 : std::uint64_t{1} << (width - 1);
      while (bucket < edges.size() && static_cast<std::uint64_t>(edges[bucket]) < least) ++bucket;
      start_[width] = static_cast<std::uint8_t>(bucket);
    }
  }

  /// `value` in cells' units (nanoseconds where the name says seconds); negative counts as 0.
  void observe(std::int64_t value, Ls... labels) noexcept {
    const std::int64_t v = value < 0 ? 0 : value;
    std::size_t bucket = start_[static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(v)))];
    while (bucket < edges_.size() && v > edges_[bucket]) ++bucket;
    const std::array<std::size_t, 2> i{internal::index_of(labels)..., 0};
    const std::size_t row = row_of(sizeof...(Ls) > 0 ? i[0] : 0, 0);
    add_to(cell(row, bucket), 1);
    add_to(cell(row, edges_.size() + 1), v);
  }
  [[nodiscard]] std::span<const std::int64_t> edges() const override { return edges_; }

 private:
  std::span<const std::int64_t> edges_;
  std::array<std::uint8_t, 64> start_{};
};

/// A counter by text that is learned while running, such as the path of an invalid field. At most kTexts
/// texts a thread, each cut to 95 bytes, with array indexes (`imp[3]`) written as `[]`; the rest is "other".
/// A linear search: for refusals, not for the hot path.
class TextCounter final : public Family {
 public:
  static constexpr std::size_t kTexts = 128;
  TextCounter(MetricSet& set, Description description, const char* label);
  void add(std::string_view text) noexcept;
  /// Any thread; stays valid. Texts so far, without "other".
  [[nodiscard]] std::size_t texts() const { return used_.load(std::memory_order_acquire); }
  [[nodiscard]] std::string_view text(std::size_t i) const { return texts_[i].data(); }

 private:
  using Text = std::array<char, 96>;
  std::array<Text, kTexts> texts_{};
  std::atomic<std::size_t> used_{0};
};

/// Appends the families of all sets, summed, as Prometheus text 0.0.4. Any thread, while the writers write.
/// The sets must be of one struct. About 0.2 ms and 46 kB for the whole catalogue.
void write_exposition(std::span<const MetricSet* const> sets, std::string& out);
inline constexpr std::string_view kExpositionType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace bandstand::telemetry
