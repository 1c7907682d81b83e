// train_response: one pass to count, an epoch a pass to learn, one to judge.
#include "app/train_response.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "app/train_response_report.h"
#include "app/train_response_segments.h"
#include "app/train_response_split.h"
#include "experiments/table.h"
#include "learning/dataset/dataset.h"
#include "learning/response/calibration.h"
#include "learning/response/click_world.h"
#include "learning/response/dcn.h"
#include "learning/response/ftrl.h"
#include "learning/response/fwfm.h"
#include "learning/response/metrics.h"
#include "learning/response/rate_table.h"
#include "model/response_monitor.h"
#include "model/safetensors.h"

namespace bandstand::app {
namespace {

using experiments::cell;
using learning::DatasetReader;
using learning::Loaded;
using learning::problem;
using learning::Row;
using nlohmann::json;

std::string text(const char* form, auto... values) {
  char out[256];
  std::snprintf(out, sizeof out, form, values...);
  return out;
}

std::string hex(std::uint64_t hash) { return text("%016llx", static_cast<unsigned long long>(hash)); }

class Training {
 public:
  Training(const TrainResponseOptions& options, const base::Clock& clock, std::ostream& err)
      : options_(options), clock_(clock), err_(err) {}

  /// Errors: what went wrong, for the user.
  Loaded<bool> run() {
    const auto steps = {&Training::survey, &Training::make_learner, &Training::learn, &Training::judge, &Training::write};
    for (const auto step : steps) {
      if (auto done = (this->*step)(); !done) return done;
    }
    return true;
  }

  void print(std::ostream& out) const {
    if (options_.json) {
      out << report().dump(2) << '\n';
      return;
    }
    experiments::Table table({"predictor", "rows", "n", "positives", "auc", "low", "high", "log loss", "NE", "calibration",
                              "ECE %", "field ECE %"});
    for (const ResponseFigures& one : figures_) {
      table.add({cell(one.predictor), cell(one.rows_of), cell(static_cast<std::int64_t>(one.rows)),
                 cell(static_cast<std::int64_t>(one.positives)), cell(one.auc.value, 5), cell(one.auc.low, 4),
                 cell(one.auc.high, 4), cell(one.log_loss, 5), cell(one.normalised_entropy, 4), cell(one.calibration, 3),
                 cell(100 * one.calibration_error, 1), cell(100 * one.field_calibration_error, 1)});
    }
    table.print(experiments::TableFormat::aligned, out);
    print_segments(out);
    for (const auto& [name, difference] : differences_) {
      out << text("AUC of %s: %+.4f [%+.4f, %+.4f], paired\n", name.c_str(), difference.value, difference.low, difference.high);
    }
  }

 private:
  /// Calls each(predictor, segment's name, figures).
  template <class Each>
  void each_segment(Each each) const {
    for (const auto& [name, figures] : by_segment_) {
      for (const SegmentFigures& one : figures) each(name, segments_->name(one.segment, value_names_), one);
    }
  }

  void print_segments(std::ostream& out) const {
    if (by_segment_.empty()) return;
    experiments::Table table({"predictor", options_.segments, "n", "positives", "expected", "calibration", "low", "high", "ECE %",
                              "log loss", "+-"});
    each_segment([&](const std::string& predictor, const std::string& value, const SegmentFigures& one) {
      table.add({cell(predictor), cell(value), cell(static_cast<std::int64_t>(one.rows)),
                 cell(static_cast<std::int64_t>(one.positives)), cell(one.expected, 1), cell(one.calibration.value, 3),
                 cell(one.calibration.low, 3), cell(one.calibration.high, 3), cell(100 * one.calibration_error, 1),
                 cell(one.log_loss.value, 5), cell(one.log_loss.high - one.log_loss.value, 5)});
    });
    out << '\n';
    table.print(experiments::TableFormat::aligned, out);
  }

  Loaded<std::unique_ptr<DatasetReader>> open(const std::string& data) const {
    if (options_.format != "click_world") {
      return learning::open_dataset({data, options_.format, options_.mapping, options_.responses});
    }
    const auto world = learning::parse_click_world(data);
    if (!world) return problem(world.error());
    return learning::open_click_world(*world);
  }

  /// Calls `each(position, row)` for all rows of a file; then tells of refused rows, once a file.
  template <class Each>
  Loaded<bool> pass(const std::string& data, bool tell, Each each) {
    auto reader = open(data);
    if (!reader) return problem(reader.error());
    fields_ = (*reader)->fields();
    if (segment_field_) (*reader)->name_values_of(*segment_field_, &value_names_);
    Row row;
    for (std::uint64_t position = 0;; ++position) {
      const auto more = (*reader)->next(row);
      if (!more) return more;
      if (!*more) break;
      each(position, row);
    }
    if (tell) err_ << learning::describe((*reader)->intake(), data);
    if (data == options_.data) data_hash_ = (*reader)->intake().hash;
    return true;
  }

