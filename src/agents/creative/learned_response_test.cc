// learned_response_test: a model survives its file bit for bit, and no file that lies is taken.
#include "agents/creative/learned_response.h"

#include <gtest/gtest.h>

namespace bandstand::agents::creative {
namespace {

ResponseModel trained() {
  std::vector<Weight> weights(ResponseModel::kTableSize);
  weights[0] = {.25f, 3};
  weights[777] = {-1.5f, .125f};
  weights[ResponseModel::kTableSize - 1] = {2, 40};
  FeatureScales scales;
  scales.of[static_cast<std::size_t>(FeatureKind::match)] = .7f;
  return {5, -4.5f, .03f, weights, {{.id = 4'000'000'001u, .intercept = -3, .intercept_precision = 2, .calibration = 1.25f,
                                     .conversions_a_click = .125f}}, scales};
}

TEST(LearnedResponse, ComesBackAsItWas) {
  const ResponseModel model = trained();
  const auto bytes = model::encode_model(to_file(model, "{}"));
  ASSERT_TRUE(bytes);
  const auto back = learned_response(*model::decode_model(*bytes));
  ASSERT_TRUE(back);
  const ResponseModel& read = *(*back)->model;
  EXPECT_EQ(read.version(), 0u);
  EXPECT_EQ(read.base_logit(), model.base_logit());
  EXPECT_EQ(read.scales(), model.scales());
  const ResponseModel same(model.version(), read.base_logit(), read.base_conversions(), read.weights(), read.line_items(),
                           read.scales());
  EXPECT_EQ(same.encode(), model.encode());
}

TEST(LearnedResponse, RefusesWhatItCannotBe) {
  const model::ModelFile good = to_file(trained(), "{}");
  const auto refused = [&](auto spoil) {
    model::ModelFile file = good;
    spoil(file);
    const auto read = learned_response(file);
    return !read.has_value();
  };
  EXPECT_FALSE(refused([](auto&) {}));
  EXPECT_TRUE(refused([](auto& f) { f.kind = "creative.other"; }));
  EXPECT_TRUE(refused([](auto& f) { f.schema = "{}"; }));
  EXPECT_TRUE(refused([](auto& f) { f.tensors.erase("weights"); }));
  EXPECT_TRUE(refused([](auto& f) { f.tensors["scales"].values[0] = -1; }));
  EXPECT_TRUE(refused([](auto& f) { f.tensors["weights"].values[0] = .5f; }));                             // no slot
  EXPECT_TRUE(refused([](auto& f) { f.tensors["weights"].values[0] = 1u << 18; }));                         // outside
  EXPECT_TRUE(refused([](auto& f) { f.tensors["weights"].values[3] = f.tensors["weights"].values[0]; }));  // twice
  EXPECT_TRUE(refused([](auto& f) { f.tensors["weights"].values[2] = 0; }));                               // no precision
  EXPECT_TRUE(refused([](auto& f) { f.tensors["line_items"].values[0] = 70'000; }));
  EXPECT_TRUE(refused([](auto& f) { f.tensors["line_items"].values[4] = 0; }));
}

}  // namespace
}  // namespace bandstand::agents::creative
