// dataset: formats by name, lines with their hash, what was refused.
#include "learning/dataset/dataset.h"

#include <algorithm>

#include "base/hash.h"
#include "base/spelling.h"
#include "learning/dataset/ipinyou_reader.h"
#include "learning/dataset/openrtb_reader.h"
#include "learning/dataset/table_reader.h"

namespace bandstand::learning {
namespace {

/// Criteo's second form in circulation has a header and commas. Standard input cannot be looked at twice: the first form.
Loaded<Mapping> criteo_form(const std::string& file) {
  if (file == "-") return criteo_mapping(false);
  auto lines = DatasetLines::open(file);
  if (!lines) return problem(lines.error());
  Intake unused;
  std::string_view first;
  const auto more = lines->next(first, unused);
  if (!more) return problem(more.error());
  return criteo_mapping(first.substr(0, 9) == "Id,Label,");
}

Loaded<Mapping> mapping_of(const DatasetOptions& options) {
  if (options.format == "avazu") return avazu_mapping();
  if (options.format == "criteo") return criteo_form(options.file);
  if (options.format == "talkingdata") return talkingdata_mapping();
  if (options.format == "theta") return theta_mapping();
  if (options.mapping.empty()) return problem("format csv needs a mapping file (--mapping)");
  return load_mapping(options.mapping);
}

}  // namespace

void Intake::reject(std::string_view reason, std::string_view column, std::size_t line) {
  ++rejected;
  const auto same = [&](const Rejection& one) { return one.reason == reason && one.column == column; };
  const auto found = std::find_if(rejections.begin(), rejections.end(), same);
  if (found != rejections.end()) {
    ++found->rows;
  } else {
    rejections.push_back({std::string(reason), std::string(column), 1, line});
  }
}

std::string describe(const Intake& intake, const std::string& file) {
  std::string out;
  for (const Rejection& one : intake.rejections) {
    out += file + ": " + std::to_string(one.rows) + (one.rows == 1 ? " row" : " rows") + " refused, first at line " +
           std::to_string(one.first_line) + (one.column.empty() ? "" : ", column '" + one.column + "'") + ": " +
           one.reason + "\n";
  }
  return out;
}

Loaded<DatasetLines> DatasetLines::open(const std::string& file) {
  auto lines = base::LineReader::open(file);
  if (!lines) return problem(file + ": " + lines.error().what);
  return DatasetLines(file, std::move(*lines));
}

Loaded<bool> DatasetLines::next(std::string_view& line, Intake& intake) {
  const auto more = lines_.next(line);
  if (!more) return problem(file_ + ":" + std::to_string(lines_.number() + 1) + ": " + more.error().what);
  if (*more) intake.hash = base::hash64(line, intake.hash);
  return *more;
}

std::string DatasetLines::at(const std::string& what) const {
  return file_ + ":" + std::to_string(lines_.number()) + ": " + what;
}

Loaded<bool> LineDataset::next(Row& row) {
  std::string_view line;
  for (;;) {
    auto more = lines_.next(line, intake_);
    if (more && !*more && !finished_) {
      finished_ = true;
      finish();
    }
    if (!more || !*more) return more;
    row.clear();
    if (read(line, row)) {
      ++intake_.rows;
      return true;
    }
  }
}

const std::vector<std::string>& dataset_formats() {
  static const std::vector<std::string> formats{"avazu",  "criteo", "csv",     "ipinyou",     "ipinyou_tags",
                                                "libffm", "libsvm", "openrtb", "talkingdata", "theta"};
  return formats;
}

Loaded<std::unique_ptr<DatasetReader>> open_dataset(const DatasetOptions& options) {
  const auto& formats = dataset_formats();
  if (std::find(formats.begin(), formats.end(), options.format) == formats.end()) {
    const std::string meant = base::nearest(options.format, formats);
    return problem("no data format '" + options.format + "'" + (meant.empty() ? "" : "; did you mean '" + meant + "'?"));
  }
  if (options.format == "libsvm" || options.format == "libffm") return open_libsvm(options.file, options.format == "libffm");
  if (options.format == "openrtb" || options.format.starts_with("ipinyou")) {
    auto lines = DatasetLines::open(options.file);
    if (!lines) return problem(lines.error());
    if (options.format == "openrtb") return open_openrtb(std::move(*lines));
    return open_ipinyou(std::move(*lines), {options.responses, options.format == "ipinyou_tags"});
  }
  auto mapping = mapping_of(options);
  if (!mapping) return problem(mapping.error());
  return open_table(options.file, std::move(*mapping));
}

}  // namespace bandstand::learning