  /// Calls `each(row)` for the training rows, in the order to learn in.
  template <class Each>
  Loaded<bool> pass_training(Each each) {
    std::vector<Row> kept;
    auto done = pass(options_.data, false, [&](std::uint64_t position, const Row& row) {
      if (split_.part_of(position, row) != Part::train) return;
      if (options_.in_time_order) {
        kept.push_back(row);
      } else {
        each(row);
      }
    });
    const auto earlier = [](const Row& a, const Row& b) { return a.time_s.value_or(0) < b.time_s.value_or(0); };
    std::stable_sort(kept.begin(), kept.end(), earlier);
    for (const Row& row : kept) each(row);
    return done;
  }

  Loaded<bool> survey() {
    if (options_.data == "-") return problem("--data: standard input cannot be read twice; give a file");
    if (!options_.test.empty() && !options_.split.empty()) return problem("--test and --split: one of them");
    auto split = ResponseSplit::parse(options_.split, options_.holdout);
    if (!split) return problem(split.error());
    split_ = std::move(*split);
    auto done = pass(options_.data, true, [&](std::uint64_t, const Row& row) { split_.survey(row); });
    if (done) done = split_.settle();
    if (!done) return done;
    if (split_.rows() == 0) return problem(options_.data + ": no rows");
    const std::uint64_t positives = split_.positives_of(Part::train) + split_.positives_of(Part::holdout);
    const std::uint64_t known = split_.rows_of(Part::train) + split_.rows_of(Part::holdout);
    base_rate_ = (static_cast<double>(positives) + 0.5) / (static_cast<double>(known) + 1);
    err_ << text("%llu rows: %llu train, %llu calibrate, %llu judge; %.4f %% of those before positive\n",
                 static_cast<unsigned long long>(split_.rows()), static_cast<unsigned long long>(split_.rows_of(Part::train)),
                 static_cast<unsigned long long>(split_.rows_of(Part::holdout)),
                 static_cast<unsigned long long>(split_.rows_of(Part::test)), 100 * base_rate_);
    const auto field_of = [&](const std::string& name) -> std::optional<std::uint32_t> {
      const auto found = std::find(fields_.begin(), fields_.end(), name);
      if (found == fields_.end()) return std::nullopt;
      return static_cast<std::uint32_t>(found - fields_.begin());
    };
    field_ = options_.field.empty() ? 0 : field_of(options_.field);
    if (!field_) return problem("--field: the data has no field '" + options_.field + "'");
    segment_field_ = field_of(options_.segments);
    if (!options_.segments.empty() && !segment_field_) {
      return problem("--segments: the data has no field '" + options_.segments + "'");
    }
    baseline_field_ = field_of(options_.baseline);
    if (!options_.baseline.empty() && !baseline_field_) {
      return problem("--baseline: the data has no field '" + options_.baseline + "'");
    }
    if (baseline_field_) rates_.emplace(options_.bits, static_cast<float>(base_rate_));
    return true;
  }

  Loaded<bool> make_learner() {
    json schema{{"bits", options_.bits}, {"fields", fields_}, {"hash", "xxh3, by column and value"},
                {"numbers", "2 + floor(ln(x)^2) above 2"}};
    if (options_.residual) schema["offset"] = options_.baseline;
    schema_ = schema.dump();
    const auto as_float = [](double value) { return static_cast<float>(value); };
    const float prior_logit = options_.residual ? 0 : as_float(std::log(base_rate_ / (1 - base_rate_)));
    if (options_.model == "ftrl") {
      learner_ = std::make_unique<learning::Ftrl>(learning::FtrlOptions{
          options_.bits, as_float(options_.alpha), as_float(options_.beta), as_float(options_.l1), as_float(options_.l2),
          prior_logit});
    } else if (options_.model == "fwfm") {
      learning::FwfmOptions fwfm;
      fwfm.bits = options_.bits;
      fwfm.fields = std::max<std::size_t>(fields_.size(), 1);
      fwfm.prior_logit = prior_logit;
      fwfm.rate = as_float(options_.rate);
      fwfm.l2 = as_float(options_.decay);
      fwfm.seed = options_.seed;
      learner_ = std::make_unique<learning::Fwfm>(fwfm);
    } else if (options_.model == "dcn") {
      learning::DcnOptions dcn;
      dcn.bits = options_.bits;
      dcn.fields = std::max<std::size_t>(fields_.size(), 1);
      dcn.cross = options_.cross;
      dcn.rank = options_.rank;
      dcn.prior_logit = prior_logit;
      dcn.rate = as_float(options_.rate);
      dcn.dense_rate = as_float(options_.dense_rate);
      dcn.l2 = as_float(options_.decay);
      dcn.seed = options_.seed;
      learner_ = std::make_unique<learning::Dcn>(dcn);
    }
    if (options_.resume.empty() || learner_ == nullptr) return true;
    const auto file = model::read_model(options_.resume);
    if (!file) return problem(options_.resume + ": " + file.error().what);
    auto fits = model::expect_model(*file, learner_->kind(), schema_);
    if (fits) fits = learner_->load(*file);
    if (fits && options_.residual) fits = rates_->load(*file);
    if (!fits) return problem(options_.resume + ": " + fits.error().what);
    return true;
  }

