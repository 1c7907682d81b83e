// train_profile: reads, trains or counts, ranks what was really clicked next, and says how sure the figures are.
#include "app/train_profile.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <tuple>

#include "app/logged_data.h"
#include "app/logged_visits.h"
#include "app/train_profile_counting.h"
#include "app/train_profile_network.h"
#include "base/rng.h"
#include "base/spelling.h"
#include "experiments/table.h"
#include "learning/sequence/ranking.h"
#include "learning/sequence/visit_reader.h"

namespace bandstand::app {
namespace {

using experiments::cell;
using learning::Loaded;
using learning::problem;
using learning::RankFigures;
using nlohmann::json;

struct Spread {
  double low = 0, high = 0;
};

/// Percentile bootstrap over visits of recall and of MRR.
std::pair<Spread, Spread> bootstrap(const std::vector<std::uint32_t>& ranks, const std::vector<std::size_t>& visits, int samples,
                                    std::uint64_t seed) {
  std::vector<RankFigures> each(visits.empty() ? 0 : visits.back() + 1);
  for (std::size_t i = 0; i < ranks.size(); ++i) each[visits[i]].add(ranks[i]);
  std::vector<double> recalls, mrrs;
  base::Rng rng(seed);
  for (int sample = 0; sample < samples; ++sample) {
    RankFigures sum;
    for (std::size_t i = 0; i < each.size(); ++i) {
      const RankFigures& one = each[rng.below(each.size())];
      sum.targets += one.targets;
      sum.hits += one.hits;
      sum.reciprocals += one.reciprocals;
    }
    recalls.push_back(sum.recall());
    mrrs.push_back(sum.mrr());
  }
  const auto spread = [](std::vector<double>& values) {
    std::sort(values.begin(), values.end());
    const auto at = [&](double q) { return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))]; };
    return Spread{at(.025), at(.975)};
  };
  return {spread(recalls), spread(mrrs)};
}

class ProfileRun {
 public:
  ProfileRun(const TrainProfileOptions& options, const base::Clock& clock, std::ostream& err)
      : options_(options), clock_(clock), err_(err) {}

  Loaded<bool> run() {
    if (auto done = learn(); !done) return done;
    return judge();
  }

  void print(std::ostream& out) const {
    if (options_.json) {
      out << report().dump(2) << '\n';
      return;
    }
    if (options_.test.empty()) return;
    experiments::Table table({"model", "targets", "visits", "hits", "R@20 %", "low", "high", "MRR@20 %", "low ", "high ", "us"});
    table.add({cell(options_.model), cell(static_cast<std::int64_t>(figures_.targets)), cell(static_cast<std::int64_t>(visits_)),
               cell(static_cast<std::int64_t>(figures_.hits)), cell(100 * figures_.recall(), 4), cell(100 * recall_.low, 2),
               cell(100 * recall_.high, 2), cell(100 * figures_.mrr(), 4), cell(100 * mrr_.low, 2), cell(100 * mrr_.high, 2),
               cell(us_, 1)});
    table.print(experiments::TableFormat::aligned, out);
  }

 private:
  Loaded<bool> learn() {
    if (!options_.from.empty()) {
      auto read = read_network(options_, vocabulary_);
      if (!read) return problem(read.error());
      network_ = std::move(*read);
      return true;
    }
    auto data = load(options_.data);
    if (!data) return problem(data.error());
    err_ << learning::describe(data->intake, options_.data);
    data_ = std::move(*data);
    counted_ = count_model(options_.model, data_.visits, data_.times);
    if (counted_ != nullptr) return true;
    auto trained = train_network(options_, data_, vocabulary_, clock_, err_);
    if (!trained) return problem(trained.error());
    network_ = std::move(*trained);
    return true;
  }

  /// A file, or the log of a server.
  Loaded<learning::VisitFile> load(const std::string& name) {
    if (options_.format != kLoggedVisits) return learning::load_visits(name, options_.format, vocabulary_);
    LoggedData data;
    if (!open_logged_data(options_.config, name, data, err_)) return problem(name + ": no log to read");
    auto reader = open_logged_visits(*data.log, data.settings.serving);
    if (!reader) return problem(reader.error());
    return learning::load_visits(**reader, true, name, vocabulary_);
  }

