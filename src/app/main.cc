// main: the verbs of bandstand.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>

#include "app/check.h"
#include "app/demo.h"
#include "app/evaluate.h"
#include "app/model_verbs.h"
#include "app/replay_decision.h"
#include "app/replay_openrtb.h"
#include "app/serve.h"
#include "app/simulate.h"
#include "app/simulate_fraud.h"
#include "app/simulate_learning.h"
#include "app/simulate_pacing.h"
#include "base/spelling.h"
#include "base/clock.h"
#include "experiments/replay_bidding.h"
#include "experiments/replay_creatives.h"
#include "simulation/ledger_sim.h"

namespace {

bandstand::experiments::TableFormat table_format(bool tsv, bool json) {
  using bandstand::experiments::TableFormat;
  return json ? TableFormat::json : tsv ? TableFormat::tsv : TableFormat::aligned;
}

void add_model(CLI::App& app, bandstand::app::ModelOptions& options, int& code) {
  using bandstand::app::model_verb;
  using Verb = bandstand::app::ModelVerb;
  auto* model = app.add_subcommand("model", "trained models on a running server: publish, list, roll out, roll back");
  model->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, Verb verb) {
    auto* sub = model->add_subcommand(name, what);
    sub->add_option("--server", options.server, "the operators' address of the server")->capture_default_str();
    sub->add_option("--token-file", options.token_file, "file with the operators' token, if the server asks for one");
    sub->add_flag("--json", options.json, "the server's answer as it is");
    sub->callback([&, verb] { code = model_verb(verb, options, std::cout, std::cerr); });
    return sub;
  };
  auto* publish =
      add("publish", "hand a model file to the server; nobody answers with it before it is rolled out", Verb::publish);
  publish->add_option("agent", options.agent, "creative, bid, fraud or profile")->required();
  publish->add_option("file", options.file, "what bandstand-lab train wrote")->required();
  add("list", "models, and who answers with which", Verb::list);
  auto* rollout = add("rollout", "who answers with a model from now on", Verb::rollout);
  rollout->add_option("agent", options.agent, "creative, bid, fraud or profile")->required();
  rollout->add_option("version", options.version, "as publish printed it")->required();
  rollout->add_option("rollout", options.rollout, "off, shadow, percent:N or live")->required();
  rollout->add_option("--evaluation", options.evaluation,
                      "what evaluate --json printed of this model; needed by percent and live");
  rollout->add_option("--override", options.override_reason, "or: why to do without; kept in the log");
  auto* rollback = add("rollback", "back to what was live before, or to the default policy", Verb::rollback);
  rollback->add_option("agent", options.agent, "creative, bid, fraud or profile")->required();
}

void add_replay_creatives(CLI::App& replay, bandstand::experiments::ReplayCreativesOptions& options, bool& tsv, bool& json,
                          int& code) {
  auto* verb = replay.add_subcommand("creatives", "choose creatives of known click rates with all policies side by side");
  verb->add_option("--protocol", options.protocol, "aes, delay or world")->capture_default_str();
  verb->add_option("--policies", options.policies, "all, or names: linear_ts,structured_ts (aes, world)")
      ->capture_default_str();
  verb->add_option("--seeds", options.seeds, "a range, A..B")->capture_default_str();
  verb->add_option("--table", options.table, "creatives, their elements and click rates (aes)");
  verb->add_option("--tree", options.tree, "which elements depend on each other (aes)");
  verb->add_option("--baseline", options.baseline,
                   "what regrets are compared with (default: linear_ts in aes, production_thompson in world)");
  verb->add_option("--horizons", options.horizons, "impressions after which regret is taken (aes)")->capture_default_str();
  verb->add_option("--steps", options.steps, "plays a run (delay)")->capture_default_str();
  verb->add_option("--base-rate", options.base_rate, "clicks an impression (world)")->capture_default_str();
  verb->add_flag("--tsv", tsv, "tab-separated");
  verb->add_flag("--json", json, "JSON");
  verb->callback([&] {
    options.format = table_format(tsv, json);
    code = bandstand::experiments::replay_creatives(options, std::cout, std::cerr);
  });
}

