// dataset: a file of past impressions as a stream of rows: hashed features by field, label, time.
//
// Formats and the mapping file: docs/formats/datasets.md. Readers use constant memory: one line, one row, the counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/input.h"
#include "base/loaded.h"

namespace bandstand::learning {

using base::Loaded;
using base::problem;

/// Fields a row may have: a limit because models of pairs of fields keep a weight for each pair.
inline constexpr std::size_t kFieldsMax = 64;

/// One feature: a value of one field. The hash depends on the field's name and on the value, not on the field's place.
struct Feature {
  std::uint64_t hash = 0;   ///< all 64 bits are good; a table of 2^k takes the lowest k
  std::uint32_t field = 0;  ///< index into DatasetReader::fields()
  float x = 1;              ///< 1 for a category
};

struct Row {
  std::vector<Feature> features;
  bool label = false;                       ///< clicked, converted, installed
  std::optional<std::int64_t> time_s;       ///< seconds since 1970; the zone is the data's own
  std::optional<std::int64_t> delay_s;      ///< from time_s to the conversion; only if there was one
  std::optional<double> prediction;         ///< what the data's origin predicted, 0..1; the true rate in synthetic worlds
  std::optional<double> price;              ///< what the impression cost, or would have

  void clear() {
    features.clear();
    label = false;
    time_s = delay_s = std::nullopt;
    prediction = price = std::nullopt;
  }
};

/// Rows refused for one reason in one column.
struct Rejection {
  std::string reason;
  std::string column;
  std::uint64_t rows = 0;
  std::size_t first_line = 0;
};

/// What became of a file so far.
struct Intake {
  std::uint64_t rows = 0;      ///< handed out
  std::uint64_t rejected = 0;  ///< refused
  std::vector<Rejection> rejections;  ///< at most reasons x columns
  std::uint64_t hash = 0;      ///< of all lines seen, in order: tells two versions of a file apart

  void reject(std::string_view reason, std::string_view column, std::size_t line);
};
/// "data.csv: 3 rows refused, first at line 7, column 'hour': no time", one line a rejection.
[[nodiscard]] std::string describe(const Intake& intake, const std::string& file);

/// Texts of values by their hash.
using ValueNames = std::unordered_map<std::uint64_t, std::string>;
inline constexpr std::size_t kValueNamesMax = 100'000;

/// A stream of rows. One thread.
class DatasetReader {
 public:
  virtual ~DatasetReader() = default;
  /// True with the next good row; bad ones are counted and skipped. False at the end. An error names file and line, and
  /// the file cannot be read on.
  virtual Loaded<bool> next(Row& row) = 0;
  /// Names of the fields, at most kFieldsMax.
  [[nodiscard]] virtual const std::vector<std::string>& fields() const = 0;
  [[nodiscard]] virtual const Intake& intake() const = 0;
  /// From here on keeps the texts of this field's values in `names`, up to kValueNamesMax, where the format has texts.
  void name_values_of(std::uint32_t field, ValueNames* names) {
    named_field_ = field;
    names_ = names;
  }

 protected:
  void note(std::uint32_t field, std::uint64_t hash, std::string_view text) {
    if (names_ != nullptr && field == named_field_ && names_->size() < kValueNamesMax) names_->try_emplace(hash, text);
  }

 private:
  std::uint32_t named_field_ = 0;
  ValueNames* names_ = nullptr;
};

struct DatasetOptions {
  std::string file;     ///< plain or compressed; - is standard input
  std::string format;   ///< one of dataset_formats()
  std::string mapping;  ///< file; for format "csv"
  std::vector<std::string> responses{};  ///< click or conversion logs; for the formats "ipinyou"
};

/// avazu, criteo, csv, ipinyou, ipinyou_tags, libffm, libsvm, openrtb, talkingdata, theta.
[[nodiscard]] const std::vector<std::string>& dataset_formats();

/// Opens by name of the format. Errors: unknown format (names the nearest); a file or mapping that cannot be read, and where.
[[nodiscard]] Loaded<std::unique_ptr<DatasetReader>> open_dataset(const DatasetOptions& options);

/// Lines with their number and the running hash, for readers.
class DatasetLines {
 public:
  DatasetLines(std::string file, base::LineReader lines) : file_(std::move(file)), lines_(std::move(lines)) {}
  static Loaded<DatasetLines> open(const std::string& file);
  /// As base::LineReader::next; mixes the line into `intake.hash`.
  Loaded<bool> next(std::string_view& line, Intake& intake);
  [[nodiscard]] std::size_t number() const { return lines_.number(); }
  [[nodiscard]] const std::string& file() const { return file_; }
  /// "file:line: what".
  [[nodiscard]] std::string at(const std::string& what) const;

 private:
  std::string file_;
  base::LineReader lines_;
};

/// A reader of one row a line: lines that cannot be read are refused and passed over.
class LineDataset : public DatasetReader {
 public:
  Loaded<bool> next(Row& row) final;
  [[nodiscard]] const std::vector<std::string>& fields() const final { return fields_; }
  [[nodiscard]] const Intake& intake() const final { return intake_; }

 protected:
  explicit LineDataset(DatasetLines lines) : lines_(std::move(lines)) {}
  /// Fills the row, which is clear; or returns refuse(...).
  virtual bool read(std::string_view line, Row& row) = 0;
  /// Once, behind the last line: counts what only then is known to be wrong.
  virtual void finish() {}
  /// Counts what is wrong with the present line; false.
  bool refuse(std::string_view reason, std::string_view column = {}) {
    intake_.reject(reason, column, lines_.number());
    return false;
  }

  DatasetLines lines_;
  Intake intake_;
  std::vector<std::string> fields_;

 private:
  bool finished_ = false;
};

/// Rows "label index:value ..." (libsvm) or "label field:index:value ..." (libffm). libsvm names no field: a feature's
/// place in the row stands for it, which is right for files of one feature a field and says nothing for others.
[[nodiscard]] Loaded<std::unique_ptr<DatasetReader>> open_libsvm(const std::string& file, bool with_fields);

}  // namespace bandstand::learning
