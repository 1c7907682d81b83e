// ipinyou_reader: the responses in a table by their hash, then impressions line by line.
#include "learning/dataset/ipinyou_reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <unordered_map>

#include "base/hash.h"
#include "base/words.h"
#include "learning/dataset/table_reader.h"
#include "protocol/device/user_agent.h"

namespace bandstand::learning {
namespace {

constexpr std::size_t kColumns = 24, kTagsMax = 40;
/// Columns of an impression log.
enum Cell : std::size_t {
  bid_id, time, log_type, user, user_agent, address, region, city, exchange, domain, url, anonymous_url, slot, width, height,
  visibility, format, floor, creative, bid_price, paying_price, key_page, advertiser, user_tags
};
/// What a bid log lacks.
constexpr std::array kNotInBids{log_type, paying_price, key_page};

/// Fields of a row. Those without a column are worked out.
struct FieldRow {
  const char* name;
  Cell from;
};
constexpr std::array kFieldRows{
    FieldRow{"region", region}, FieldRow{"city", city}, FieldRow{"address", address}, FieldRow{"exchange", exchange},
    FieldRow{"domain", domain}, FieldRow{"url", url}, FieldRow{"slot", slot}, FieldRow{"visibility", visibility},
    FieldRow{"format", format}, FieldRow{"creative", creative}, FieldRow{"key_page", key_page},
    FieldRow{"advertiser", advertiser}};
constexpr std::array kWorkedOut{"weekday", "hour", "os", "browser", "device", "size", "floor"};

using Cells = std::array<std::string_view, kColumns>;

/// Puts a line's cells where an impression log has them; what a bid log lacks stays empty. The number of columns found.
std::size_t cut(std::string_view line, Cells& cells) {
  std::array<std::string_view, kColumns> found;
  std::size_t size = 0;
  for (;; ++size) {
    const auto end = std::min(line.find('\t'), line.size());
    if (size < kColumns) found[size] = line.substr(0, end);
    if (end == line.size()) break;
    line.remove_prefix(end + 1);
  }
  ++size;
  if (size == kColumns) cells = found;
  if (size + kNotInBids.size() != kColumns) return size;
  cells = {};
  for (std::size_t to = 0, from = 0; to < kColumns; ++to) {
    if (to != log_type && to != paying_price && to != key_page) cells[to] = found[from++];
  }
  return size;
}

/// "20131021192300738" in seconds; none for anything else.
std::optional<std::int64_t> time_of(std::string_view text) {
  if (text.size() != 17 || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  const std::string iso = std::string(text.substr(0, 4)) + "-" + std::string(text.substr(4, 2)) + "-" +
                          std::string(text.substr(6, 2)) + " " + std::string(text.substr(8, 2)) + ":" +
                          std::string(text.substr(10, 2)) + ":" + std::string(text.substr(12, 2));
  return parse_time(iso);
}

std::uint64_t join_key(const Cells& cells) { return base::hash64(cells[bid_id], base::hash64(cells[creative])); }

class IpinyouReader final : public LineDataset {
 public:
  IpinyouReader(DatasetLines lines, bool tags) : LineDataset(std::move(lines)), tags_(tags) {
    for (const char* name : kWorkedOut) fields_.emplace_back(name);
    for (const FieldRow& field : kFieldRows) fields_.emplace_back(field.name);
    if (tags) fields_.emplace_back("tag");
    for (const std::string& name : fields_) seeds_.push_back(base::hash64(name));
  }

  Loaded<bool> read_responses(const std::string& file) {
    auto lines = DatasetLines::open(file);
    if (!lines) return problem(lines.error());
    std::string_view line;
    Cells cells;
    for (;;) {
      const auto more = lines->next(line, intake_);
      if (!more || !*more) return more;
      const auto bad = [&](const char* what, const char* column) { intake_.reject(what, column, lines->number()); };
      if (cut(line, cells) != kColumns) {
        bad("response log: not 24 columns", "");
      } else if (cells[bid_id].empty()) {
        bad("response log: no bid id", "bidid");
      } else if (cells[log_type] != "2" && cells[log_type] != "3") {
        bad("response log: neither a click (2) nor a conversion (3)", "logtype");
      } else {
        responses_.try_emplace(join_key(cells), Response{lines->number(), false});
      }
      if (responses_.size() > kResponsesMax) return problem(lines->at("more than 2,000,000 responses: split the logs by day"));
    }
  }

 private:
  struct Response {
    std::size_t line = 0;
    bool joined = false;
  };

  void add(Row& row, std::size_t field, std::string_view text) {
    row.features.push_back({base::hash64(text, seeds_[field]), static_cast<std::uint32_t>(field), 1});
    note(row.features.back().field, row.features.back().hash, text);
  }
  void add(Row& row, std::size_t field, std::int64_t number) { add(row, field, std::to_string(number)); }

  bool read(std::string_view line, Row& row) override {
    Cells cells;
    const std::size_t columns = cut(line, cells);
    const bool bids = columns + kNotInBids.size() == kColumns;
    if (columns != kColumns && !bids) return refuse(columns < kColumns ? "too few columns" : "too many columns");
    if (cells[bid_id].empty()) return refuse("no bid id", "bidid");
    if (!bids && cells[log_type] != "1") return refuse("not an impression (log type 1)", "logtype");
    row.time_s = time_of(cells[time]);
    if (!row.time_s) return refuse("no time", "timestamp");
    double floor_price = 0, price = 0;
    if (!base::read_number(cells[floor], floor_price) || !std::isfinite(floor_price)) return refuse("no number", "slotprice");
    if (!bids) {
      if (!base::read_number(cells[paying_price], price) || !(price >= 0) || !std::isfinite(price)) {
        return refuse("no price", "payprice");
      }
      row.price = price;
    }
    add_features(cells, floor_price, row);
    const auto found = responses_.find(join_key(cells));
    if (found != responses_.end()) row.label = found->second.joined = true;
    return true;
  }

  void add_features(const Cells& cells, double floor_price, Row& row) {
    const auto agent = protocol::device::classify_user_agent(cells[user_agent]);
    const std::int64_t hours = *row.time_s / 3600;
    std::size_t field = 0;
    add(row, field++, (hours / 24 + 4) % 7);  // the first of January 1970 was a Thursday
    add(row, field++, hours % 24);
    add(row, field++, static_cast<std::int64_t>(agent.os));
    add(row, field++, static_cast<std::int64_t>(agent.browser));
    add(row, field++, static_cast<std::int64_t>(agent.type));
    add(row, field++, std::string(cells[width]) + "x" + std::string(cells[height]));
    add(row, field++, bucket_of(floor_price));
    for (const FieldRow& one : kFieldRows) add(row, field++, cells[one.from]);
    if (!tags_) return;
    std::string_view rest = cells[user_tags];
    for (std::size_t tags = 0; tags < kTagsMax && !rest.empty(); ++tags) {
      const auto end = std::min(rest.find(','), rest.size());
      if (rest.substr(0, end) != "null") add(row, field, rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }

  void finish() override {
    Rejection lonely{"response log: no impression of this bid and creative", "bidid", 0, SIZE_MAX};
    for (const auto& [key, response] : responses_) {
      if (response.joined) continue;
      ++lonely.rows;
      lonely.first_line = std::min(lonely.first_line, response.line);
    }
    intake_.rejected += lonely.rows;
    if (lonely.rows > 0) intake_.rejections.push_back(std::move(lonely));
    responses_.clear();
  }

  bool tags_;
  std::vector<std::uint64_t> seeds_;
  std::unordered_map<std::uint64_t, Response> responses_;
};

}  // namespace

Loaded<std::unique_ptr<DatasetReader>> open_ipinyou(DatasetLines lines, const IpinyouOptions& options) {
  auto reader = std::make_unique<IpinyouReader>(std::move(lines), options.tags);
  for (const std::string& file : options.responses) {
    const auto read = reader->read_responses(file);
    if (!read) return problem(read.error());
  }
  return std::unique_ptr<DatasetReader>(std::move(reader));
}

}  // namespace bandstand::learning
