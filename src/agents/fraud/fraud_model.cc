// fraud_model: see the header.
#include "agents/fraud/fraud_model.h"

#include <cmath>

namespace bandstand::agents::fraud {
namespace {

constexpr const char* kKinds[] = {"address", "block", "device", "agent", "site"};
constexpr const char* kFactNames[] = {"rate_10s", "rate_5m",   "rate_1h", "clicks", "quick", "together",
                                      "regular",  "strangers", "rapid",   "volume", "listed", "steady",
                                      "unmet",    "drains"};
static_assert(std::size(kKinds) == kPartyKinds && std::size(kFactNames) == kFacts);

}  // namespace

float FraudModel::probability(const FraudFeatures& features) const noexcept {
  float logit = bias;
  for (std::size_t i = 0; i < kFraudFeatures; ++i) logit += weight[i] * features[i];
  return 1.0f / (1.0f + std::exp(-logit));
}

std::string fraud_schema() {
  std::string out = "{\"features\":[";
  for (const char* past : {"", "+"}) {
    for (const char* kind : kKinds) {
      for (const char* fact : kFactNames) {
        if (out.back() != '[') out += ',';
        out += std::string("\"") + kind + "." + fact + past + "\"";
      }
    }
  }
  return out + "]}";
}

model::ModelFile FraudModel::file(std::string training) const {
  model::ModelFile out;
  out.kind = kFraudModelKind;
  out.schema = fraud_schema();
  out.training = std::move(training);
  out.tensors["weight"] = {{kFraudFeatures}, {weight.begin(), weight.end()}};
  out.tensors["bias"] = {{1}, {bias}};
  out.tensors["margin"] = {{1}, {margin_over_price}};
  return out;
}

base::Result<FraudModel> FraudModel::from(const model::ModelFile& file) {
  BANDSTAND_TRY_VOID(model::expect_model(file, kFraudModelKind, fraud_schema()));
  const auto weight = model::tensor_of(file, "weight", {kFraudFeatures});
  if (!weight) return weight.error();
  const auto bias = model::tensor_of(file, "bias", {1});
  if (!bias) return bias.error();
  const auto margin = model::tensor_of(file, "margin", {1});
  if (!margin) return margin.error();
  FraudModel out;
  std::copy((*weight)->values.begin(), (*weight)->values.end(), out.weight.begin());
  out.bias = (*bias)->values[0];
  out.margin_over_price = (*margin)->values[0];
  if (!(out.margin_over_price > 0)) return base::fail(base::Code::corrupt, "fraud model: the margin is not above 0");
  return out;
}

}  // namespace bandstand::agents::fraud
