// train_profile_network: an epoch, a look at the held-out visits, two files; again.
#include "app/train_profile_network.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>

#include "learning/sequence/narm.h"
#include "learning/sequence/sasrec.h"

namespace bandstand::app {
namespace {

using learning::Loaded;
using learning::problem;
using nlohmann::json;

std::string text(const char* form, auto... values) {
  char out[256];
  std::snprintf(out, sizeof out, form, values...);
  return out;
}

json json_of(const std::vector<ProfileEpoch>& curve) {
  json out = json::array();
  for (const ProfileEpoch& one : curve) {
    out.push_back({{"epoch", one.epoch}, {"rate", one.rate}, {"loss", one.loss}, {"recall_20", one.recall}, {"mrr_20", one.mrr},
                   {"seconds", one.seconds}});
  }
  return out;
}

class NetworkRun {
 public:
  NetworkRun(const TrainProfileOptions& options, const learning::VisitFile& data, const learning::Vocabulary& vocabulary,
             const base::Clock& clock, std::ostream& err)
      : options_(options), data_(data), clock_(clock), err_(err), schema_(schema_of(options, vocabulary)),
        network_(make_network(options, vocabulary.trained)) {
    const std::size_t visits = data.visits.size();
    const auto held = static_cast<std::size_t>(options.holdout * static_cast<double>(visits));
    train_ = data.visits.part(0, visits - held);
    held_ = data.visits.part(visits - held, visits);
  }

  Loaded<ProfileNetwork> run() {
    learning::NetworkTraining training(*network_, train_,
                                       {options_.batch, static_cast<float>(options_.rate), options_.halve_from,
                                        static_cast<float>(options_.l2), options_.sampled, options_.full_from, options_.seed});
    if (auto resumed = resume(training); !resumed) return problem(resumed.error());
    err_ << text("%zu visits train with %zu examples, %zu choose the epoch with %zu\n", train_.size(), train_.targets(),
                 held_.size(), held_.targets());
    while (training.epochs_done() < options_.epochs && !tired()) {
      if (auto done = epoch(training); !done) return problem(done.error());
    }
    for (const auto& [name, parameter] : network_->parameters()) {
      if (best_.count(name) != 0) parameter->value = best_.at(name);
    }
    return ProfileNetwork{std::move(network_), curve_, record()};
  }

 private:
  static double figure(const ProfileEpoch& one) { return one.recall + one.mrr; }
  [[nodiscard]] const ProfileEpoch& best() const {
    return *std::max_element(curve_.begin(), curve_.end(),
                             [](const ProfileEpoch& a, const ProfileEpoch& b) { return figure(a) < figure(b); });
  }
  [[nodiscard]] bool tired() const {
    return !curve_.empty() && held_.targets() > 0 && curve_.back().epoch - best().epoch >= options_.patience;
  }

  Loaded<bool> resume(learning::NetworkTraining& training) {
    if (options_.resume.empty()) return true;
    const auto file = model::read_model(options_.resume);
    if (!file) return problem(options_.resume + ": " + file.error().what);
    auto fits = model::expect_model(*file, network_->kind() + ".state", schema_);
    if (fits) fits = training.load(*file);
    if (!fits) return problem(options_.resume + ": " + fits.error().what);
    const json record = json::parse(file->training, nullptr, false);
    for (const json& one : record.value("curve", json::array())) {
      curve_.push_back({one.value("epoch", 0), one.value("rate", 0.), one.value("loss", 0.), one.value("recall_20", 0.),
                        one.value("mrr_20", 0.), one.value("seconds", 0.)});
    }
    if (options_.out.empty()) return true;
    const auto kept = model::read_model(options_.out);  // the best epoch so far, which may not be the last
    if (!kept || curve_.empty()) return true;
    const auto networks = make_network(options_, static_cast<std::size_t>(network_->items().value.rows()));
    if (learning::load_parameters(*kept, *networks)) keep(*networks);
    return true;
  }

  void keep(const learning::SequenceNetwork& network) {
    for (const auto& [name, parameter] : network.parameters()) best_[name] = parameter->value;
  }

  Loaded<bool> epoch(learning::NetworkTraining& training) {
    const base::MonoTime begin = clock_.mono();
    const auto seconds = [&] { return std::chrono::duration<double>(clock_.mono() - begin).count(); };
    double told = 0;
    const auto last = training.epoch([&](const learning::TrainingProgress& now) {
      if (!std::isfinite(now.loss)) return false;
      if (seconds() < told + 10) return true;
      told = seconds();
      const double share = static_cast<double>(now.examples) / static_cast<double>(now.of);
      const double epochs_left = 1 - share + static_cast<double>(options_.epochs - now.epoch);
      err_ << text("epoch %d: %3.0f %%, loss %.4f, %.0f s, at most %.0f s left\n", now.epoch, 100 * share, now.loss, told,
                   told / share * epochs_left)
           << std::flush;
      return true;
    });
    if (!std::isfinite(last.loss)) return problem(text("the loss of epoch %d is no number: a lower --rate?", last.epoch));
    const double took = seconds();
    const auto held = learning::figures_of(learning::rank_visits(*network_, held_));
    curve_.push_back({last.epoch, static_cast<double>(training.rate_of(last.epoch)), last.loss, held.recall(), held.mrr(), took});
    err_ << text("epoch %d: loss %.4f, held out R@20 %.2f %%, MRR@20 %.2f %%, %.0f s\n", last.epoch, last.loss,
                 100 * held.recall(), 100 * held.mrr(), took)
         << std::flush;
    const bool better = best().epoch == last.epoch || held_.targets() == 0;
    if (better) keep(*network_);
    if (options_.out.empty()) return true;
    if (better) {
      if (auto written = write(training, options_.out, false); !written) return written;
    }
    return write(training, options_.out + ".state", true);
  }

