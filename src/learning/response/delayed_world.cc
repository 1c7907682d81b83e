// delayed_world: draws a log, learns from it in several ways, judges them on fresh clicks.
#include "learning/response/delayed_world.h"

#include <array>
#include <cmath>
#include <functional>

#include "base/rng.h"
#include "learning/response/delayed_conversions.h"
#include "learning/response/ftrl.h"
#include "learning/response/metrics.h"

namespace bandstand::learning {
namespace {

constexpr std::array<std::size_t, 8> kValues{3, 4, 6, 10, 20, 40, 80, 160};
constexpr std::array<double, 3> kShare{0.335, 0.12, 0.545};  ///< of clicks on products that convert after minutes, hours, days
constexpr std::array<double, 3> kMeanDelayDays{1.0 / 144, 0.5, 8};
constexpr double kHour = 1.0 / 24, kLevel = -3.2, kWeightSpread = 0.3, kDelaySpread = 0.1;

struct Click {
  std::vector<Feature> features;
  double rate = 0;     ///< true
  bool converts = false;
  double delay_days = 0;
  double age_days = 0;  ///< at the end of the log
  [[nodiscard]] bool converted_within(double days) const { return converts && delay_days <= days; }
};

class World {
 public:
  explicit World(std::uint64_t seed) : rng_(seed) {
    for (std::size_t field = 0; field < kValues.size(); ++field) {
      for (std::size_t value = 0; value < kValues[field]; ++value) {
        weights_[field].push_back(field == 0 ? 0 : kWeightSpread * rng_.normal());
        log_delays_[field].push_back(field == 0 ? 0 : kDelaySpread * rng_.normal());
      }
    }
  }

  Click click(double days) {
    Click click;
    double logit = kLevel, log_delay = 0;
    for (std::uint32_t field = 0; field < kValues.size(); ++field) {
      const std::size_t value = field == 0 ? product() : rng_.below(kValues[field]);
      if (field == 0) log_delay = std::log(kMeanDelayDays[value]);
      logit += weights_[field][value];
      log_delay += log_delays_[field][value];
      click.features.push_back({base::mix64(base::mix64(field) ^ value), field, 1});
    }
    click.rate = sigmoid(logit);
    click.converts = rng_.chance(click.rate);
    click.delay_days = std::exp(log_delay) * rng_.exponential();
    click.age_days = days * rng_.uniform();
    return click;
  }

 private:
  std::size_t product() {
    const double u = rng_.uniform();
    return u < kShare[0] ? 0 : u < kShare[0] + kShare[1] ? 1 : 2;
  }

  base::Rng rng_;
  std::array<std::vector<double>, kValues.size()> weights_, log_delays_;
};

using Predict = std::function<double(const Click&)>;

DelayedFigure judge(std::string name, const std::vector<Click>& fresh, const Predict& predict) {
  DelayedFigure figure{std::move(name)};
  std::vector<double> p;
  std::vector<std::uint8_t> y;
  double predicted = 0, truth = 0;
  for (const Click& click : fresh) {
    p.push_back(predict(click));
    y.push_back(click.converts);
    predicted += p.back();
    truth += click.rate;
  }
  figure.bias = predicted / truth - 1;
  figure.log_loss = log_loss(p, y);
  return figure;
}

Ftrl learn_labels(const std::vector<Click>& log, int epochs, const std::function<bool(const Click&)>& label) {
  Ftrl model({.bits = 16});
  for (int epoch = 0; epoch < epochs; ++epoch) {
    for (const Click& click : log) model.learn(click.features, label(click));
  }
  return model;
}

DelayedConversions learn_delayed(const std::vector<Click>& log, int epochs) {
  DelayedConversions model({});
  for (int epoch = 0; epoch < epochs; ++epoch) {
    for (const Click& click : log) {
      DelayedClick known{.delay_days = {}, .elapsed_days = click.age_days};
      if (click.converted_within(click.age_days)) known.delay_days = click.delay_days;
      model.learn(click.features, known);
    }
  }
  return model;
}

}  // namespace

std::vector<DelayedFigure> measure_delayed_world(const DelayedWorldOptions& options) {
  World world(options.seed);
  std::vector<Click> log, last_day, fresh;
  for (std::uint64_t i = 0; i < options.clicks; ++i) {
    log.push_back(world.click(options.days));
    if (log.back().age_days <= 1) last_day.push_back(log.back());
  }
  for (std::uint64_t i = 0; i < options.clicks; ++i) fresh.push_back(world.click(options.days));
  std::vector<DelayedFigure> figures;
  const auto by_label = [&](const char* name, const std::function<bool(const Click&)>& label) {
    const Ftrl model = learn_labels(log, options.epochs, label);
    figures.push_back(judge(name, fresh, [&](const Click& click) { return model.predict(click.features); }));
  };
  const auto by_delay = [&](const char* name, const std::vector<Click>& clicks) {
    const DelayedConversions model = learn_delayed(clicks, options.epochs);
    figures.push_back(judge(name, fresh, [&](const Click& click) { return model.predict(click.features); }));
  };
  by_label("within an hour", [](const Click& click) { return click.converted_within(kHour); });
  by_label("within a day", [](const Click& click) { return click.converted_within(1); });
  by_label("seen so far", [](const Click& click) { return click.converted_within(click.age_days); });
  by_delay("delayed", log);
  by_delay("delayed, last day", last_day);
  by_label("clairvoyant", [](const Click& click) { return click.converts; });
  figures.push_back(judge("true rate", fresh, [](const Click& click) { return click.rate; }));
  return figures;
}

}  // namespace bandstand::learning
