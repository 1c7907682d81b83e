// train_creative: log, training, file.
#include "app/train_creative.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "agents/creative/learned_response.h"
#include "app/decision_log.h"
#include "app/logged_data.h"
#include "base/hash.h"
#include "experiments/creative_training.h"

namespace bandstand::app {
namespace {

/// Of what was learned from: bids and whether they were clicked on.
std::string hash_of(const std::vector<domain::Outcome>& outcomes) {
  std::uint64_t hash = 0;
  for (const auto& outcome : outcomes) {
    const auto told = static_cast<std::uint64_t>(outcome.kind) << 2 | (outcome.won ? 2u : 0u) | (outcome.clicked ? 1u : 0u);
    hash = base::mix64(hash ^ outcome.facts.bid.hi) ^ base::mix64(outcome.facts.bid.lo ^ told << 48);
  }
  char text[24];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

/// The moment before which this share of the time lies in which bids were made.
base::WallTime share_of_time(const std::vector<domain::Outcome>& outcomes, double share) {
  if (outcomes.empty()) return {};
  const auto earlier = [](const auto& a, const auto& b) { return a.facts.at_time < b.facts.at_time; };
  const auto [first, last] = std::minmax_element(outcomes.begin(), outcomes.end(), earlier);
  const base::WallTime begin = first->facts.at_time;
  const auto length = static_cast<double>((last->facts.at_time - begin).count());
  return begin + base::Duration{static_cast<std::int64_t>(share * length) + 1};
}

}  // namespace

int train_creative(const TrainCreativeOptions& options, std::ostream& out, std::ostream& err) {
  if (!(options.share > 0 && options.share <= 1)) {
    err << "bandstand-lab: --share: above 0, at most 1\n";
    return 2;
  }
  if (options.rounds < 0 || options.rounds > 10) {
    err << "bandstand-lab: --rounds: from 0 to 10\n";
    return 2;
  }
  LoggedData data;
  if (!open_logged_data(options.config, options.data, data, err)) return 2;
  const auto log = read_decision_log(*data.log, data.settings.serving, data.settings.team);
  if (!log) {
    err << "bandstand-lab: " << data.folder << ": " << log.error().what << "\n";
    return 2;
  }
  out << log->decisions << " decisions with bids, " << log->unreadable << " unreadable, " << log->outcomes.size()
      << " outcomes\n";
  if (log->catalogue == nullptr) {
    err << "bandstand-lab: " << data.folder << ": no decision to learn from\n";
    return 2;
  }
  const base::WallTime until = share_of_time(log->outcomes, options.share);
  const auto trained =
      experiments::train_creative(log->catalogue, log->outcomes, {.until = until, .rounds = options.rounds}, &out);
  out << trained.impressions << " impressions, " << trained.clicks << " clicks\n";
  if (trained.clicks == 0) {
    const auto window = std::chrono::duration_cast<std::chrono::minutes>(data.settings.serving.matcher.click_window);
    err << "bandstand-lab: " << data.folder << ": no impression with a click is " << window.count()
        << " minutes old, which is when its click window closes (matcher.click_window_s)\n";
    return 2;
  }
  const nlohmann::json record{{"data", hash_of(log->outcomes)},
                              {"impressions", trained.impressions},
                              {"clicks", trained.clicks},
                              {"rounds", options.rounds},
                              {"until_ns", until.ns},
                              {"log_loss_default", trained.before.loss},
                              {"log_loss", trained.chosen.loss}};
  const auto written = model::write_model(options.out, agents::creative::to_file(*trained.model, record.dump()));
  if (!written) {
    err << "bandstand-lab: " << options.out << ": " << written.error().what << "\n";
    return 2;
  }
  out << "wrote " << options.out << "; next:\n  bandstand evaluate --format bandstand --log " << data.folder << " --model "
      << options.out << " --json > evaluation.json\n  bandstand model publish creative " << options.out << "\n";
  return 0;
}

}  // namespace bandstand::app
