// safetensors_test: round trips, and files cut, flipped and forged.
#include "model/safetensors.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <limits>

#include "base/hash.h"
#include "base/rng.h"

namespace bandstand::model {
namespace {

ModelFile small_model() {
  ModelFile file;
  file.kind = "response.test";
  file.schema = R"({"fields":["a","b"]})";
  file.training = R"({"seed":1})";
  file.tensors["weight"] = {{2, 3}, {1.5f, -2, 0, 1e-30f, 3, 4}};
  file.tensors["bias"] = {{1}, {-0.25f}};
  file.tensors["none"] = {{0}, {}};
  return file;
}

std::string bytes_of(const ModelFile& file) { return encode_model(file).value(); }

/// Replaces the first `from` by a text of the same length.
std::string forged(std::string bytes, const std::string& from, const std::string& to) {
  EXPECT_EQ(from.size(), to.size());
  const auto at = bytes.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return bytes.replace(at, from.size(), to);
}

void expect_refused(const std::string& bytes, base::Code code, const std::string& why) {
  const auto read = decode_model(bytes);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, code);
  EXPECT_EQ(read.error().what, why);
}

TEST(Safetensors, ReadsWhatItWrote) {
  const ModelFile file = small_model();
  EXPECT_EQ(decode_model(bytes_of(file)).value(), file);
  EXPECT_EQ(bytes_of(file), bytes_of(file));
}

TEST(Safetensors, LaysTheFileOutAsTheFormatSays) {
  const std::string bytes = bytes_of(small_model());
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  EXPECT_EQ(length % 8, 0u);
  EXPECT_EQ(bytes[8], '{');
  EXPECT_EQ(bytes.size(), 8 + length + 7 * sizeof(float));
  float bias = 0;
  std::memcpy(&bias, bytes.data() + 8 + length, sizeof bias);
  EXPECT_EQ(bias, -0.25f);
}

TEST(Safetensors, WritesAFileAndReplacesIt) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "safetensors_test";
  std::filesystem::remove_all(folder);
  const std::string path = (folder / "model.safetensors").string();
  ModelFile file = small_model();
  ASSERT_TRUE(write_model(path, file));
  file.tensors.erase("weight");
  ASSERT_TRUE(write_model(path, file));
  EXPECT_EQ(read_model(path).value(), file);
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
  std::filesystem::remove_all(folder);
}

TEST(Safetensors, RefusesAFileCutAtAnyByte) {
  const std::string bytes = bytes_of(small_model());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_model(std::string_view(bytes).substr(0, size))) << "cut after " << size;
  }
  EXPECT_FALSE(decode_model(bytes + '\0'));
}

TEST(Safetensors, AFlippedBitIsRefusedOrChangesTheDescriptionAlone) {
  const ModelFile file = small_model();
  const std::string bytes = bytes_of(file);
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  int read = 0;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    const auto got = decode_model(damaged);
    if (bit / 8 >= 8 + length) {
      EXPECT_FALSE(got) << "bit " << bit << " of the data";
    }
    if (!got) continue;
    ++read;
    std::size_t values = 0;
    for (const auto& [name, tensor] : got->tensors) values += tensor.values.size();
    EXPECT_LE(values, 7u) << "bit " << bit;
  }
  EXPECT_GT(read, 0);  // a letter of the training record
}

TEST(Safetensors, SurvivesManyFlippedBitsAtOnce) {
  const std::string bytes = bytes_of(small_model());
  base::Rng rng(7);
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = bytes;
    const std::uint64_t flips = 1 + rng.below(8);
    for (std::uint64_t i = 0; i < flips; ++i) {
      char& at = damaged[rng.below(damaged.size())];
      at = static_cast<char>(rng.next());
    }
    (void)decode_model(damaged);
  }
}

TEST(Safetensors, NamesWhyItRefuses) {
  const std::string bytes = bytes_of(small_model());
  expect_refused(forged(bytes, "\"F32\"", "\"F16\""), base::Code::invalid_input, "a tensor is not of dtype F32");
  expect_refused(forged(bytes, "xxh3:", "xxh4:"), base::Code::corrupt, "the checksum does not fit the data");
  expect_refused(forged(bytes, "\"version\":\"1\"", "\"version\":\"2\""), base::Code::invalid_input,
                 "another version of the model format");
  expect_refused(forged(bytes, "[2,3]", "[3,3]"), base::Code::corrupt, "a tensor's shape does not fit its bytes");
  expect_refused(forged(bytes, "[0,4]", "[4,8]"), base::Code::corrupt, "two tensors share bytes");
  expect_refused(forged(bytes, "__metadata__", "__metadat4__"), base::Code::invalid_input, "the header has no __metadata__");
  std::string data = bytes;
  data.back() = static_cast<char>(data.back() ^ 1);
  expect_refused(data, base::Code::corrupt, "the checksum does not fit the data");
}

TEST(Safetensors, RefusesWhatIsNotFinite) {
  ModelFile file = small_model();
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    file.tensors["bias"].values[0] = bad;
    EXPECT_EQ(encode_model(file).error().code, base::Code::invalid_input);
  }
  // A file by another hand: NaN under a checksum that fits.
  file.tensors = {{"bias", {{1}, {1}}}};
  std::string bytes = bytes_of(file);
  const auto sum = [&] {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx",
                  static_cast<unsigned long long>(base::hash64(std::string_view(bytes).substr(bytes.size() - 4))));
    return std::string(text);
  };
  const std::string before = sum();
  const std::uint32_t nan_bits = 0x7fc00000;
  std::memcpy(bytes.data() + bytes.size() - 4, &nan_bits, 4);
  expect_refused(forged(bytes, before, sum()), base::Code::corrupt, "a tensor holds NaN or infinity");
}

TEST(Safetensors, RefusesAWrongSchemaOrShape) {
  const ModelFile file = small_model();
  EXPECT_TRUE(expect_model(file, "response.test", file.schema));
  EXPECT_STREQ(expect_model(file, "response.test", "{}").error().what, "a model of another feature schema");
  EXPECT_STREQ(expect_model(file, "bid", file.schema).error().what, "a model of another kind");
  EXPECT_TRUE(tensor_of(file, "weight", {2, 3}));
  EXPECT_EQ(tensor_of(file, "weight", {3, 2}).error().code, base::Code::conflict);
  EXPECT_EQ(tensor_of(file, "weights", {2, 3}).error().code, base::Code::not_found);
}

TEST(Safetensors, RefusesHugeSizesWithoutAskingForMemory) {
  const std::string bytes = bytes_of(small_model());
  std::string huge = bytes;
  const std::uint64_t length = ~std::uint64_t{0};
  std::memcpy(huge.data(), &length, 8);
  EXPECT_FALSE(decode_model(huge));
  ModelFile file = small_model();
  file.tensors["weight"].shape = {std::size_t{1} << 33, std::size_t{1} << 33};
  EXPECT_FALSE(encode_model(file));
}

}  // namespace
}  // namespace bandstand::model
