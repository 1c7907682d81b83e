// safetensors: writing is easy; reading believes nothing.
#include "model/safetensors.h"

#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/disk.h"
#include "base/hash.h"
#include "base/input.h"

namespace bandstand::model {
namespace {

using base::Code;
using base::fail;
using nlohmann::json;
static_assert(std::endian::native == std::endian::little, "arrays are written as they lie in memory");

constexpr std::size_t kLengthBytes = 8;

std::string checksum_of(std::string_view data) {
  char text[32];
  std::snprintf(text, sizeof text, "xxh3:%016llx", static_cast<unsigned long long>(base::hash64(data)));
  return text;
}

/// Number of values, or none if it does not fit into a file.
std::optional<std::size_t> values_of(const std::vector<std::size_t>& shape) {
  std::size_t values = 1;
  for (const std::size_t size : shape) {
    if (size > kModelBytesMax) return std::nullopt;
    values *= size;
    if (values > kModelBytesMax) return std::nullopt;
  }
  return values;
}

bool all_finite(const std::vector<float>& values) {
  for (const float value : values) {
    if (!std::isfinite(value)) return false;
  }
  return true;
}

/// One entry of the header: where the array lies.
struct Place {
  std::vector<std::size_t> shape;
  std::size_t begin = 0, end = 0;
};

base::Result<Place> place_of(const json& entry) {
  if (!entry.is_object() || entry.size() != 3) return fail(Code::corrupt, "a tensor's entry is not {dtype, shape, data_offsets}");
  const auto dtype = entry.find("dtype");
  const auto shape = entry.find("shape");
  const auto offsets = entry.find("data_offsets");
  if (dtype == entry.end() || shape == entry.end() || offsets == entry.end() || !shape->is_array() || !offsets->is_array() ||
      offsets->size() != 2) {
    return fail(Code::corrupt, "a tensor's entry is not {dtype, shape, data_offsets}");
  }
  if (*dtype != "F32") return fail(Code::invalid_input, "a tensor is not of dtype F32");
  Place place;
  for (const json& size : *shape) {
    if (!size.is_number_unsigned()) return fail(Code::corrupt, "a shape holds something that is no size");
    place.shape.push_back(size.get<std::size_t>());
  }
  if (!(*offsets)[0].is_number_unsigned() || !(*offsets)[1].is_number_unsigned()) {
    return fail(Code::corrupt, "a data offset is no number");
  }
  place.begin = (*offsets)[0].get<std::size_t>();
  place.end = (*offsets)[1].get<std::size_t>();
  const auto values = values_of(place.shape);
  if (!values || place.begin > place.end || place.end - place.begin != *values * sizeof(float)) {
    return fail(Code::corrupt, "a tensor's shape does not fit its bytes");
  }
  return place;
}

/// A text of the metadata.
base::Result<std::string> text_of(const json& metadata, const char* key) {
  const auto found = metadata.find(key);
  if (found == metadata.end() || !found->is_string()) return fail(Code::invalid_input, "the metadata lacks a text of ours");
  return found->get<std::string>();
}

/// Fills the texts and compares version and checksum.
base::Result<ModelFile> read_metadata(const json& header, std::string_view data) {
  const auto metadata = header.find("__metadata__");
  if (metadata == header.end() || !metadata->is_object()) return fail(Code::invalid_input, "the header has no __metadata__");
  ModelFile file;
  BANDSTAND_TRY(version, text_of(*metadata, "version"));
  if (version != kModelVersion) return fail(Code::invalid_input, "another version of the model format");
  BANDSTAND_TRY(checksum, text_of(*metadata, "checksum"));
  if (checksum != checksum_of(data)) return fail(Code::corrupt, "the checksum does not fit the data");
  BANDSTAND_TRY(kind, text_of(*metadata, "kind"));
  BANDSTAND_TRY(schema, text_of(*metadata, "schema"));
  BANDSTAND_TRY(training, text_of(*metadata, "training"));
  file.kind = std::move(kind);
  file.schema = std::move(schema);
  file.training = std::move(training);
  return file;
}

}  // namespace

base::Result<std::string> encode_model(const ModelFile& file) {
  json header = json::object();
  std::string data;
  for (const auto& [name, tensor] : file.tensors) {
    if (values_of(tensor.shape) != tensor.values.size()) {
      return fail(Code::invalid_input, "a tensor's shape does not fit its values");
    }
    if (!all_finite(tensor.values)) return fail(Code::invalid_input, "a tensor holds NaN or infinity");
    const std::size_t begin = data.size();
    data.append(reinterpret_cast<const char*>(tensor.values.data()), tensor.values.size() * sizeof(float));
    header[name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
  }
  header["__metadata__"] = {{"checksum", checksum_of(data)}, {"kind", file.kind},         {"schema", file.schema},
                            {"training", file.training},     {"version", kModelVersion}};
  std::string text = header.dump(-1, ' ', false, json::error_handler_t::replace);
  text.append((kLengthBytes - text.size() % kLengthBytes) % kLengthBytes, ' ');
  const std::uint64_t length = text.size();
  std::string out(kLengthBytes, '\0');
  std::memcpy(out.data(), &length, kLengthBytes);
  return out + text + data;
}

base::Result<ModelFile> decode_model(std::string_view bytes) {
  std::uint64_t length = 0;
  if (bytes.size() < kLengthBytes) return fail(Code::corrupt, "shorter than its length field");
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > kModelHeaderBytesMax || length > bytes.size() - kLengthBytes) {
    return fail(Code::corrupt, "the header is longer than the file, or than 16 MiB");
  }
  const json header = json::parse(bytes.substr(kLengthBytes, length), nullptr, false);
  if (!header.is_object()) return fail(Code::corrupt, "the header is no JSON object");
  const std::string_view data = bytes.substr(kLengthBytes + length);
  BANDSTAND_TRY(file, read_metadata(header, data));
  std::map<std::size_t, std::size_t> covered;  // begin -> end
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    BANDSTAND_TRY(place, place_of(entry));
    if (place.end > data.size()) return fail(Code::corrupt, "a tensor lies beyond the end of the file");
    Tensor tensor{std::move(place.shape), std::vector<float>((place.end - place.begin) / sizeof(float))};
    if (!tensor.values.empty()) {
      if (!covered.emplace(place.begin, place.end).second) return fail(Code::corrupt, "two tensors share bytes");
      std::memcpy(tensor.values.data(), data.data() + place.begin, place.end - place.begin);
    }
    if (!all_finite(tensor.values)) return fail(Code::corrupt, "a tensor holds NaN or infinity");
    file.tensors.emplace(name, std::move(tensor));
  }
  std::size_t at = 0;
  for (const auto& [begin, end] : covered) {
    if (begin != at) return fail(Code::corrupt, "the tensors leave a gap or overlap");
    at = end;
  }
  if (at != data.size()) return fail(Code::corrupt, "bytes after the last tensor");
  return std::move(file);
}

