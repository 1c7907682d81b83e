// fraud_files: see the header.
#include "app/fraud_files.h"

#include <vector>

#include "base/hash.h"
#include "base/input.h"
#include "base/rng.h"
#include "protocol/lists/pattern_list.h"

namespace bandstand::app {
namespace {

using agents::fraud::AddressLabel;
using agents::fraud::AddressListsBuilder;
using agents::fraud::CrawlerList;
using agents::fraud::LoadCount;

constexpr std::size_t kFaultsMax = 20;
constexpr std::size_t kFileBytesMax = std::size_t{512} << 20;

class Reader {
 public:
  explicit Reader(const FraudFault& fault) : fault_(fault) {}

  /// The contents, decompressed; nothing after a fault.
  bool read(std::string_view setting, const std::string& path, std::string& out) {
    auto text = base::read_whole_file(path, kFileBytesMax);
    if (!text) {
      fault_(setting, "cannot read " + path + ": " + text.error().what);
      return false;
    }
    out = std::move(*text);
    hash_ = base::mix64(hash_ ^ base::hash64(out) ^ base::hash64(setting));
    return true;
  }

  CrawlerList crawlers(std::string_view setting, const std::string& path) {
    std::string text;
    if (path.empty()) return CrawlerList::compile(agents::fraud::default_crawler_patterns());
    if (!read(setting, path, text)) return {};
    std::vector<protocol::lists::ListFault> faults;
    const auto patterns = protocol::lists::read_pattern_list(text, faults);
    std::vector<std::string> expressions;
    for (const auto& pattern : patterns) expressions.push_back(pattern.text);
    std::vector<agents::fraud::BadPattern> bad;
    auto list = CrawlerList::compile(expressions, &bad);
    for (const auto& pattern : bad) {
      faults.push_back(
          {patterns[pattern.index].line, "no regular expression that RE2 takes: " + pattern.why});
    }
    for (std::size_t i = 0; i < faults.size() && i < kFaultsMax; ++i) {
      fault_(setting, at(path, faults[i].line) + faults[i].what);
    }
    more(setting, path, faults.size());
    return list;
  }

  template <class Take>
  void ranges(std::string_view setting, const std::string& path, Take take) {
    std::string text;
    if (path.empty() || !read(setting, path, text)) return;
    auto input = base::open_input_bytes(text);
    if (!input) return fault_(setting, "cannot read " + path + ": " + input.error().what);
    base::LineReader lines(std::move(*input));
    const base::Result<LoadCount> count = take(lines);
    if (!count) return fault_(setting, "cannot read " + path + ": " + count.error().what);
    for (const std::size_t line : count->malformed_lines) fault_(setting, at(path, line) + "is no range");
    more(setting, path, count->malformed);
  }

  [[nodiscard]] std::uint32_t version() const {
    const auto version = static_cast<std::uint32_t>(hash_);
    return version == 0 ? 1 : version;  // 0 is the built-in lists'
  }

 private:
  static std::string at(const std::string& path, std::size_t line) {
    return path + ":" + std::to_string(line) + ": ";
  }
  void more(std::string_view setting, const std::string& path, std::size_t faults) {
    if (faults > kFaultsMax) fault_(setting, path + ": and " + std::to_string(faults - kFaultsMax) + " more");
  }

  const FraudFault& fault_;
  std::uint64_t hash_ = 0;
};

}  // namespace

std::shared_ptr<const agents::fraud::FraudLists> read_fraud_files(const FraudFiles& files,
                                                                  const FraudFault& fault) {
  if (!files.any()) return nullptr;
  Reader reader(fault);
  auto lists = std::make_shared<agents::fraud::FraudLists>();
  lists->crawlers = reader.crawlers("fraud.crawlers", files.crawlers);
  AddressListsBuilder builder;
  builder.add_reserved();
  const auto cidr = [&](AddressLabel label) {
    return [&builder, label](base::LineReader& lines) { return builder.add_cidr_list(lines, label); };
  };
  reader.ranges("fraud.blocked_ranges", files.blocked_ranges, cidr(AddressLabel::blocked));
  reader.ranges("fraud.data_center_ranges", files.data_center_ranges, cidr(AddressLabel::data_center));
  reader.ranges("fraud.exempt_ranges", files.exempt_ranges, cidr(AddressLabel::exempt));
  reader.ranges("fraud.data_center_csv", files.data_center_csv, [&](base::LineReader& lines) {
    return builder.add_range_csv(lines, AddressLabel::data_center);
  });
  reader.ranges("fraud.as_csv", files.as_csv, [&](base::LineReader& lines) {
    return builder.add_as_csv(lines, agents::fraud::default_hosting_systems());
  });
  lists->addresses = builder.build();
  lists->version = reader.version();
  return lists;
}

}  // namespace bandstand::app