  Loaded<bool> learn() {
    if (learner_ == nullptr && !baseline_field_) return true;
    const base::MonoTime begin = clock_.mono();
    const std::uint64_t rows = split_.rows_of(Part::train);
    const int epochs = learner_ == nullptr ? 1 : options_.epochs;
    model::ResponseMonitor monitor(std::max<std::uint64_t>(rows / 10, 1));
    std::uint64_t learned = 0;
    for (int epoch = 1; epoch <= epochs; ++epoch) {
      double loss = 0;
      std::uint64_t here = 0;
      auto done = pass_training([&](const Row& row) {
        const float offset = offset_of(row);  // before the row itself is counted
        if (epoch == 1 && baseline_field_) rates_->learn(value_of(row, *baseline_field_), row.label);
        ++learned;
        ++here;
        if (learner_ == nullptr) return;
        const double p = learner_->learn(row.features, row.label, offset);
        loss -= std::log(row.label ? p : 1 - p);
        if (monitor.add(p, row.label) || here == rows) {
          tell(epoch, epochs, here, learned, loss / static_cast<double>(here), monitor.last().calibration, begin);
        }
      });
      if (done && epoch < epochs) done = write();
      if (!done) return done;
    }
    const double seconds = std::chrono::duration<double>(clock_.mono() - begin).count();
    rows_per_second_ = static_cast<double>(learned) / std::max(seconds, 1e-9);
    return true;
  }

  void tell(int epoch, int epochs, std::uint64_t here, std::uint64_t learned, double loss, double calibration,
            base::MonoTime begin) {
    const double entropy = -(base_rate_ * std::log(base_rate_) + (1 - base_rate_) * std::log(1 - base_rate_));
    const double seconds = std::chrono::duration<double>(clock_.mono() - begin).count();
    const double left = static_cast<double>(split_.rows_of(Part::train)) * epochs - static_cast<double>(learned);
    err_ << text("epoch %d/%d  %llu of %llu rows  log loss %.5f  NE %.4f  calibration %.3f  %.1f s left\n", epoch, epochs,
                 static_cast<unsigned long long>(here), static_cast<unsigned long long>(split_.rows_of(Part::train)), loss,
                 entropy > 0 ? loss / entropy : 1, calibration, seconds * left / static_cast<double>(learned));
  }

  static std::uint64_t value_of(const Row& row, std::uint32_t field) {
    for (const auto& feature : row.features) {
      if (feature.field == field) return feature.hash;
    }
    return 0;
  }

  /// Log odds that the model's are added to.
  [[nodiscard]] float offset_of(const Row& row) const {
    return options_.residual ? rates_->log_odds(value_of(row, *baseline_field_)) : 0;
  }

  /// What a row is predicted by its raw predictor: the model, or the file's own.
  [[nodiscard]] double raw(const Row& row) const {
    return learner_ != nullptr ? learner_->predict(row.features, offset_of(row)) : row.prediction.value_or(0);
  }

