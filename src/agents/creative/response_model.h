// response_model: the chance of a click as a logistic model whose weights are beliefs, N(mean, 1 / precision): a snapshot.
//
// 1. Immutable. Learned by creative_tracker; read by all shards; kept with the decisions that were made by it.
// 2. Weights live in a table of fixed size at the hash of their feature; two features that meet share a weight.
// 3. Each line item has an intercept of its own that is not hashed: new creatives start at the level of their line item, a new
//    line item at the level of all.
// 4. decode(encode(x)) gives the same bits.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agents/creative/response_features.h"
#include "base/result.h"
#include "domain/catalogue.h"

namespace bandstand::agents::creative {

/// What is believed of a weight. The prior is N(0, 1 / prior_precision).
struct Weight {
  float mean = 0;
  float precision = 0;  ///< beyond the prior's: grows by x^2 p (1 - p) an example
};

/// A line item's own figures.
struct LineItemResponse {
  std::uint32_t id = 0;
  float intercept = 0;          ///< logit
  float intercept_precision = 0;
  float calibration = 1;        ///< observed / predicted clicks, shrunk to 1; multiplies the model's rate
  float conversions_a_click = 0;
};

class ResponseModel {
 public:
  static constexpr std::size_t kTableSize = 1u << 18;  ///< 2 MB
  static constexpr float kPriorPrecision = 16.0f;      ///< a feature moves the logit by about 0.25
  static constexpr float kInterceptPrecision = 0.2f;      ///< and a new line item's level by about 2

  ResponseModel() : weights_(kTableSize) {}
  ResponseModel(std::uint32_t version, float base_logit, float base_conversions, std::vector<Weight> weights,
                std::vector<LineItemResponse> line_items, const FeatureScales& scales = {});

  [[nodiscard]] static std::size_t slot_of(std::uint64_t feature) noexcept { return feature & (kTableSize - 1); }
  [[nodiscard]] const Weight& weight(std::uint64_t feature) const noexcept { return weights_[slot_of(feature)]; }
  /// The line item's figures; those of a new one if it is unknown. O(log line items).
  [[nodiscard]] LineItemResponse line_item(std::uint32_t id) const noexcept;
  [[nodiscard]] std::uint32_t version() const { return version_; }
  [[nodiscard]] float base_logit() const { return base_logit_; }
  [[nodiscard]] float base_conversions() const { return base_conversions_; }
  [[nodiscard]] const std::vector<Weight>& weights() const { return weights_; }
  [[nodiscard]] const std::vector<LineItemResponse>& line_items() const { return line_items_; }
  [[nodiscard]] const FeatureScales& scales() const { return scales_; }

  /// Weights that were learned, and no others: about 12 bytes each.
  [[nodiscard]] std::string encode() const;
  /// Errors: `corrupt`.
  [[nodiscard]] static base::Result<std::shared_ptr<const ResponseModel>> decode(std::string_view bytes);

 private:
  std::uint32_t version_ = 0;
  float base_logit_ = -5.3f;       ///< 0.5 %, before anything was seen
  float base_conversions_ = 0.02f; ///< conversions a click
  std::vector<Weight> weights_;
  std::vector<LineItemResponse> line_items_;  ///< by id
  FeatureScales scales_;
};

/// Adds the means of some features to a logit, their x^2 / q to a variance.
void add_beliefs(const std::vector<Weight>& weights, const FeatureList& features, float& logit, float& variance) noexcept;

using ResponseModelPtr = std::shared_ptr<const ResponseModel>;

[[nodiscard]] float sigmoid(float logit) noexcept;

/// A model laid out for one catalogue: what does not depend on the request is worked out once. Made in the slow loop whenever
/// either changes; about 1 us a creative. Immutable.
class ResponseBoard {
 public:
  ResponseBoard(domain::CatalogueSnapshot catalogue, ResponseModelPtr model);
  /// Another model for the catalogue of `laid_out`, whose creatives' names are not hashed again.
  ResponseBoard(const ResponseBoard& laid_out, ResponseModelPtr model);

  struct Outlook {
    float click_rate = 0, conversion_rate = 0;
    std::uint32_t creative = 0;
  };
  [[nodiscard]] const Outlook& outlook(std::uint32_t line_item) const { return outlooks_[line_item]; }
  [[nodiscard]] const LineItemResponse& line_item(std::uint32_t index) const { return line_items_[index]; }
  [[nodiscard]] CreativeTraits traits(std::uint32_t line_item, std::uint32_t creative) const noexcept;
  [[nodiscard]] const ResponseModel& model() const { return *model_; }
  [[nodiscard]] const domain::Catalogue& catalogue() const { return *catalogue_; }

  /// add_beliefs() by the model.
  void add(const FeatureList& features, float& logit, float& variance) const noexcept;

 private:
  ResponseBoard(domain::CatalogueSnapshot catalogue, std::shared_ptr<const CatalogueTraits> hashed, ResponseModelPtr model);

  domain::CatalogueSnapshot catalogue_;
  ResponseModelPtr model_;
  std::shared_ptr<const CatalogueTraits> traits_;
  std::vector<LineItemResponse> line_items_;    ///< by index
  std::vector<Outlook> outlooks_;               ///< by index
};

using ResponseBoardPtr = std::shared_ptr<const ResponseBoard>;

}  // namespace bandstand::agents::creative