  Loaded<bool> judge() {
    if (options_.test.empty()) return true;
    auto test = load(options_.test);
    if (!test) return problem(test.error());
    err_ << learning::describe(test->intake, options_.test);
    const base::MonoTime begin = clock_.mono();
    const auto ranks = counted_ != nullptr ? learning::rank_visits(*counted_, test->visits)
                                           : learning::rank_visits(*network_.network, test->visits);
    us_ = std::chrono::duration<double, std::micro>(clock_.mono() - begin).count() / static_cast<double>(ranks.size());
    const auto visits = learning::visits_of_targets(test->visits);
    visits_ = visits.back() + 1;
    figures_ = learning::figures_of(ranks);
    if (options_.bootstrap > 0) std::tie(recall_, mrr_) = bootstrap(ranks, visits, options_.bootstrap, options_.seed);
    return true;
  }

  [[nodiscard]] json report() const {
    json out{{"model", options_.model}, {"targets", figures_.targets}, {"visits", visits_}, {"hits", figures_.hits},
             {"recall_20", figures_.recall()}, {"recall_20_95", {recall_.low, recall_.high}}, {"mrr_20", figures_.mrr()},
             {"mrr_20_95", {mrr_.low, mrr_.high}}, {"us_a_prediction", us_}};
    if (network_.network != nullptr) out["training"] = json::parse(network_.training, nullptr, false);
    return out;
  }

  const TrainProfileOptions& options_;
  const base::Clock& clock_;
  std::ostream& err_;
  learning::Vocabulary vocabulary_;
  learning::VisitFile data_;
  std::unique_ptr<learning::NextItemModel> counted_;  ///< or
  ProfileNetwork network_;
  RankFigures figures_;
  Spread recall_, mrr_;
  std::size_t visits_ = 0;
  double us_ = 0;
};

/// Empty if the options can be run.
std::string wrong_options(const TrainProfileOptions& options) {
  const auto& models = profile_models();
  if (std::find(models.begin(), models.end(), options.model) == models.end()) {
    const std::string meant = base::nearest(options.model, models);
    return "--model '" + options.model + "': no such model" + (meant.empty() ? "" : "; did you mean '" + meant + "'?");
  }
  if (options.data.empty() == options.from.empty()) return "--data or --from: one of them";
  const bool network = options.model == "narm" || options.model == "sasrec";
  if (!network && !(options.from.empty() && options.out.empty() && options.resume.empty())) {
    return "--from, --out, --resume: for narm and sasrec; '" + options.model + "' is counted anew in seconds";
  }
  if (options.epochs < 1 || options.batch < 1 || options.halve_from < 1) return "--epochs, --batch, --halve-from: at least 1";
  if (!(options.rate > 0) || !(options.l2 >= 0)) return "--rate above 0, --l2 at least 0";
  if (!(options.holdout >= 0 && options.holdout < 1)) return "--holdout: expected a share from 0 to below 1";
  if (options.width < 1 || options.hidden < 1 || options.window < 1) return "--width, --hidden, --window: at least 1";
  if (options.bootstrap < 0) return "--bootstrap: expected at least 0";
  return "";
}

}  // namespace

const std::vector<std::string>& profile_models() {
  static const std::vector<std::string> models{"ar", "itemknn", "markov", "narm", "pop", "sasrec", "spop", "sr", "vsknn"};
  return models;
}

int train_profile(const TrainProfileOptions& options, const base::Clock& clock, std::ostream& out, std::ostream& err) {
  if (const std::string wrong = wrong_options(options); !wrong.empty()) {
    err << "bandstand-lab: " << wrong << '\n';
    return 2;
  }
  ProfileRun run(options, clock, err);
  if (const auto done = run.run(); !done) {
    err << "bandstand-lab: " << done.error() << '\n';
    return 1;
  }
  run.print(out);
  return 0;
}

}  // namespace bandstand::app