  Loaded<bool> judge() {
    const bool in_sample = options_.test.empty() && split_.rows_of(Part::test) == 0;
    if (in_sample && learner_ != nullptr) err_ << "no rows to judge (--split or --test): figures are of the training rows\n";
    std::vector<double> given, rates, own, holdout_p, won_p;
    std::vector<std::uint8_t> holdout_y, won_y;
    std::vector<std::uint64_t> holdout_segments, segment_values;
    bool all_given = true;
    const auto take = [&](const Row& row) {
      judged_.labels.push_back(row.label);
      judged_.values.push_back(value_of(row, *field_));
      if (segment_field_) segment_values.push_back(value_of(row, *segment_field_));
      if (row.price) judged_.prices.push_back(*row.price);
      all_given = all_given && row.prediction.has_value();
      given.push_back(row.prediction.value_or(0));
      if (baseline_field_) rates.push_back(rates_->rate(value_of(row, *baseline_field_)));
      if (learner_ != nullptr) own.push_back(raw(row));
    };
    auto done = pass(options_.data, false, [&](std::uint64_t position, const Row& row) {
      const Part part = split_.part_of(position, row);
      if (part == Part::holdout) {
        holdout_p.push_back(raw(row));
        holdout_y.push_back(row.label);
        if (segment_field_) holdout_segments.push_back(value_of(row, *segment_field_));
        if (!row.price || options_.won_at * holdout_p.back() / base_rate_ < *row.price) return;
        won_p.push_back(holdout_p.back());
        won_y.push_back(row.label);
      } else if (part == Part::test || in_sample) {
        take(row);
      }
    });
    if (done && !options_.test.empty()) {
      done = pass(options_.test, true, [&](std::uint64_t, const Row& row) { take(row); });
    }
    if (!done) return done;
    const auto add = [&](std::string name, std::vector<double> p) {
      judged_.predictors.push_back({std::move(name), std::move(p)});
    };
    if (baseline_field_) add("rate of " + options_.baseline, std::move(rates));
    if (all_given && !given.empty()) add("given", given);
    if (learner_ != nullptr) add(options_.model, own);
    if (learner_ == nullptr && !all_given) return problem("--model none: rows have no prediction of their own");
    if (segment_field_) segments_.emplace(segment_values, options_.segments_top);
    if (!holdout_p.empty()) {
      platt_ = learning::fit_platt(holdout_p, holdout_y);
      isotonic_ = learning::fit_isotonic(holdout_p, holdout_y);
      const std::vector<double>& from = learner_ != nullptr ? own : given;
      const auto add_calibrated = [&](const char* name, const auto& calibrator) {
        std::vector<double> p;
        std::transform(from.begin(), from.end(), std::back_inserter(p), calibrator);
        add(name, std::move(p));
      };
      add_calibrated("  Platt", platt_);
      add_calibrated("  isotonic", isotonic_);
      if (segment_field_) {
        const SegmentPlatt curves(holdout_p, holdout_y, holdout_segments, *segments_);
        std::vector<double> p;
        for (std::size_t i = 0; i < from.size(); ++i) p.push_back(curves(from[i], segments_->of(segment_values[i])));
        add("  Platt by " + options_.segments, std::move(p));
      }
      if (options_.won_at > 0) add_calibrated("  Platt on won", learning::fit_platt(won_p, won_y));
    }
    if (segment_field_) {
      for (const auto& [name, p] : judged_.predictors) {
        by_segment_.emplace_back(name, segment_figures(p, judged_.labels, segment_values, *segments_));
      }
    }
    const ReportOptions report{options_.bootstrap, options_.seed, options_.won_at, base_rate_};
    figures_ = response_figures(judged_, report);
    if (baseline_field_ && judged_.predictors.size() > 1) {
      const std::string name = judged_.predictors[1].name + " less " + judged_.predictors[0].name;
      differences_[name] = auc_difference(judged_, 1, 0, report);
    }
    return true;
  }

  [[nodiscard]] json training_record() const {
    json record{{"data", std::filesystem::path(options_.data).filename().string()}, {"data_hash", "xxh3:" + hex(data_hash_)},
                {"format", options_.format}, {"seed", options_.seed}, {"epochs", options_.epochs},
                {"rows", split_.rows_of(Part::train)}, {"split", options_.split}, {"holdout", options_.holdout},
                {"in_time_order", options_.in_time_order}, {"residual_of", options_.residual ? options_.baseline : ""}};
    if (options_.model == "ftrl") {
      record["options"] = {{"alpha", options_.alpha}, {"beta", options_.beta}, {"l1", options_.l1}, {"l2", options_.l2}};
    } else {
      record["options"] = {{"rate", options_.rate}, {"decay", options_.decay}};
    }
    if (options_.model == "dcn") {
      record["options"].update(
          {{"cross", options_.cross}, {"rank", options_.rank}, {"dense_rate", options_.dense_rate}});
    }
    record["metrics"] = figures_json();
    return record;
  }

