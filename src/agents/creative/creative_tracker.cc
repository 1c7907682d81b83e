// creative_tracker: one step of the filter an outcome.
#include "agents/creative/creative_tracker.h"

#include <algorithm>
#include <cmath>

#include "base/bytes.h"
#include "base/check.h"
#include "base/checksum.h"
#include "base/hash.h"

namespace bandstand::agents::creative {

using domain::Outcome;

namespace {

constexpr std::uint32_t kMagic = 0x42534631;  // "BSF1": bump with every change of encode()
constexpr std::uint64_t kLineItemsMax = 1u << 24;

}  // namespace

CreativeTracker::CreativeTracker(Options options) : options_(options), weights_(ResponseModel::kTableSize) {}

void CreativeTracker::adopt(domain::CatalogueSnapshot catalogue) {
  catalogue_ = std::move(catalogue);
  traits_ = CatalogueTraits(*catalogue_);
}

float CreativeTracker::base_logit() const {
  const double rate = (clicks_ + level_start_ * options_.level_prior_impressions) /
                      (impressions_ + options_.level_prior_impressions);
  return static_cast<float>(std::log(rate / (1 - rate)));
}

float CreativeTracker::level_of(const LineItem& own) const {
  const double base = static_cast<double>(sigmoid(own.level_start));
  return static_cast<float>((own.own_clicks + base * options_.level_line_item) / (own.impressions + options_.level_line_item));
}

double CreativeTracker::base_conversions() const {
  return (conversions_ + conversions_start_ * options_.conversions_prior_clicks) /
         (closed_clicks_ + options_.conversions_prior_clicks);
}

CreativeTracker::LineItem& CreativeTracker::line_item(std::uint32_t id) {
  const auto [at, is_new] = line_items_.try_emplace(id);
  if (is_new) at->second.intercept = at->second.level_start = base_logit();  // starts at the level of all
  return at->second;
}

void CreativeTracker::observe(const Outcome& outcome) {
  if (outcome.kind == Outcome::Kind::price) return;
  if (!outcome.won || outcome.suspicious || outcome.facts.suspicious || outcome.facts.test) {
    ++counts_.ignored;
    return;
  }
  if (outcome.kind == Outcome::Kind::response) {
    learn(outcome);
    return;
  }
  if (!outcome.clicked) return;
  LineItem& own = line_item(outcome.facts.line_item.value);
  own.clicks += 1;
  closed_clicks_ += 1;
  own.conversions += outcome.converted ? 1 : 0;
  conversions_ += outcome.converted ? 1 : 0;
  counts_.conversions += outcome.converted ? 1 : 0;
  news_ = true;
}

CreativeTracker::Reading CreativeTracker::read(const domain::BidFacts& facts, std::uint32_t creative) const {
  Reading out;
  const Context seen = context_of(facts);
  const CreativeTraits traits = traits_.of(facts.line_item.value, creative);
  add_context_features(scales_, traits.line_item, seen, out.features);
  add_creative_features(scales_, traits, seen, out.features);
  add_beliefs(weights_, out.features, out.logit, out.variance);
  return out;
}

float CreativeTracker::predict(const domain::BidFacts& facts) const {
  const auto creative = catalogue_->creative_index.find(facts.creative.value);
  if (creative == catalogue_->creative_index.end()) return 0;
  const auto own = line_items_.find(facts.line_item.value);
  const float level = own == line_items_.end() ? base_logit() : own->second.intercept;
  return sigmoid(level + read(facts, creative->second).logit);
}

void CreativeTracker::learn(const Outcome& outcome) {
  const domain::BidFacts& facts = outcome.facts;
  BANDSTAND_CHECK(catalogue_ != nullptr);
  const auto creative = catalogue_->creative_index.find(facts.creative.value);
  if (creative == catalogue_->creative_index.end()) {
    ++counts_.unknown_creative;
    return;
  }
  const auto [features, bent, unsure] = read(facts, creative->second);
  LineItem& own = line_item(facts.line_item.value);
  const float own_precision = ResponseModel::kInterceptPrecision + own.precision;
  const float logit = own.intercept + bent;
  const float variance = 1 / own_precision + unsure;
  const float p = std::clamp(sigmoid(logit), 1e-6f, 1 - 1e-6f);
  // What an example tells is judged by the line item's counted rate where the model's is far above it: a level that was wrong
  // for a moment must not leave certainty behind.
  const float level = level_of(own);
  const float information = std::min(p * (1 - p), 2 * level * (1 - level));
  const float step = ((outcome.clicked ? 1.0f : 0.0f) - p) / (1 + information * variance);
  for (const Feature& feature : features) {
    Weight& weight = weights_[ResponseModel::slot_of(feature.hash)];
    weight.mean += feature.x * step / (ResponseModel::kPriorPrecision + weight.precision);
    weight.precision = std::min(weight.precision + feature.x * feature.x * information, options_.precision_max);
  }
  own.impressions += 1;
  own.own_clicks += outcome.clicked ? 1 : 0;
  own.precision = std::min(own.precision + information, options_.precision_max);
  if (own.own_clicks <= options_.level_clicks) {
    const float counted = level_of(own);
    own.intercept = std::log(counted / (1 - counted));
  } else {
    own.intercept += step / own_precision;
  }

  own.predicted += static_cast<double>(p);
  own.observed += outcome.clicked ? 1 : 0;
  if (own.predicted > options_.calibration_memory_clicks) {
    own.predicted *= 0.5;
    own.observed *= 0.5;
  }
  impressions_ += 1;
  clicks_ += outcome.clicked ? 1 : 0;
  ++counts_.responses;
  counts_.clicks += outcome.clicked ? 1 : 0;
  news_ = true;
}

ResponseModelPtr CreativeTracker::publish() {
  std::vector<LineItemResponse> line_items;
  line_items.reserve(line_items_.size());
  const double level = base_conversions();
  for (const auto& [id, own] : line_items_) {
    const double prior = options_.calibration_prior_clicks;
    const double calibration =
        (own.observed + prior * static_cast<double>(own.calibration_start)) / (own.predicted + prior);
    const double start = own.conversions_start > 0 ? own.conversions_start : level;
    const double conversions = (own.conversions + start * options_.conversions_prior_clicks) /
                               (own.clicks + options_.conversions_prior_clicks);
    line_items.push_back({id, own.intercept, own.precision, static_cast<float>(std::clamp(calibration, 0.25, 4.0)),
                          static_cast<float>(conversions)});
  }
  news_ = false;
  return std::make_shared<const ResponseModel>(++version_, base_logit(), static_cast<float>(level), weights_,
                                               std::move(line_items), scales_);
}

void CreativeTracker::restore(const ResponseModel& model) {
  version_ = model.version();
  weights_ = model.weights();
  scales_ = model.scales();
  line_items_.clear();
  for (const LineItemResponse& from : model.line_items()) {
    LineItem& own = line_items_[from.id];
    own.intercept = from.intercept;
    own.precision = from.intercept_precision;
    own.level_start = from.intercept;
    own.own_clicks = options_.level_clicks + 1;
    own.impressions = own.own_clicks / static_cast<double>(sigmoid(from.intercept));
    own.calibration_start = from.calibration;
    own.conversions_start = static_cast<double>(from.conversions_a_click);
  }
  impressions_ = clicks_ = closed_clicks_ = conversions_ = 0;
  level_start_ = static_cast<double>(sigmoid(model.base_logit()));
  conversions_start_ = static_cast<double>(model.base_conversions());
}

std::string CreativeTracker::encode() const {
  std::string bytes;
  base::ByteWriter out(bytes);
  out.put(kMagic);
  for (const double figure : {impressions_, clicks_, closed_clicks_, conversions_, level_start_, conversions_start_})
    out.put(figure);
  out.put(static_cast<std::uint64_t>(line_items_.size()));
  for (const auto& [id, own] : line_items_) {
    out.put(id);
    for (const float figure : {own.intercept, own.precision, own.level_start, own.calibration_start}) out.put(figure);
    for (const double figure : {own.impressions, own.own_clicks, own.predicted, own.observed, own.clicks,
                                own.conversions, own.conversions_start}) {
      out.put(figure);
    }
  }
  base::append_checksum(bytes);
  return bytes;
}

base::Result<std::size_t> CreativeTracker::restore_figures(std::string_view bytes) {
  const auto corrupt = [](const char* what) { return base::fail(base::Code::corrupt, what); };
  if (bytes.size() < 8) return corrupt("figures of responses are cut short");
  const auto content = base::without_checksum(bytes);
  base::ByteReader in(content.value_or(std::string_view{}));
  if (!content || in.get<std::uint32_t>() != kMagic) return corrupt("figures of responses are damaged or of another form");
  bool sound = true;
  const auto take = [&](auto& figure, double least, double most) {
    figure = in.get<std::remove_reference_t<decltype(figure)>>();
    sound = sound && static_cast<double>(figure) >= least && static_cast<double>(figure) <= most;
  };
  double totals[6];
  for (double& total : totals) take(total, 0, 1e15);
  sound = sound && totals[4] > 0 && totals[4] < 1 && totals[5] >= 0 && totals[5] <= 1;
  const auto count = in.get<std::uint64_t>();
  if (!in.ok() || !sound || count > kLineItemsMax) return corrupt("figures of responses are malformed");
  std::map<std::uint32_t, LineItem> line_items;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    LineItem& own = line_items[in.get<std::uint32_t>()];
    take(own.intercept, -1e6, 1e6);
    take(own.precision, 0, 1e9);
    take(own.level_start, -1e6, 1e6);
    take(own.calibration_start, 0, 1e6);
    for (double* figure : {&own.impressions, &own.own_clicks, &own.predicted, &own.observed, &own.clicks,
                           &own.conversions, &own.conversions_start}) {
      take(*figure, 0, 1e15);
    }
  }
  if (!in.done() || !sound) return corrupt("figures of responses are malformed");
  impressions_ = totals[0];
  clicks_ = totals[1];
  closed_clicks_ = totals[2];
  conversions_ = totals[3];
  level_start_ = totals[4];
  conversions_start_ = totals[5];
  line_items_ = std::move(line_items);
  return line_items_.size();
}

}  // namespace bandstand::agents::creative
