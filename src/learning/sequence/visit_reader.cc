// visit_reader: lines of items, and tables of clicks that are gathered to visits.
#include "learning/sequence/visit_reader.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "base/spelling.h"
#include "base/words.h"

namespace bandstand::learning {
namespace {

using base::read_number;

class LinesOfItems final : public VisitReader {
 public:
  explicit LinesOfItems(DatasetLines lines) : lines_(std::move(lines)) {}
  Loaded<bool> next(RawVisit& visit) override {
    std::string_view line;
    for (;;) {
      auto more = lines_.next(line, intake_);
      if (!more || !*more) return more;
      if (read(line, visit)) {
        ++intake_.rows;
        return true;
      }
    }
  }
  [[nodiscard]] const Intake& intake() const override { return intake_; }

 private:
  bool read(std::string_view line, RawVisit& visit) {
    visit.items.clear();
    const std::size_t tab = line.find('\t');
    for (std::string_view word = base::next_word(line); !word.empty(); word = base::next_word(line)) {
      std::uint64_t item = 0;
      if (!read_number(word, item)) return refuse("an item that is no number");
      visit.items.push_back(item);
    }
    if (visit.items.empty()) return refuse("no item");
    if (tab != std::string_view::npos && visit.items.size() < 2) return refuse("no prefix, or no target");
    visit.first_target = tab == std::string_view::npos ? 1 : visit.items.size() - 1;
    return true;
  }
  bool refuse(std::string_view reason) {
    intake_.reject(reason, {}, lines_.number());
    return false;
  }

  DatasetLines lines_;
  Intake intake_;
};

/// Seconds of "2014-04-07T10:51:09.277Z"; the fraction counts.
bool read_iso_time(std::string_view text, double& out) {
  const auto number = [&](std::size_t at, std::size_t length, auto& value) {
    return text.size() >= at + length && read_number(text.substr(at, length), value);
  };
  int year = 0, month = 0, day = 0, hour = 0, minute = 0;
  double second = 0;
  const std::size_t end = text.find('Z');
  if (end == std::string_view::npos || end < 19 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':') {
    return false;
  }
  if (!number(0, 4, year) || !number(5, 2, month) || !number(8, 2, day) || !number(11, 2, hour) || !number(14, 2, minute) ||
      !number(17, end - 17, second)) {
    return false;
  }
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return false;
  out = static_cast<double>(std::chrono::sys_days{date}.time_since_epoch().count()) * 86400 + hour * 3600 + minute * 60 + second;
  return true;
}

/// Where a table of clicks has what.
struct ClickTable {
  char separator = ',';
  bool header = false, iso_time = false;
  std::array<std::string_view, 3> names;        ///< of visit, item and time in the header
  std::array<std::size_t, 3> columns{0, 2, 1};  ///< without a header
  std::size_t width = 4;                        ///< without a header
};

class TableOfClicks final : public VisitReader {
 public:
  TableOfClicks(DatasetLines lines, const ClickTable& table) : lines_(std::move(lines)), table_(table) {}

  Loaded<bool> begin() {
    if (!table_.header) return true;
    std::string_view line;
    const auto more = lines_.next(line, intake_);
    if (!more) return more;
    if (!*more) return problem(lines_.file() + ":1: no header");
    cut(line);
    table_.width = cells_.size();
    for (std::size_t i = 0; i < 3; ++i) {
      const auto found = std::find(cells_.begin(), cells_.end(), table_.names[i]);
      if (found == cells_.end()) return problem(lines_.at("the header has no column '" + std::string(table_.names[i]) + "'"));
      table_.columns[i] = static_cast<std::size_t>(found - cells_.begin());
    }
    return true;
  }

  Loaded<bool> next(RawVisit& visit) override {
    std::vector<Click> clicks;
    if (waiting_) clicks.push_back(click_);
    std::string_view line;
    for (waiting_ = false; !waiting_;) {
      const auto more = lines_.next(line, intake_);
      if (!more) return more;
      if (!*more) break;
      if (!read(line)) continue;
      ++intake_.rows;
      waiting_ = !clicks.empty() && clicks[0].visit != click_.visit;
      if (!waiting_) clicks.push_back(click_);
    }
    std::stable_sort(clicks.begin(), clicks.end(), [](const Click& a, const Click& b) { return a.time < b.time; });
    visit.items.clear();
    visit.first_target = 1;
    visit.id = clicks.empty() ? 0 : clicks.front().visit;
    visit.time = clicks.empty() ? 0 : clicks.back().time;
    for (const Click& click : clicks) visit.items.push_back(click.item);
    return !clicks.empty();
  }
  [[nodiscard]] const Intake& intake() const override { return intake_; }

 private:
  struct Click {
    std::uint64_t visit = 0, item = 0;
    double time = 0;
  };

  void cut(std::string_view line) {
    cells_.clear();
    for (std::size_t end = 0; end != std::string_view::npos; line.remove_prefix(std::min(end + 1, line.size()))) {
      end = line.find(table_.separator);
      cells_.push_back(line.substr(0, end));
    }
  }

