// check: reads what serve would read, and prints instead of serving.
#include "app/check.h"

#include <algorithm>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <ostream>

#include "app/settings.h"
#include "base/input.h"
#include "orchestrator/policies.h"
#include "orchestrator/stage.h"
#include "protocol/catalogue/catalogue_reader.h"

namespace bandstand::app {
namespace {

using Json = nlohmann::ordered_json;

/// A problem and the file that has it.
struct Found {
  std::string file;
  Problem problem;
};

struct PlanRow {
  int order;
  const orchestrator::StageRow* stage;
  std::string policy;   ///< "-" for steps of the orchestrator's own
  std::string rollout;  ///< "bid.truthful shadow"
};

std::string rollout_text(const std::string& agent, const std::string& challenger,
                         const orchestrator::Rollout& rollout) {
  if (challenger.empty()) return "-";
  const std::string name = agent + "." + challenger;
  switch (rollout.mode) {
    case orchestrator::Mode::off: return name + " off";
    case orchestrator::Mode::shadow: return name + " shadow";
    case orchestrator::Mode::percent: return name + " " + std::to_string(rollout.percent) + "%";
    case orchestrator::Mode::live: return name + " live";
  }
  return name;
}

/// The table that the orchestrator walks, with who sits where by these settings.
std::vector<PlanRow> plan_of(const TeamNames& team) {
  using domain::Stage;
  std::vector<PlanRow> rows;
  for (const auto& stage : orchestrator::kStageTable) {
    PlanRow row{static_cast<int>(rows.size()) + 1, &stage, "-", "-"};
    switch (stage.stage) {
      case Stage::fraud: row.policy = orchestrator::name_of(orchestrator::kFraudRules); break;
      case Stage::profile: row.policy = orchestrator::name_of(orchestrator::kProfileRules); break;
      case Stage::targeting: row.policy = "targeting." + team.targeting; break;
      case Stage::budget: row.policy = orchestrator::name_of(orchestrator::kBudgetRules); break;
      case Stage::creative:
        row.policy = "creative." + team.creative;
        row.rollout = rollout_text("creative", team.creative_challenger, team.creative_rollout);
        break;
      case Stage::bid:
        row.policy = "bid." + team.bid;
        row.rollout = rollout_text("bid", team.bid_challenger, team.bid_rollout);
        break;
      case Stage::oversight: row.policy = orchestrator::name_of(orchestrator::kOversightRules); break;
      case Stage::consent:
      case Stage::auction:
      case Stage::reservation:
      case Stage::count_: break;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

const char* text_of(orchestrator::OnFailure on_failure) {
  return on_failure == orchestrator::OnFailure::no_bid ? "no bid" : "fallback";
}

void print_plan(const std::vector<PlanRow>& plan, std::ostream& out) {
  std::size_t wide = 8;
  for (const auto& row : plan) wide = std::max(wide, row.rollout.size());
  const auto line = [&](const auto& order, const auto& stage, const auto& share, const auto& failure,
                        const auto& each, const auto& policy, const auto& rollout, const auto& says) {
    out << std::right << std::setw(2) << order << "  " << std::left << std::setw(12) << stage << std::right
        << std::setw(6) << share << "  " << std::left << std::setw(11) << failure << std::setw(15) << each
        << std::setw(24) << policy << std::setw(static_cast<int>(wide) + 2) << rollout << says << '\n';
  };
  line("#", "stage", "share", "on failure", "per impression", "policy", "rollout", "what it says");
  for (const auto& row : plan) {
    line(row.order, name_of(row.stage->stage), std::to_string(row.stage->share_percent) + "%",
         text_of(row.stage->on_failure), row.stage->per_impression ? "yes" : "no", row.policy, row.rollout,
         row.stage->says);
  }
}

Json plan_json(const std::vector<PlanRow>& plan) {
  Json out = Json::array();
  for (const auto& row : plan) {
    out.push_back({{"order", row.order},
                   {"stage", name_of(row.stage->stage)},
                   {"share_percent", row.stage->share_percent},
                   {"on_failure", text_of(row.stage->on_failure)},
                   {"per_impression", row.stage->per_impression},
                   {"policy", row.policy},
                   {"rollout", row.rollout},
                   {"says", row.stage->says}});
  }
  return out;
}

/// In the order of the file's lines, as one mends them; what follows from a fault stands behind it.
void add(std::vector<Found>& found, const std::string& file, std::vector<Problem> problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) { return a.line < b.line; });
  for (auto& problem : problems) found.push_back({file, std::move(problem)});
}

/// What a catalogue holds, or its problems. False if it cannot be read.
bool check_catalogue(const std::string& path, const Settings& settings, std::vector<Found>& found,
                     std::string& summary) {
  const auto text = base::read_whole_file(path);
  if (!text) {
    found.push_back({path, {0, "", std::string("cannot be read: ") + text.error().what}});
    return false;
  }
  protocol::catalogue::ExchangeNames exchanges;
  for (const auto& exchange : settings.serving.exchanges) exchanges.push_back(exchange.name);
  std::vector<Problem> problems;
  std::vector<Problem> notes;
  const auto catalogue = protocol::catalogue::read_catalogue(*text, exchanges, problems, &notes);
  add(found, path, std::move(problems));
  if (catalogue == nullptr) return true;
  summary = std::to_string(catalogue->campaigns.size()) + " campaigns, " +
            std::to_string(catalogue->line_items.size()) + " line items, " +
            std::to_string(catalogue->creatives.size()) + " creatives";
  for (const Problem& note : notes) summary += "; " + note.field + ": " + note.what;
  return true;
}

}  // namespace

int check(const CheckOptions& options, std::ostream& out, std::ostream& err) {
  if (options.schema || options.reference) {
    out << (options.schema ? settings_schema() : settings_reference());
    return 0;
  }
  std::vector<Found> found;
  bool readable = true;
  std::vector<Problem> problems;
  auto loaded = load_settings(options.config, problems);
  if (!loaded) {
    readable = false;
    problems.push_back({0, "", std::string("cannot be read: ") + loaded.error().what});
  }
  const std::string file = options.config.empty() ? "(defaults)" : options.config;
  add(found, file, std::move(problems));
  const Settings settings = loaded ? std::move(*loaded) : Settings{};
  const std::string catalogue = options.catalogue.empty() ? settings.catalogue : options.catalogue;
  std::string summary;
  if (loaded && !catalogue.empty())
    readable = check_catalogue(catalogue, settings, found, summary) && readable;

  const auto plan = plan_of(settings.team);
  if (options.json) {
    Json object{{"ok", found.empty()}, {"problems", Json::array()}};
    for (const auto& [where, problem] : found) {
      object["problems"].push_back(
          {{"file", where}, {"line", problem.line}, {"field", problem.field}, {"what", problem.what}});
    }
    if (loaded) object["settings"] = Json::parse(settings_json(settings));
    if (loaded && options.plan) object["plan"] = plan_json(plan);
    if (!summary.empty()) object["catalogue"] = summary;
    out << object.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else {
    for (const auto& [where, problem] : found) err << protocol::catalogue::print(problem, where) << '\n';
    const bool sound = loaded && found.empty();  // else the problems would scroll away
    if (sound && options.plan) print_plan(plan, out);
    if (sound && !options.plan) out << print_settings(settings);
    if (!summary.empty()) err << catalogue << ": " << summary << '\n';
    if (!found.empty()) err << found.size() << (found.size() == 1 ? " problem\n" : " problems\n");
  }
  if (!readable) return 2;
  return found.empty() ? 0 : 1;
}

}  // namespace bandstand::app
