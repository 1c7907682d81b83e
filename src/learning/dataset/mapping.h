// mapping: what the columns of a table mean. The known formats are mappings too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "learning/dataset/dataset.h"

namespace bandstand::learning {

/// What a column is used for.
enum class Role : std::uint8_t {
  ignore,
  label,            ///< 0 or 1
  categorical,      ///< text; empty is a category too
  number,           ///< an integer or a decimal; a category by floor(ln(x)^2) above 2 (Criteo's winners, 2014); empty is one too
  time,             ///< when it was shown
  conversion_time,  ///< when it converted, empty if it did not
  prediction,       ///< somebody's, 0..1
  price,
};
/// Names of the roles in mapping files, in order of the enum.
[[nodiscard]] const std::vector<std::string>& role_names();

struct Column {
  std::string name;
  Role role = Role::ignore;
};

struct Mapping {
  char separator = ',';
  bool header = true;          ///< the first line names the columns; if not, `columns` are all columns in order
  bool more_columns = false;   ///< without a header: a line may go on after the last column
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> crosses;  ///< each a further field: the columns' values together
};

[[nodiscard]] Mapping avazu_mapping();
/// Tab separated without a header (train.txt), or comma separated with one.
[[nodiscard]] Mapping criteo_mapping(bool with_header);
[[nodiscard]] Mapping talkingdata_mapping();
/// iPinYou with predictions: "click price pctr".
[[nodiscard]] Mapping theta_mapping();

/// A mapping file (JSON). `name` is for errors, which say the field that is wrong.
[[nodiscard]] Loaded<Mapping> parse_mapping(std::string_view text, const std::string& name);
[[nodiscard]] Loaded<Mapping> load_mapping(const std::string& file);

}  // namespace bandstand::learning