  bool read(std::string_view line) {
    cut(line);
    if (cells_.size() != table_.width) return refuse(cells_.size() < table_.width ? "too few columns" : "too many columns", "");
    const auto cell = [&](std::size_t i) { return cells_[table_.columns[i]]; };
    if (!read_number(cell(0), click_.visit)) return refuse("no number", table_.names[0]);
    if (!read_number(cell(1), click_.item)) return refuse("no number", table_.names[1]);
    const bool timed = table_.iso_time ? read_iso_time(cell(2), click_.time) : read_number(cell(2), click_.time);
    return timed || refuse("no time", table_.names[2]);
  }
  bool refuse(std::string_view reason, std::string_view column) {
    intake_.reject(reason, column, lines_.number());
    return false;
  }

  DatasetLines lines_;
  ClickTable table_;
  Intake intake_;
  std::vector<std::string_view> cells_;
  Click click_;
  bool waiting_ = false;  ///< click_ is of the next visit
};

ClickTable table_of(const std::string& format) {
  if (format == "rsc15") return {'\t', true, false, {"SessionId", "ItemId", "Time"}};
  if (format == "diginetica") return {';', true, false, {"session_id", "item_id", "timeframe"}};
  return {',', false, true, {"session", "item", "timestamp"}};
}

/// The ids of these clicks that are not among the known, which are sorted; each once, ascending.
std::vector<std::uint64_t> new_ids(std::vector<std::uint64_t> clicks, const std::vector<std::uint64_t>& known) {
  std::sort(clicks.begin(), clicks.end());
  clicks.erase(std::unique(clicks.begin(), clicks.end()), clicks.end());
  std::erase_if(clicks, [&](std::uint64_t id) { return std::binary_search(known.begin(), known.end(), id); });
  return clicks;
}

}  // namespace

const std::vector<std::string>& visit_formats() {
  static const std::vector<std::string> formats{"diginetica", "rsc15", "sessions", "yoochoose"};
  return formats;
}

Loaded<std::unique_ptr<VisitReader>> open_visits(const std::string& file, const std::string& format) {
  auto lines = DatasetLines::open(file);
  if (!lines) return problem(lines.error());
  return open_visits(std::move(*lines), format);
}

Loaded<std::unique_ptr<VisitReader>> open_visits(DatasetLines lines, const std::string& format) {
  const auto& formats = visit_formats();
  if (std::find(formats.begin(), formats.end(), format) == formats.end()) {
    const std::string meant = base::nearest(format, formats);
    return problem("no format of visits '" + format + "'" + (meant.empty() ? "" : "; did you mean '" + meant + "'?"));
  }
  if (format == "sessions") return std::make_unique<LinesOfItems>(std::move(lines));
  auto table = std::make_unique<TableOfClicks>(std::move(lines), table_of(format));
  if (const auto begun = table->begin(); !begun) return problem(begun.error());
  return table;
}

Loaded<VisitFile> load_visits(const std::string& file, const std::string& format, Vocabulary& vocabulary) {
  auto reader = open_visits(file, format);
  if (!reader) return problem(reader.error());
  return load_visits(**reader, format == "rsc15" || format == "yoochoose", file, vocabulary);
}

Loaded<VisitFile> load_visits(VisitReader& reader, bool timed, const std::string& name, Vocabulary& vocabulary) {
  VisitFile out;
  std::vector<std::uint64_t> clicks;
  std::vector<std::pair<std::size_t, std::size_t>> ends;  ///< of visits in `clicks`, and their first target
  RawVisit visit;
  for (;;) {
    const auto more = reader.next(visit);
    if (!more) return problem(more.error());
    if (!*more) break;
    if (visit.items.size() < 2) continue;
    clicks.insert(clicks.end(), visit.items.begin(), visit.items.end());
    ends.emplace_back(clicks.size(), visit.first_target);
    if (timed) out.times.push_back(visit.time);
  }
  if (ends.empty()) return problem(describe(reader.intake(), name) + name + ": no visit of two clicks or more");
  auto& ids = vocabulary.ids;
  const std::size_t known = ids.size();
  const auto fresh = new_ids(clicks, ids);
  ids.insert(ids.end(), fresh.begin(), fresh.end());
  if (known == 0) vocabulary.trained = ids.size();
  const auto middle = ids.begin() + static_cast<std::ptrdiff_t>(known);
  const auto number = [&](std::uint64_t id) {
    auto at = std::lower_bound(ids.begin(), middle, id);
    if (at == middle || *at != id) at = std::lower_bound(middle, ids.end(), id);
    return static_cast<Item>(at - ids.begin());
  };
  std::vector<Item> items;
  std::size_t begin = 0;
  for (const auto& [end, first_target] : ends) {
    items.clear();
    for (; begin < end; ++begin) items.push_back(number(clicks[begin]));
    out.visits.add(items, first_target);
  }
  out.intake = reader.intake();
  return out;
}

}  // namespace bandstand::learning
