// safetensors: a model as one file that anybody can read and nobody can run: named arrays of float32, and what they are.
//
// Layout (safetensors 0.4): 8 bytes little-endian length of the header, the header as JSON, the arrays one after another.
// The page is docs/formats/model-file.md.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace bandstand::model {

struct Tensor {
  std::vector<std::size_t> shape;  ///< row by row; its product is the number of values
  std::vector<float> values;       ///< finite
  friend bool operator==(const Tensor&, const Tensor&) = default;
};

/// What a file holds. A value; comparing two of them compares every bit but the sign of zero.
struct ModelFile {
  std::string kind;      ///< which reader it is for: "response.ftrl"
  std::string schema;    ///< JSON: the features it was trained on; a reader compares it as text
  std::string training;  ///< JSON: data and its hash, seed, options, metrics
  std::map<std::string, Tensor> tensors;
  friend bool operator==(const ModelFile&, const ModelFile&) = default;
};

inline constexpr std::string_view kModelVersion = "1";  ///< of the metadata
inline constexpr std::size_t kModelBytesMax = std::size_t{1} << 32;
inline constexpr std::size_t kModelHeaderBytesMax = std::size_t{16} << 20;

/// The bytes of the file. Deterministic: arrays by name, data 8-byte aligned.
/// Errors: `invalid_input` for a shape that does not fit its values, NaN or infinity.
[[nodiscard]] base::Result<std::string> encode_model(const ModelFile& file);

/// Reads what encode_model wrote; the checksum is compared before anything else of the data is looked at. Never throws,
/// whatever the bytes are. Errors: `corrupt` (cut short, damaged, bad checksum, NaN or infinity), `invalid_input` (not float32,
/// no metadata of ours, another version).
[[nodiscard]] base::Result<ModelFile> decode_model(std::string_view bytes);

/// Whether the file is of this kind and for these features. Errors: `conflict`.
[[nodiscard]] base::Result<std::monostate> expect_model(const ModelFile& file, std::string_view kind, std::string_view schema);

/// The array of that name and shape. Errors: `not_found`, `conflict` (another shape). The pointer lives as long as the file.
[[nodiscard]] base::Result<const Tensor*> tensor_of(const ModelFile& file, const std::string& name,
                                                    const std::vector<std::size_t>& shape);

/// What a file is called where it must not be mistaken for another: a hash of all its bytes, 16 hexadecimal digits.
[[nodiscard]] std::string model_id(std::string_view bytes);

/// Writes `path` whole or not at all: to `path`.new, synced, then renamed. Errors: as encode_model and base::Disk.
[[nodiscard]] base::Result<std::monostate> write_model(const std::string& path, const ModelFile& file);
/// Errors: as decode_model and base::read_whole_file.
[[nodiscard]] base::Result<ModelFile> read_model(const std::string& path);

}  // namespace bandstand::model