base::Result<std::monostate> expect_model(const ModelFile& file, std::string_view kind, std::string_view schema) {
  if (file.kind != kind) return fail(Code::conflict, "a model of another kind");
  if (file.schema != schema) return fail(Code::conflict, "a model of another feature schema");
  return std::monostate{};
}

base::Result<const Tensor*> tensor_of(const ModelFile& file, const std::string& name, const std::vector<std::size_t>& shape) {
  const auto found = file.tensors.find(name);
  if (found == file.tensors.end()) return fail(Code::not_found, "a tensor that the model needs is missing");
  if (found->second.shape != shape) return fail(Code::conflict, "a tensor has another shape than the model needs");
  return &found->second;
}

std::string model_id(std::string_view bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(base::hash64(bytes)));
  return text;
}

base::Result<std::monostate> write_model(const std::string& path, const ModelFile& file) {
  BANDSTAND_TRY(bytes, encode_model(file));
  const std::filesystem::path where(path);
  const std::string folder = where.has_parent_path() ? where.parent_path().string() : ".";
  const std::string name = where.filename().string();
  BANDSTAND_TRY(disk, base::open_posix_disk(folder));
  BANDSTAND_TRY(out, disk->open(name + ".new", base::Open::create));
  BANDSTAND_TRY_VOID(out->truncate(0));
  BANDSTAND_TRY_VOID(out->write_at(0, bytes));
  BANDSTAND_TRY_VOID(out->sync());
  BANDSTAND_TRY_VOID(disk->rename(name + ".new", name));
  return disk->sync_directory(".");
}

base::Result<ModelFile> read_model(const std::string& path) {
  BANDSTAND_TRY(bytes, base::read_whole_file(path, kModelBytesMax));
  return decode_model(bytes);
}

}  // namespace bandstand::model