  Loaded<bool> write(const learning::NetworkTraining& training, const std::string& path, bool state) {
    model::ModelFile file;
    file.kind = network_->kind() + (state ? ".state" : "");
    file.schema = schema_;
    file.training = record();
    training.save(file, state);
    const auto written = model::write_model(path, file);
    if (!written) return problem(path + ": " + written.error().what);
    return true;
  }

  [[nodiscard]] std::string record() const {
    return json{{"data", std::filesystem::path(options_.data).filename().string()},
                {"data_hash", text("xxh3:%016llx", static_cast<unsigned long long>(data_.intake.hash))},
                {"format", options_.format}, {"seed", options_.seed}, {"batch", options_.batch}, {"rate", options_.rate},
                {"halve_from", options_.halve_from}, {"l2", options_.l2}, {"dropout", options_.dropout},
                {"holdout", options_.holdout}, {"examples", train_.targets()}, {"sampled", options_.sampled},
                {"full_from", options_.full_from}, {"curve", json_of(curve_)}}
        .dump();
  }

  const TrainProfileOptions& options_;
  const learning::VisitFile& data_;
  const base::Clock& clock_;
  std::ostream& err_;
  std::string schema_;
  std::unique_ptr<learning::SequenceNetwork> network_;
  learning::Visits train_, held_;
  std::vector<ProfileEpoch> curve_;
  std::map<std::string, learning::Matrix> best_;
};

}  // namespace

std::unique_ptr<learning::SequenceNetwork> make_network(const TrainProfileOptions& options, std::size_t items) {
  const auto count = static_cast<Eigen::Index>(items);
  if (options.model == "sasrec") {
    return std::make_unique<learning::Sasrec>(
        count, learning::SasrecOptions{.width = options.width, .window = options.window,
                                       .dropout = static_cast<float>(options.dropout), .seed = options.seed});
  }
  return std::make_unique<learning::Narm>(
      count, learning::NarmOptions{.width = options.width, .hidden = options.hidden, .window = options.window,
                                   .seed = options.seed});
}

std::string schema_of(const TrainProfileOptions& options, const learning::Vocabulary& vocabulary) {
  const std::vector<std::uint64_t> ids(vocabulary.ids.begin(),
                                       vocabulary.ids.begin() + static_cast<std::ptrdiff_t>(vocabulary.trained));
  return json{{"items", ids}, {"width", options.width}, {"hidden", options.hidden}, {"window", options.window}}.dump();
}

Loaded<ProfileNetwork> train_network(const TrainProfileOptions& options, const learning::VisitFile& data,
                                     const learning::Vocabulary& vocabulary, const base::Clock& clock, std::ostream& err) {
  return NetworkRun(options, data, vocabulary, clock, err).run();
}

model::ModelFile network_file(const ProfileNetwork& network, const TrainProfileOptions& options,
                              const learning::Vocabulary& vocabulary) {
  model::ModelFile file{network.network->kind(), schema_of(options, vocabulary), network.training, {}};
  learning::save_parameters(*network.network, file);
  return file;
}

Loaded<ProfileNetwork> read_network(const TrainProfileOptions& options, learning::Vocabulary& vocabulary) {
  const auto file = model::read_model(options.from);
  if (!file) return problem(options.from + ": " + file.error().what);
  const json schema = json::parse(file->schema, nullptr, false);
  if (!schema.is_object() || !schema.contains("items")) return problem(options.from + ": its schema names no items");
  TrainProfileOptions shape = options;
  shape.width = schema.value("width", 0);
  shape.hidden = schema.value("hidden", 0);
  shape.window = schema.value("window", 0);
  vocabulary.ids = schema["items"].get<std::vector<std::uint64_t>>();
  vocabulary.trained = vocabulary.ids.size();
  ProfileNetwork out{make_network(shape, vocabulary.trained), {}, file->training};
  auto fits = model::expect_model(*file, out.network->kind(), schema_of(shape, vocabulary));
  if (fits) fits = learning::load_parameters(*file, *out.network);
  if (!fits) return problem(options.from + ": " + fits.error().what);
  return out;
}

}  // namespace bandstand::app
