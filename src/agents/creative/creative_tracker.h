// creative_tracker: the slow loop of the creative agent: folds outcomes into the next response model.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agents/creative/response_model.h"
#include "domain/event.h"

namespace bandstand::agents::creative {

/// Online logistic regression with a belief per weight. Each outcome is one step of the extended Kalman filter with a diagonal
/// covariance, which is the online form of Chapelle and Li's regularised logistic regression with a Laplace posterior (2011,
/// algorithm 3):
///   s2 = sum x_i^2 / q_i,  p = sigmoid(w.x),  h = p (1 - p)
///   w_i <- w_i + x_i (y - p) / (q_i (1 + h s2)),   q_i <- q_i + x_i^2 h
/// A click counts when the click window has closed, as does its absence, so that the young do not look worse than the old.
/// Suspicious, test and unwon bids teach nothing. Control thread.
class CreativeTracker {
 public:
  struct Options {
    /// Precision a weight can reach: beyond it the model would stop to follow changes (fatigue, seasons).
    float precision_max = 2000;
    double calibration_prior_clicks = 20;  ///< weight of "the model is right"
    double calibration_memory_clicks = 2000;
    double level_prior_impressions = 2000; ///< weight of 0.5 % in the level of all
    double level_line_item = 100;          ///< impressions that the level of all counts for in a new line item's
    /// Until so many clicks a line item's intercept is its counted rate; from then on it is learned with the other weights.
    /// (A filter that starts from a wrong level takes large steps and remembers them.)
    double level_clicks = 20;
    double conversions_prior_clicks = 50;
  };
  explicit CreativeTracker(Options options);

  /// Line items and creatives by id, with their attributes. Outcomes of creatives that it lacks are counted and skipped.
  void adopt(domain::CatalogueSnapshot catalogue);
  /// Takes in outcomes of kind `response` and `conversion`; others are ignored.
  void observe(const domain::Outcome& outcome);
  /// Click rate that an impression would have by what is known so far; 0 for a creative that the catalogue lacks.
  [[nodiscard]] float predict(const domain::BidFacts& facts) const;
  /// The present model; versions rise by one. Copies 2 MB.
  [[nodiscard]] ResponseModelPtr publish();
  [[nodiscard]] bool has_news() const { return news_; }

  struct Counts {
    std::uint64_t responses = 0, clicks = 0, conversions = 0, ignored = 0, unknown_creative = 0;
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }

  /// Continues from a model (a restart, or one from the laboratory), with its features' scales. Calibration and conversion
  /// figures start anew from its values.
  void restore(const ResponseModel& model);
  /// The figures behind the model but its weights, as bytes with a checksum: some 80 a line item.
  [[nodiscard]] std::string encode() const;
  /// After restore(): the figures as they were, so that learning goes on as if there had been no restart. Errors: `corrupt`
  /// (nothing is changed).
  base::Result<std::size_t> restore_figures(std::string_view bytes);

 private:
  struct LineItem {
    float intercept = 0;
    float precision = 0;         ///< beyond the prior's
    float level_start = 0;       ///< logit that it began with
    double impressions = 0, own_clicks = 0;      ///< all that were learned
    double predicted = 0, observed = 0;          ///< clicks, decaying
    double clicks = 0, conversions = 0;          ///< of closed conversion windows
    float calibration_start = 1;
    double conversions_start = 0;                ///< conversions a click that the prior says; 0 = the level of all
  };

  /// Features of an impression, what they add to the logit, and how unsure that is.
  struct Reading {
    FeatureList features;
    float logit = 0, variance = 0;
  };
  [[nodiscard]] Reading read(const domain::BidFacts& facts, std::uint32_t creative) const;
  void learn(const domain::Outcome& outcome);
  LineItem& line_item(std::uint32_t id);
  [[nodiscard]] float base_logit() const;
  [[nodiscard]] float level_of(const LineItem& own) const;
  [[nodiscard]] double base_conversions() const;

  Options options_;
  domain::CatalogueSnapshot catalogue_;
  CatalogueTraits traits_;
  FeatureScales scales_;
  std::vector<Weight> weights_;
  std::map<std::uint32_t, LineItem> line_items_;
  double impressions_ = 0, clicks_ = 0, closed_clicks_ = 0, conversions_ = 0;
  double level_start_ = 0.005, conversions_start_ = 0.02;
  std::uint32_t version_ = 0;
  bool news_ = false;
  Counts counts_;
};

}  // namespace bandstand::agents::creative
