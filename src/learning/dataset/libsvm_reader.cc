// libsvm_reader: sparse rows "label index:value ..." and "label field:index:value ...".
#include <charconv>
#include <cmath>

#include "base/rng.h"
#include "base/words.h"
#include "learning/dataset/dataset.h"

namespace bandstand::learning {
namespace {

/// Reads a number and the colon after it.
template <class T>
bool read_until_colon(std::string_view& word, T& out) {
  const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), out);
  if (code != std::errc() || end == word.data() + word.size() || *end != ':') return false;
  word.remove_prefix(static_cast<std::size_t>(end - word.data()) + 1);
  return true;
}

class LibsvmReader final : public LineDataset {
 public:
  LibsvmReader(DatasetLines lines, bool with_fields) : LineDataset(std::move(lines)), with_fields_(with_fields) {
    for (std::size_t i = 0; i < kFieldsMax; ++i) fields_.push_back((with_fields ? "" : "place") + std::to_string(i));
  }

 private:
  bool read(std::string_view line, Row& row) override {
    const std::string_view label = base::next_word(line);
    if (label == "1" || label == "+1") {
      row.label = true;
    } else if (label != "0" && label != "-1") {
      return refuse("a label that is not 0, 1 or -1", "label");
    }
    for (std::string_view word = base::next_word(line); !word.empty(); word = base::next_word(line)) {
      std::uint32_t field = static_cast<std::uint32_t>(row.features.size());
      if (with_fields_ && !read_until_colon(word, field)) return refuse("expected field:index:value", "features");
      if (field >= kFieldsMax) return refuse(with_fields_ ? "a field above 63" : "more than 64 features", "features");
      std::uint64_t index = 0;
      float x = 0;
      if (!read_until_colon(word, index)) {
        return refuse(with_fields_ ? "expected field:index:value" : "expected index:value", "features");
      }
      if (!base::read_number(word, x) || !std::isfinite(x)) return refuse("a value that is no number", "features");
      row.features.push_back({base::mix64(index), field, x});
    }
    return true;
  }

  bool with_fields_;
};

}  // namespace

Loaded<std::unique_ptr<DatasetReader>> open_libsvm(const std::string& file, bool with_fields) {
  auto lines = DatasetLines::open(file);
  if (!lines) return problem(lines.error());
  return std::unique_ptr<DatasetReader>(std::make_unique<LibsvmReader>(std::move(*lines), with_fields));
}

}  // namespace bandstand::learning