/// The simulator reads its own arguments; these are what the help shows and what is passed on.
struct LedgerSimArguments {
  std::string seeds, seed, events, bug;
  bool keep_going = false, json = false;

  /// Valid as long as this is.
  std::vector<const char*> all() const {
    std::vector<const char*> out;
    const auto add = [&](const char* name, const std::string& value) {
      if (!value.empty()) out.insert(out.end(), {name, value.c_str()});
    };
    add("--seeds", seeds);
    add("--seed", seed);
    add("--events", events);
    add("--bug", bug);
    if (keep_going) out.push_back("--keep-going");
    if (json) out.push_back("--json");
    return out;
  }
};

/// For what nobody took: the nearest flag of the verb that was named, or the nearest verb.
std::vector<std::string> suggestions(CLI::App& app) {
  CLI::App* verb = &app;
  while (!verb->get_subcommands().empty()) verb = verb->get_subcommands().front();
  std::vector<std::string> flags;
  std::vector<std::string> verbs;
  for (const CLI::Option* option : verb->get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  for (const CLI::App* below : verb->get_subcommands([](const CLI::App*) { return true; }))
    verbs.push_back(below->get_name());
  std::vector<std::string> out;
  for (const std::string& word : app.remaining(true)) {
    const bool is_flag = word.substr(0, 1) == "-";
    const std::string meant =
        bandstand::base::nearest(word.substr(0, word.find('=')), is_flag ? flags : verbs);
    if (!meant.empty()) out.push_back(word + ": did you mean '" + meant + "'?");
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Bandstand: a self-hosted advertising decision server", "bandstand"};
  app.require_subcommand(1);
  app.set_version_flag("--version", "bandstand 0.1.0");
  int code = 0;

  bandstand::app::ServeOptions serve;
  auto* serve_verb =
      app.add_subcommand("serve", "serve bid requests, decisions, notices and the operators' API");
  serve_verb->add_option("--config", serve.config, "settings file (bandstand.toml)");
  serve_verb->add_option("--data", serve.data, "data directory (default: data)");
  serve_verb->add_option("--catalogue", serve.catalogue,
                         "catalogue file, JSON or YAML (default: the sample catalogue)");
  serve_verb->add_option("--listen", serve.listen,
                         "public address; port 0 picks a free one (default: 127.0.0.1:8080)");
  serve_verb->add_option("--admin", serve.admin, "operators' address (default: 127.0.0.1:8081)");
  serve_verb->callback([&] { code = bandstand::app::serve(serve); });

  bandstand::app::DemoOptions demo;
  auto* demo_verb = app.add_subcommand("demo", "a server, a simulated exchange against it, and a live view");
  demo_verb->add_option("--seconds", demo.seconds, "end by itself with a summary; 0: until interrupted")
      ->capture_default_str();
  demo_verb->add_option("--rate", demo.requests_per_second, "requests a second, mean of the day")
      ->capture_default_str();
  demo_verb->add_option("--seed", demo.seed, "of the world")->capture_default_str();
  demo_verb->add_option("--data", demo.data, "data directory (default: a temporary one)");
  demo_verb->add_option("--listen", demo.listen, "public address")->capture_default_str();
  demo_verb->add_option("--admin", demo.admin, "operators' address")->capture_default_str();
  demo_verb->callback([&] { code = bandstand::app::demo(demo); });

  bandstand::app::SimulateOptions simulate;
  auto* simulate_verb =
      app.add_subcommand("simulate", "a simulated world around the production code, in virtual time");
  simulate_verb->add_option("--seed", simulate.seed, "of the world")->capture_default_str();
  simulate_verb->add_option("--seconds", simulate.seconds, "length, of virtual time")->capture_default_str();
  simulate_verb->add_option("--rate", simulate.requests_per_second, "requests a second")
      ->capture_default_str();
  simulate_verb->add_option("--catalogue", simulate.catalogue,
                            "catalogue file (default: the sample catalogue)");
  simulate_verb
      ->add_option("--pacing", simulate.pacing,
                   "receding_horizon, log_pi, dual, textbook_pi, throttle or none")
      ->capture_default_str();
  simulate_verb->add_option("--creative", simulate.team.creative, "creative policy")->capture_default_str();
  simulate_verb->add_option("--bid", simulate.team.bid, "bid policy")->capture_default_str();
  simulate_verb->add_option("--targeting", simulate.team.targeting, "targeting policy")
      ->capture_default_str();
  simulate_verb->add_option("--server", simulate.server,
                            "drive a running server (host:port) in real time instead");
  simulate_verb->add_option("--account", simulate.account,
                            "write the exchange's account (JSON) to this file");
  simulate_verb->add_flag("--json", simulate.json, "machine-readable");
  bandstand::app::SimulatePacingOptions pacing;
  auto* pacing_verb = simulate_verb->add_subcommand(
      "pacing", "pacing policies side by side: under-delivery, deviation from plan, recovery from a price shock");
  pacing_verb->add_option("--seeds", pacing.seeds, "first..last, or one")->capture_default_str();
  pacing_verb->add_option("--policies", pacing.policies, "names of pacing policies")->capture_default_str();
  pacing_verb->add_option("--model", pacing.model, "a bid.residual (bandstand-lab train bid): another row with it live");
  pacing_verb->add_option("--jobs", pacing.jobs, "seeds at a time, a thread each")->capture_default_str();
  pacing_verb->add_flag("--json", pacing.json, "machine-readable");
  pacing_verb->callback([&] { code = bandstand::app::simulate_pacing(pacing, std::cout, std::cerr); });
  bandstand::app::SimulateLearningOptions learning;
  auto* learning_verb = simulate_verb->add_subcommand(
      "learning", "a creative model on its way: trained on day one, through the gate, shadow, a tenth, live on day two");
  learning_verb->add_option("--seeds", learning.seeds, "first..last, or one")->capture_default_str();
  learning_verb->add_option("--day", learning.day_seconds, "seconds into which a day is squeezed")->capture_default_str();
  learning_verb->add_option("--rate", learning.requests_per_second, "requests a second")->capture_default_str();
  learning_verb->add_option("--catalogue", learning.catalogue, "creatives (the standard creative world) or demo")
      ->capture_default_str();
  learning_verb->add_option("--write-catalogue", learning.write_catalogue, "write the catalogue to this file, and run nothing");
  learning_verb->add_flag("--calibration", learning.calibration,
                          "also: clicks promised over clicks seen on day two's won impressions, by part of the traffic");
  learning_verb->add_option("--jobs", learning.jobs, "seeds at a time, a thread each")->capture_default_str();
  learning_verb->add_flag("--json", learning.json, "machine-readable");
  learning_verb->callback([&] { code = bandstand::app::simulate_learning(learning, std::cout, std::cerr); });
  bandstand::app::SimulateFraudOptions fraud;
  auto* fraud_verb = simulate_verb->add_subcommand(
      "fraud", "fraud policies side by side, attack by attack: what is refused, how soon, what it costs");
  fraud_verb->add_option("--attacks", fraud.attacks, "all, or names of attacks")->capture_default_str();
  fraud_verb->add_option("--seeds", fraud.seeds, "first..last, or one")->capture_default_str();
  fraud_verb->add_option("--policy", fraud.policy, "none, rules, score, classifier (with --model), oracle")
      ->capture_default_str();
  fraud_verb->add_option("--model", fraud.model, "file of bandstand-lab train fraud");
  fraud_verb->add_option("--jobs", fraud.jobs, "seeds at a time, a thread each")->capture_default_str();
  fraud_verb->add_flag("--json", fraud.json, "machine-readable");
  fraud_verb->callback([&] { code = bandstand::app::simulate_fraud(fraud, std::cout, std::cerr); });
  simulate_verb->callback([&] {
    if (pacing_verb->parsed() || learning_verb->parsed() || fraud_verb->parsed()) return;
    code = bandstand::app::simulate(simulate, std::cout, std::cerr);
  });

  auto* replay =
      app.add_subcommand("replay", "run recorded data through policies, the server, or a decision again");
  replay->require_subcommand(1);
  bandstand::experiments::ReplayBiddingOptions bidding;
  bool tsv = false;
  bool json = false;
  auto* bidding_verb =
      replay->add_subcommand("bidding", "bid on recorded auctions with all policies side by side");
  bidding_verb
      ->add_option("--protocol", bidding.protocol, "rlb, sam, pid, day, shading, shading_features, learned or learned_day")
      ->capture_default_str();
  bidding_verb->add_option("--info", bidding.info, "campaign statistics (rlb, day, shading)");
  bidding_verb->add_option("--auctions", bidding.auctions,
                           "auctions, plain or compressed; - is standard input");
  bidding_verb->add_option("--train", bidding.train, "training auctions (sam, learned)");
  bidding_verb->add_option("--seeds", bidding.seeds, "trainings of each learned policy")->capture_default_str();
  bidding_verb->add_option("--training-days", bidding.training_days, "days a training (learned)")->capture_default_str();
  bidding_verb->add_option("--budget", bidding.budget, "budgets as shares of the training cost: 1/32,1/16")
      ->capture_default_str();
  bidding_verb->add_option("--episode", bidding.episode, "auctions an episode")->capture_default_str();
  bidding_verb->add_option("--policies", bidding.policies, "all, or names: mpc,rlb,lin")
      ->capture_default_str();
  bidding_verb->add_option("--ties", bidding.ties, "win or lose; default as published");
  bidding_verb->add_option("--lin-b0", bidding.lin_b0, "tuned base bids of lin");
  bidding_verb->add_option("--campaign", bidding.campaign,
                           "campaign's key in --lin-b0; default from the file's name");
  bidding_verb
      ->add_option("--bootstrap", bidding.bootstrap, "resamples for intervals of click differences; 0: none")
      ->capture_default_str();
  bidding_verb->add_option("--baseline", bidding.baseline, "what clicks are compared with")
      ->capture_default_str();
  bidding_verb->add_option("--seed", bidding.seed, "random seed")->capture_default_str();
  bidding_verb->add_flag("--tsv", tsv, "tab-separated");
  bidding_verb->add_flag("--json", json, "JSON");
  bidding_verb->callback([&] {
    bidding.format = table_format(tsv, json);
    const bandstand::base::SystemClock clock;
    bidding.clock = &clock;
    code = bandstand::experiments::replay_bidding(bidding, std::cout, std::cerr);
  });
  bandstand::experiments::ReplayCreativesOptions creatives;
  add_replay_creatives(*replay, creatives, tsv, json, code);

  bandstand::app::LoggedDecisionOptions logged;
  const auto add_logged = [&](CLI::App* verb) {
    verb->add_option("id", logged.id, "of the decision or of one of its bids")->required();
    verb->add_option("--config", logged.config, "the server's settings file (bandstand.toml)");
    verb->add_option("--data", logged.data, "data directory of the server (default: as the settings say)");
    verb->add_flag("--json", logged.json, "machine-readable");
  };
  auto* decision_verb =
      replay->add_subcommand("decision", "compute a logged decision again and compare it bit for bit");
  add_logged(decision_verb);
  decision_verb->callback([&] { code = bandstand::app::replay_decision(logged, std::cout, std::cerr); });

  bandstand::app::ReplayOpenrtbOptions recorded;
  auto* openrtb_verb = replay->add_subcommand("openrtb", "send recorded bid requests to a server");
  openrtb_verb
      ->add_option("file", recorded.file, "one request a line, plain or compressed; - is standard input")
      ->required();
  openrtb_verb->add_option("--server", recorded.server, "http://ADDRESS:PORT[/openrtb2/bid/EXCHANGE]")
      ->required();
  openrtb_verb->add_option("--speed", recorded.speed, "recorded, max, or how many times faster")
      ->capture_default_str();
  openrtb_verb->add_option("--limit", recorded.limit, "first so many lines; 0: all")->capture_default_str();
  openrtb_verb->add_flag("--json", recorded.json, "machine-readable");
  openrtb_verb->callback([&] { code = bandstand::app::replay_openrtb(recorded, std::cout, std::cerr); });

  bandstand::app::CheckOptions checked;
  auto* check_verb = app.add_subcommand("check", "check settings and catalogue; print what holds");
  check_verb->add_option("--config", checked.config, "settings file (bandstand.toml)");
  check_verb->add_option("--catalogue", checked.catalogue, "catalogue file");
  check_verb->add_flag("--plan", checked.plan, "print the stage table");
  check_verb->add_flag("--json", checked.json, "machine-readable");
  check_verb->add_flag("--schema", checked.schema, "print config/schema.json");
  check_verb->add_flag("--reference", checked.reference, "print docs/reference/settings.md");
  check_verb->callback([&] { code = bandstand::app::check(checked, std::cout, std::cerr); });

  auto* explain_verb = app.add_subcommand("explain", "why was it decided so?");
  add_logged(explain_verb);
  explain_verb->callback([&] { code = bandstand::app::explain(logged, std::cout, std::cerr); });

  bandstand::app::ModelOptions model;
  add_model(app, model, code);

  bandstand::app::EvaluateOptions evaluated;
  auto* evaluate_verb = app.add_subcommand(
      "evaluate", "would a policy earn more than the one that made this log? 0: promote, 1: no or unknown");
  evaluate_verb
      ->add_option("--format", evaluated.format, "csv, obd (Open Bandit Dataset) or bandstand (a server's data directory)")
      ->capture_default_str();
  evaluate_verb->add_option("--log", evaluated.log, "log files, plain or compressed, read as one");
  evaluate_verb->add_option("--model", evaluated.model, "bandstand: the model file that is judged");
  evaluate_verb->add_option("--config", evaluated.config, "bandstand: the server's settings file");
  evaluate_verb->add_option("--policy", evaluated.policy,
                            "obd: bts or uniform; csv: in the columns of the log");
  evaluate_verb->add_option("--prior", evaluated.prior, "obd, bts: prior_bts.yaml");
  evaluate_verb->add_option("--campaign", evaluated.campaign, "obd, bts: in the prior")
      ->capture_default_str();
  evaluate_verb->add_option("--draws", evaluated.draws, "obd, bts: simulated choices")->capture_default_str();
  evaluate_verb->add_option("--synthetic", evaluated.synthetic,
                            "rounds of a made-up world whose truth is known");
  evaluate_verb->add_option("--coverage", evaluated.coverage,
                            "worlds: how often intervals hold the truth (default: 4000 rounds each)");
  evaluate_verb->add_option("--estimator", evaluated.estimator,
                            "whose interval decides (default: dr with a model, else snips)");
  evaluate_verb->add_option("--samples", evaluated.samples, "of the bootstrap")->capture_default_str();
  evaluate_verb->add_option("--seed", evaluated.seed, "random seed")->capture_default_str();
  evaluate_verb->add_option("--svg", evaluated.svg, "write the picture to this file");
  evaluate_verb->add_flag("--json", evaluated.json, "machine-readable");
  evaluate_verb->callback([&] { code = bandstand::app::evaluate(evaluated, std::cout, std::cerr); });

  LedgerSimArguments ledger;
  auto* ledger_sim = app.add_subcommand("ledger-sim", "simulate the ledger under faults, seed by seed");
  ledger_sim->add_option("--seeds", ledger.seeds, "a range, A..B (default: 1..100)");
  ledger_sim->add_option("--seed", ledger.seed, "one seed")->excludes("--seeds");
  ledger_sim->add_option("--events", ledger.events, "go on past the last seed until so many events have run");
  ledger_sim->add_option("--bug", ledger.bug, "plant this bug, which has to be found");
  ledger_sim->add_flag("--keep-going", ledger.keep_going, "list every broken seed, not the first alone");
  ledger_sim->add_flag("--json", ledger.json, "machine-readable");
  ledger_sim->callback([&] { code = bandstand::simulation::ledger_sim_main(ledger.all()); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const auto lines = error.get_exit_code() == 0 ? std::vector<std::string>{} : suggestions(app);
    if (lines.empty()) return app.exit(error) == 0 ? 0 : 2;
    for (const std::string& line : lines) std::cerr << line << "\n";  // says more than "a subcommand is required"
    std::cerr << "Run with --help for more information.\n";
    return 2;
  }
  return code;
}
