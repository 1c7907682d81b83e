// openrtb_reader: the server's reading of a request, then an impression a row.
#include "learning/dataset/openrtb_reader.h"

#include <algorithm>
#include <array>

#include "base/arena.h"
#include "base/hash.h"
#include "domain/identity.h"
#include "learning/dataset/table_reader.h"
#include "protocol/openrtb/recorded.h"
#include "protocol/openrtb/request_parser.h"

namespace bandstand::learning {
namespace {

/// Is there such a member anywhere in the text? A value of the same letters is none.
bool has_key(std::string_view json, std::string_view quoted) {
  for (std::size_t at = json.find(quoted); at != std::string_view::npos; at = json.find(quoted, at + 1)) {
    const std::size_t next = json.find_first_not_of(" \t", at + quoted.size());
    if (next != std::string_view::npos && json[next] == ':') return true;
  }
  return false;
}

using domain::Auction;
using domain::Impression;

constexpr std::size_t kManyMax = 8;  ///< values of a field that has several
constexpr std::array kNames{"channel", "exchange", "source",     "publisher", "category", "keyword",  "segment",      "country",
                            "region",  "device",   "os",         "browser",   "language", "connection", "weekday",    "hour",
                            "medium",  "size",     "position",   "placement", "floor",    "deal",     "interstitial", "secure"};

domain::Size size_of(const Impression& impression) {
  if (impression.banner != nullptr && !impression.banner->sizes.empty()) return impression.banner->sizes.front();
  return impression.video != nullptr ? impression.video->size : domain::Size{};
}

int medium_of(const Impression& impression) {
  return impression.banner != nullptr ? 1 : impression.video != nullptr ? 2 : impression.audio != nullptr ? 3 : 4;
}

int position_of(const Impression& impression) {
  return impression.banner != nullptr ? impression.banner->pos : impression.video != nullptr ? impression.video->pos : 0;
}

class OpenRtbReader final : public DatasetReader {
 public:
  explicit OpenRtbReader(DatasetLines lines) : lines_(std::move(lines)), fields_(kNames.begin(), kNames.end()) {
    for (const std::string& name : fields_) seeds_.push_back(base::hash64(name));
  }

  Loaded<bool> next(Row& row) override {
    while (impression_ == request_.auction.impressions.size()) {
      impression_ = 0;
      request_.auction.impressions = {};
      std::string_view line;
      const auto more = lines_.next(line, intake_);
      if (!more || !*more) return more;
      read(line);
    }
    row.clear();
    row.time_s = time_s_;
    add_features(request_.auction, request_.auction.impressions[impression_++], row);
    ++intake_.rows;
    return true;
  }
  [[nodiscard]] const std::vector<std::string>& fields() const override { return fields_; }
  [[nodiscard]] const Intake& intake() const override { return intake_; }

 private:
  void read(std::string_view line) {
    std::string_view body = line;
    time_s_.reset();
    exchange_.clear();
    base::Result<protocol::openrtb::RecordedAuction> recorded = base::fail(base::Code::not_found, "");
    if (has_key(line, "\"spots\"") && !has_key(line, "\"imp\"")) {
      recorded = protocol::openrtb::convert_recorded(line);
      if (!recorded) return intake_.reject("a recorded auction that does not convert", "", lines_.number());
      body = recorded->request;
      exchange_ = recorded->exchange;
      time_s_ = recorded->at.ns / 1'000'000'000;
    }
    arena_.reset();
    if (parser_.parse(body, arena_, request_) != protocol::openrtb::Outcome::ok) {
      intake_.reject(name_of(request_.refusal.fault), request_.refusal.path.view(), lines_.number());
      request_.auction.impressions = {};
      return;
    }
    protocol::openrtb::admit(domain::consent_gate(request_.privacy), arena_, request_);
  }

  void add(Row& row, std::string_view text) {
    row.features.push_back({base::hash64(text, seeds_[field_]), static_cast<std::uint32_t>(field_), 1});
    note(row.features.back().field, row.features.back().hash, text);
  }
  void add(Row& row, std::uint64_t number) { add(row, std::to_string(number)); }
  void one(Row& row, std::string_view text) {
    add(row, text);
    ++field_;
  }
  void one(Row& row, std::uint64_t number) {
    add(row, number);
    ++field_;
  }
  template <class Values, class Text>
  void many(Row& row, const Values& values, Text text) {
    for (std::size_t i = 0; i < std::min(values.size(), kManyMax); ++i) add(row, text(values[i]));
    ++field_;
  }

  /// In the order of kNames.
  void add_features(const Auction& auction, const Impression& impression, Row& row) {
    const auto itself = [](std::string_view text) { return text; };
    const auto& device = auction.device;
    const domain::Size size = size_of(impression);
    const std::int64_t hours = time_s_.value_or(0) / 3600;
    field_ = 0;
    one(row, static_cast<std::uint64_t>(auction.channel));
    one(row, exchange_);
    one(row, auction.bundle.empty() ? auction.domain : auction.bundle);
    one(row, auction.publisher_id);
    many(row, auction.source_categories, itself);
    many(row, auction.keywords, itself);
    many(row, auction.segments, [](const domain::Segment& segment) { return segment.id; });
    one(row, device.geo.country);
    one(row, device.geo.region);
    one(row, static_cast<std::uint64_t>(device.type));
    one(row, static_cast<std::uint64_t>(device.os));
    one(row, static_cast<std::uint64_t>(device.browser));
    one(row, device.language);
    one(row, static_cast<std::uint64_t>(device.connection));
    one(row, time_s_ ? static_cast<std::uint64_t>((hours / 24 + 4) % 7) : 7);  // 1970 began on a Thursday
    one(row, time_s_ ? static_cast<std::uint64_t>(hours % 24) : 24);
    one(row, static_cast<std::uint64_t>(medium_of(impression)));
    one(row, static_cast<std::uint64_t>(size.w) << 16 | size.h);
    one(row, static_cast<std::uint64_t>(position_of(impression)));
    one(row, impression.tag_id);
    one(row, static_cast<std::uint64_t>(bucket_of(static_cast<double>(impression.floor.value) / 1e6)));  // CPM
    many(row, impression.deals, [](const domain::Deal& deal) { return deal.id; });
    one(row, static_cast<std::uint64_t>(impression.interstitial));
    one(row, static_cast<std::uint64_t>(impression.secure));
  }

  DatasetLines lines_;
  Intake intake_;
  std::vector<std::string> fields_;
  std::vector<std::uint64_t> seeds_;
  base::Arena arena_;
  protocol::openrtb::RequestParser parser_;
  protocol::openrtb::ParsedRequest request_;
  std::size_t impression_ = 0;
  std::size_t field_ = 0;
  std::optional<std::int64_t> time_s_;
  std::string exchange_;
};

}  // namespace

Loaded<std::unique_ptr<DatasetReader>> open_openrtb(DatasetLines lines) {
  return std::unique_ptr<DatasetReader>(std::make_unique<OpenRtbReader>(std::move(lines)));
}

}  // namespace bandstand::learning
