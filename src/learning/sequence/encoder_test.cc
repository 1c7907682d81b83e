// encoder_test: what serves gives the vectors of what was trained, click by click.
#include <gtest/gtest.h>

#include "learning/sequence/narm.h"
#include "learning/sequence/network_training.h"
#include "learning/sequence/sasrec.h"
#include "model/sequence_encoder.h"

namespace bandstand::learning {
namespace {

constexpr Eigen::Index kItems = 30;
constexpr Eigen::Index kWindow = 8;

std::string schema(Eigen::Index width, Eigen::Index hidden) {
  std::string ids;
  for (Eigen::Index i = 0; i < kItems; ++i) ids += (i == 0 ? "" : ",") + std::to_string(1000 + 7 * i);
  return R"({"items":[)" + ids + R"(],"width":)" + std::to_string(width) + R"(,"hidden":)" + std::to_string(hidden) +
         R"(,"window":)" + std::to_string(kWindow) + "}";
}

/// A file of the network with values far from those at the start.
model::ModelFile file_of(SequenceNetwork& network, const std::string& schema) {
  base::Rng rng(8);
  for (const auto& [name, parameter] : network.parameters()) fill_normal(parameter->value, .3f, rng);
  model::ModelFile file{network.kind(), schema, "{}", {}};
  const Visits none;
  NetworkTraining(network, none, {}).save(file, false);
  return model::decode_model(model::encode_model(file).value()).value();
}

void expect_same_vectors(SequenceNetwork& network, const model::ModelFile& file) {
  const auto encoder = model::SequenceEncoder::load(file).value();
  base::Rng rng(9);
  auto state = encoder->start();
  for (int visit = 0; visit < 20; ++visit) {
    std::vector<Item> items(1 + rng.below(3 * kWindow));
    for (Item& item : items) item = static_cast<Item>(rng.below(kItems));
    const std::vector<std::span<const Item>> prefixes{items};
    PackedVisits packed;
    packed.pack(prefixes);
    const Matrix& expected = network.forward(packed, nullptr);
    model::SequenceEncoder::forget(state);
    for (std::size_t t = 0; t < items.size(); ++t) {
      encoder->update(state, items[t]);
      for (std::size_t i = 0; i < state.vector.size(); ++i) {
        EXPECT_NEAR(state.vector[i], expected(static_cast<Eigen::Index>(t), static_cast<Eigen::Index>(i)), 1e-5f);
      }
      const auto one = static_cast<Item>(rng.below(kItems));
      const float score = expected.row(static_cast<Eigen::Index>(t)).dot(network.items().value.row(one));
      EXPECT_NEAR(encoder->score(state, one), score, 1e-5f);
    }
  }
}

TEST(SequenceEncoder, NarmAsTrained) {
  Narm narm(kItems, {.width = 10, .hidden = 12, .window = kWindow});
  expect_same_vectors(narm, file_of(narm, schema(10, 12)));
}

TEST(SequenceEncoder, SasrecAsTrained) {
  Sasrec sasrec(kItems, {.width = 10, .window = kWindow});
  expect_same_vectors(sasrec, file_of(sasrec, schema(10, 12)));
}

TEST(SequenceEncoder, FindsItemsByTheirIds) {
  Narm narm(kItems, {.width = 4, .hidden = 4, .window = kWindow});
  const auto encoder = model::SequenceEncoder::load(file_of(narm, schema(4, 4))).value();
  EXPECT_EQ(encoder->find(1014), 2u);
  EXPECT_FALSE(encoder->find(1015).has_value());
  EXPECT_EQ(encoder->item(2)[3], narm.items().value(2, 3));
}

TEST(SequenceEncoder, RefusesWhatDoesNotFit) {
  Narm narm(kItems, {.width = 4, .hidden = 4, .window = kWindow});
  const model::ModelFile good = file_of(narm, schema(4, 4));
  const auto refused = [](model::ModelFile file) { return model::SequenceEncoder::load(file).error().code; };
  model::ModelFile file = good;
  file.kind = "response.ftrl";
  EXPECT_EQ(refused(file), base::Code::conflict);
  file = good;
  file.schema = schema(5, 4);
  EXPECT_EQ(refused(file), base::Code::conflict);
  file = good;
  file.tensors.erase("decoder");
  EXPECT_EQ(refused(file), base::Code::not_found);
  for (const char* text : {"", "{}", R"({"items":[1]})", R"({"items":["a"],"width":4,"hidden":4,"window":8})",
                           R"({"items":[2,1],"width":4,"hidden":4,"window":8})",
                           R"({"items":[1],"width":-4,"hidden":4,"window":8})",
                           R"({"items":[1],"width":4,"hidden":4,"window":0})"}) {
    file = good;
    file.schema = text;
    EXPECT_EQ(refused(file), base::Code::invalid_input) << text;
  }
}

}  // namespace
}  // namespace bandstand::learning
