// networks_golden_test: the serving kernels give what PyTorch gives, within 1e-5 (networks/make.py writes the file).
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "model/cross.h"
#include "model/dense.h"
#include "model/sequence_encoder.h"

namespace bandstand::model {
namespace {

using nlohmann::json;

constexpr float kNear = 1e-5f;  // of what a value is, or of 1 where it is smaller

json networks() {
  std::ifstream in(BANDSTAND_SOURCE_DIR "/tests/golden/networks/networks.json");
  return json::parse(in, nullptr, false);
}

ModelFile file_of(const json& network) {
  ModelFile file{network["kind"], network["schema"], "{}", {}};
  for (const auto& [name, tensor] : network["tensors"].items())
    file.tensors[name] = {tensor["shape"].get<std::vector<std::size_t>>(), tensor["values"].get<std::vector<float>>()};
  return file;
}

json named(const json& all, const char* kind) {
  for (const auto& network : all["networks"]) {
    if (network["kind"] == kind) return network;
  }
  return {};
}

void expect_near(std::span<const float> ours, const std::vector<float>& theirs, const std::string& where) {
  ASSERT_EQ(ours.size(), theirs.size()) << where;
  for (std::size_t i = 0; i < ours.size(); ++i)
    EXPECT_NEAR(ours[i], theirs[i], kNear * std::max(1.0f, std::abs(theirs[i]))) << where << ", number " << i;
}

/// Holds `forward` against every row of a network of one vector in and one out.
template <class Forward>
void expect_rows(const json& network, std::size_t outputs, Forward forward) {
  ASSERT_EQ(network["cases"].size(), 5u);
  for (const auto& row : network["cases"]) {
    const auto in = row["in"].get<std::vector<float>>();
    std::vector<float> out(outputs);
    forward(in, out);
    expect_near(out, row["out"].get<std::vector<float>>(), "row");
  }
}

class Networks : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(all_.is_object()) << "networks.json is missing or damaged"; }
  json all_ = networks();
};

TEST_F(Networks, DenseIsPyTorchs) {
  const json network = named(all_, "dense");
  const auto dense = Dense::from(file_of(network), "net");
  ASSERT_TRUE(dense);
  expect_rows(network, 3, [&](std::span<const float> in, std::span<float> out) { dense->forward(in, out); });
}

TEST_F(Networks, CrossLayersArePyTorchs) {
  const json network = named(all_, "cross");
  const auto cross = CrossLayers::from(file_of(network), "cross");
  ASSERT_TRUE(cross);
  expect_rows(network, 8, [&](std::span<const float> in, std::span<float> out) { cross->forward(in, out); });
}

class SequenceNetworks : public Networks, public testing::WithParamInterface<const char*> {};

TEST_P(SequenceNetworks, GiveWhatPyTorchGivesAfterEachClick) {
  const json network = named(all_, GetParam());
  const auto encoder = SequenceEncoder::load(file_of(network));
  ASSERT_TRUE(encoder);
  ASSERT_EQ(network["cases"].size(), 4u);
  for (const auto& visit : network["cases"]) {
    auto state = (*encoder)->start();
    const auto items = visit["items"].get<std::vector<std::uint32_t>>();
    ASSERT_EQ(items.size(), visit["vectors"].size());
    for (std::size_t click = 0; click < items.size(); ++click) {
      (*encoder)->update(state, items[click]);
      expect_near(state.vector, visit["vectors"][click].get<std::vector<float>>(),
                  "visit of " + std::to_string(items.size()) + ", click " + std::to_string(click));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Both, SequenceNetworks, testing::Values("profile.narm", "profile.sasrec"));

}  // namespace
}  // namespace bandstand::model
