// response_model: lookups and bytes.
#include "agents/creative/response_model.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "base/bytes.h"
#include "base/check.h"
#include "base/checksum.h"
#include "base/hash.h"

namespace bandstand::agents::creative {
namespace {

constexpr std::uint32_t kMagic = 0x42535233;   // "BSR3"
constexpr std::uint32_t kMagic2 = 0x42535232;  // "BSR2": of before the two scales of taste, the last ones
constexpr std::uint64_t kLineItemsMax = 1u << 24;

bool is_sound(float value) { return std::isfinite(value) && std::abs(value) < 1e6f; }

}  // namespace

float sigmoid(float logit) noexcept { return 1 / (1 + std::exp(-logit)); }

ResponseModel::ResponseModel(std::uint32_t version, float base_logit, float base_conversions, std::vector<Weight> weights,
                             std::vector<LineItemResponse> line_items, const FeatureScales& scales)
    : version_(version),
      base_logit_(base_logit),
      base_conversions_(base_conversions),
      weights_(std::move(weights)),
      line_items_(std::move(line_items)),
      scales_(scales) {
  BANDSTAND_CHECK(weights_.size() == kTableSize);
  std::sort(line_items_.begin(), line_items_.end(),
            [](const LineItemResponse& a, const LineItemResponse& b) { return a.id < b.id; });
}

LineItemResponse ResponseModel::line_item(std::uint32_t id) const noexcept {
  const auto at = std::lower_bound(line_items_.begin(), line_items_.end(), id,
                                   [](const LineItemResponse& a, std::uint32_t b) { return a.id < b; });
  if (at != line_items_.end() && at->id == id) return *at;
  return {.id = id, .intercept = base_logit_, .conversions_a_click = base_conversions_};
}

std::string ResponseModel::encode() const {
  std::string bytes;
  base::ByteWriter out(bytes);
  out.put(kMagic);
  out.put(version_);
  out.put(base_logit_);
  out.put(base_conversions_);
  for (const float scale : scales_.of) out.put(scale);
  const auto learned = std::count_if(weights_.begin(), weights_.end(), [](const Weight& w) { return w.precision > 0; });
  out.put(static_cast<std::uint64_t>(learned));
  for (std::size_t slot = 0; slot < weights_.size(); ++slot) {
    if (!(weights_[slot].precision > 0)) continue;
    out.put(static_cast<std::uint32_t>(slot));
    out.put(weights_[slot].mean);
    out.put(weights_[slot].precision);
  }
  out.put(static_cast<std::uint64_t>(line_items_.size()));
  for (const LineItemResponse& item : line_items_) {
    out.put(item.id);
    out.put(item.intercept);
    out.put(item.intercept_precision);
    out.put(item.calibration);
    out.put(item.conversions_a_click);
  }
  base::append_checksum(bytes);
  return bytes;
}

base::Result<ResponseModelPtr> ResponseModel::decode(std::string_view bytes) {
  if (bytes.size() < 4) return base::fail(base::Code::corrupt, "a response model is cut short");
  const auto content = base::without_checksum(bytes);
  base::ByteReader in(content.value_or(std::string_view{}));
  const auto magic = in.get<std::uint32_t>();
  if (!content || (magic != kMagic && magic != kMagic2)) {
    return base::fail(base::Code::corrupt, "a response model is damaged or of another form");
  }
  const auto version = in.get<std::uint32_t>();
  const auto base_logit = in.get<float>();
  const auto base_conversions = in.get<float>();
  bool sound = is_sound(base_logit) && is_sound(base_conversions);
  FeatureScales scales;
  for (float& scale : std::span(scales.of).first(magic == kMagic ? kFeatureKinds : kFeatureKinds - 2)) {
    scale = in.get<float>();
    sound = sound && is_sound(scale) && scale >= 0;
  }
  std::vector<Weight> weights(kTableSize);
  const auto learned = in.get<std::uint64_t>();
  sound = sound && learned <= kTableSize;
  for (std::uint64_t i = 0; sound && i < learned; ++i) {
    const auto slot = in.get<std::uint32_t>();
    const Weight weight{in.get<float>(), in.get<float>()};
    sound = in.ok() && slot < kTableSize && is_sound(weight.mean) && is_sound(weight.precision) && weight.precision > 0;
    if (sound) weights[slot] = weight;
  }
  const auto count = in.get<std::uint64_t>();
  sound = sound && count <= kLineItemsMax;
  std::vector<LineItemResponse> line_items;
  for (std::uint64_t i = 0; sound && i < count; ++i) {
    LineItemResponse item;
    item.id = in.get<std::uint32_t>();
    for (float* value : {&item.intercept, &item.intercept_precision, &item.calibration, &item.conversions_a_click}) {
      *value = in.get<float>();
      sound = sound && is_sound(*value);
    }
    sound = sound && in.ok();
    line_items.push_back(item);
  }
  if (!sound || !in.done()) return base::fail(base::Code::corrupt, "a response model is malformed");
  return std::make_shared<const ResponseModel>(version, base_logit, base_conversions, std::move(weights),
                                               std::move(line_items), scales);
}

ResponseBoard::ResponseBoard(domain::CatalogueSnapshot catalogue, ResponseModelPtr model)
    : ResponseBoard(catalogue, std::make_shared<const CatalogueTraits>(*catalogue), std::move(model)) {}

ResponseBoard::ResponseBoard(const ResponseBoard& laid_out, ResponseModelPtr model)
    : ResponseBoard(laid_out.catalogue_, laid_out.traits_, std::move(model)) {}

ResponseBoard::ResponseBoard(domain::CatalogueSnapshot catalogue, std::shared_ptr<const CatalogueTraits> hashed,
                             ResponseModelPtr model)
    : catalogue_(std::move(catalogue)), model_(std::move(model)), traits_(std::move(hashed)) {
  FeatureList features;
  for (std::uint32_t i = 0; i < catalogue_->line_items.size(); ++i) {
    const domain::LineItem& item = catalogue_->line_items[i];
    const LineItemResponse own = model_->line_item(item.id.value);
    float best = -1e30f;
    Outlook outlook{.creative = item.creatives.empty() ? 0 : item.creatives.front()};
    for (const std::uint32_t creative : item.creatives) {
      float logit = own.intercept;
      float variance = 0;
      features.clear();
      add_creative_features(model_->scales(), traits(i, creative), Context{}, features);
      add(features, logit, variance);
      if (logit <= best) continue;
      best = logit;
      outlook.creative = creative;
    }
    outlook.click_rate = item.creatives.empty() ? 0 : std::min(1.0f, sigmoid(best) * own.calibration);
    outlook.conversion_rate = outlook.click_rate * own.conversions_a_click;
    line_items_.push_back(own);
    outlooks_.push_back(outlook);
  }
}

CreativeTraits ResponseBoard::traits(std::uint32_t line_item, std::uint32_t creative) const noexcept {
  return traits_->of(catalogue_->line_items[line_item].id.value, creative);
}

void add_beliefs(const std::vector<Weight>& weights, const FeatureList& features, float& logit, float& variance) noexcept {
  for (const Feature& feature : features) {
    const Weight& weight = weights[ResponseModel::slot_of(feature.hash)];
    logit += feature.x * weight.mean;
    variance += feature.x * feature.x / (ResponseModel::kPriorPrecision + weight.precision);
  }
}

void ResponseBoard::add(const FeatureList& features, float& logit, float& variance) const noexcept {
  add_beliefs(model_->weights(), features, logit, variance);
}

}  // namespace bandstand::agents::creative