  [[nodiscard]] json figures_json() const {
    json all = json::array();
    for (const ResponseFigures& one : figures_) {
      all.push_back({{"predictor", one.predictor.substr(one.predictor.find_first_not_of(' '))}, {"rows", one.rows_of},
                     {"n", one.rows}, {"positives", one.positives}, {"auc", one.auc.value},
                     {"auc_95", {one.auc.low, one.auc.high}}, {"log_loss", one.log_loss},
                     {"normalised_entropy", one.normalised_entropy}, {"calibration", one.calibration},
                     {"ece_of_base_rate", one.calibration_error}, {"field_ece_of_base_rate", one.field_calibration_error}});
    }
    return all;
  }

  [[nodiscard]] json report() const {
    json out = training_record();
    out["model"] = options_.model;
    out["rows_per_second"] = rows_per_second_;
    each_segment([&](const std::string& predictor, const std::string& value, const SegmentFigures& one) {
      out["segments"].push_back({{"predictor", predictor.substr(predictor.find_first_not_of(' '))}, {"value", value},
                                 {"n", one.rows}, {"positives", one.positives}, {"expected", one.expected},
                                 {"calibration", one.calibration.value},
                                 {"calibration_95", {one.calibration.low, one.calibration.high}},
                                 {"ece_of_base_rate", one.calibration_error}, {"log_loss", one.log_loss.value},
                                 {"log_loss_95", {one.log_loss.low, one.log_loss.high}}});
    });
    for (const auto& [name, difference] : differences_) {
      out["auc_difference"][name] = {{"value", difference.value}, {"auc_95", {difference.low, difference.high}}};
    }
    return out;
  }

  Loaded<bool> write() {
    if (options_.out.empty() || learner_ == nullptr) return true;
    model::ModelFile file;
    file.kind = learner_->kind();
    file.schema = schema_;
    file.training = training_record().dump();
    learner_->save(file);
    if (options_.residual) rates_->save(file);
    if (split_.rows_of(Part::holdout) > 0) learning::save(platt_, isotonic_, file);
    const auto written = model::write_model(options_.out, file);
    if (!written) return problem(options_.out + ": " + written.error().what);
    return true;
  }

  const TrainResponseOptions& options_;
  const base::Clock& clock_;
  std::ostream& err_;
  ResponseSplit split_;
  std::vector<std::string> fields_;
  std::optional<std::uint32_t> field_, baseline_field_, segment_field_;
  double base_rate_ = 0, rows_per_second_ = 0;
  std::uint64_t data_hash_ = 0;
  std::string schema_;
  std::unique_ptr<learning::Learner> learner_;
  std::optional<learning::RateTable> rates_;  ///< of the baseline's field
  learning::Platt platt_;
  learning::Isotonic isotonic_;
  JudgedRows judged_;
  std::vector<ResponseFigures> figures_;
  std::optional<Segments> segments_;
  learning::ValueNames value_names_;
  std::vector<std::pair<std::string, std::vector<SegmentFigures>>> by_segment_;  ///< by predictor
  std::map<std::string, experiments::Interval> differences_;
};

/// Empty if the options can be run.
std::string wrong_options(const TrainResponseOptions& options) {
  if (options.model != "ftrl" && options.model != "fwfm" && options.model != "dcn" && options.model != "none") {
    return "--model '" + options.model + "': expected ftrl, fwfm, dcn or none";
  }
  if (options.bits < 1 || options.bits > 26) return "--bits: expected 1 to 26";
  if (options.epochs < 1) return "--epochs: expected at least 1";
  if (!(options.alpha > 0) || !(options.beta >= 0) || !(options.l1 >= 0) || !(options.l2 >= 0)) {
    return "--alpha above 0, --beta, --l1 and --l2 at least 0";
  }
  if (!(options.rate > 0) || !(options.dense_rate > 0) || !(options.decay >= 0)) {
    return "--rate and --dense-rate above 0, --decay at least 0";
  }
  if (options.cross < 0 || options.cross > 8 || options.rank < 0 || options.rank > 512) return "--cross 0 to 8, --rank 0 to 512";
  if (options.residual && (options.baseline.empty() || options.model == "none" || options.epochs != 1)) {
    return "--residual: needs --baseline, a model, and one epoch: the rates of a second have seen the row itself";
  }
  if (options.bootstrap < 0) return "--bootstrap: expected at least 0";
  return "";
}

}  // namespace

int train_response(const TrainResponseOptions& options, const base::Clock& clock, std::ostream& out, std::ostream& err) {
  if (const std::string wrong = wrong_options(options); !wrong.empty()) {
    err << "bandstand-lab: " << wrong << '\n';
    return 2;
  }
  Training training(options, clock, err);
  if (const auto done = training.run(); !done) {
    err << "bandstand-lab: " << done.error() << '\n';
    return 1;
  }
  training.print(out);
  return 0;
}

}  // namespace bandstand::app
