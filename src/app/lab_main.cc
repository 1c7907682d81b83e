// lab_main: the verbs of bandstand-lab, where models are trained and measured.
#include <CLI/CLI.hpp>
#include <iostream>

#include "app/lab_delays.h"
#include "app/train_fraud.h"
#include "app/train_response.h"
#include "base/clock.h"

int main(int argc, char** argv) {
  CLI::App app{"Bandstand's laboratory: trains models from data and from simulated worlds", "bandstand-lab"};
  app.require_subcommand(1);
  app.set_version_flag("--version", "bandstand-lab 0.1.0");
  const bandstand::base::SystemClock clock;
  int code = 0;

  auto* train = app.add_subcommand("train", "train a model from a data set and write it to a file");
  train->require_subcommand(1);
  bandstand::app::TrainResponseOptions response;
  auto* response_verb = train->add_subcommand("response", "click or conversion rates: FTRL or FwFM, with calibration");
  response_verb->add_option("--data", response.data, "file, plain or compressed; or a click world: linear,rows=1000000,seed=1")
      ->required();
  response_verb
      ->add_option("--format", response.format, "avazu, criteo, csv, libffm, libsvm, talkingdata, theta or click_world")
      ->required();
  response_verb->add_option("--mapping", response.mapping, "what the columns mean, for --format csv");
  response_verb->add_option("--model", response.model, "ftrl, fwfm, or none: judge the file's own predictions")
      ->capture_default_str();
  response_verb->add_option("--test", response.test, "file that judges");
  response_verb->add_option("--split", response.split, "or: time:0.8, time:2017-11-08 or rows:0.8 of --data train");
  response_verb->add_option("--holdout", response.holdout, "last share of the training rows, which fits the calibration")
      ->capture_default_str();
  response_verb->add_option("--field", response.field, "whose calibration is looked at (default: the first)");
  response_verb->add_option("--baseline", response.baseline, "field whose smoothed rate alone is a predictor too");
  response_verb->add_flag("--residual", response.residual, "the model learns what --baseline leaves (one epoch)");
  response_verb->add_flag("--in-time-order", response.in_time_order,
                          "learn from earlier rows first, whatever the file's order (training rows in memory)");
  response_verb->add_option("--won-at", response.won_at,
                            "figures on won rows too: bid so much at the base rate, in proportion to the prediction");
  response_verb->add_option("--resume", response.resume, "model file to go on from");
  response_verb->add_option("--out", response.out, "model file, written after each epoch");
  response_verb->add_option("--epochs", response.epochs, "passes over the data")->capture_default_str();
  response_verb->add_option("--seed", response.seed, "of first values and of the bootstrap")->capture_default_str();
  response_verb->add_option("--bits", response.bits, "2^bits hashed features")->capture_default_str();
  response_verb->add_option("--alpha", response.alpha, "FTRL: learning rate")->capture_default_str();
  response_verb->add_option("--beta", response.beta, "FTRL")->capture_default_str();
  response_verb->add_option("--l1", response.l1, "FTRL")->capture_default_str();
  response_verb->add_option("--l2", response.l2, "FTRL")->capture_default_str();
  response_verb->add_option("--rate", response.rate, "FwFM: AdaGrad's rate")->capture_default_str();
  response_verb->add_option("--decay", response.decay, "FwFM: L2")->capture_default_str();
  response_verb->add_option("--bootstrap", response.bootstrap, "resamples for the interval of the AUC; 0: none")
      ->capture_default_str();
  response_verb->add_flag("--json", response.json, "machine-readable");
  response_verb->callback([&] { code = bandstand::app::train_response(response, clock, std::cout, std::cerr); });

  bandstand::app::TrainFraudOptions fraud;
  auto* fraud_verb = train->add_subcommand("fraud", "what is no customer: from attacks on simulated worlds");
  fraud_verb->add_option("--seeds", fraud.seeds, "worlds to train on")->capture_default_str();
  fraud_verb->add_option("--test", fraud.test, "worlds that judge")->capture_default_str();
  fraud_verb->add_option("--out", fraud.out, "model file");
  fraud_verb->add_option("--epochs", fraud.epochs, "passes over the requests")->capture_default_str();
  fraud_verb->add_option("--rate", fraud.rate, "AdaGrad's rate")->capture_default_str();
  fraud_verb->add_option("--decay", fraud.decay, "L2")->capture_default_str();
  fraud_verb->add_option("--valid-share", fraud.valid_share, "the public's part of the traffic to come")->capture_default_str();
  fraud_verb->callback([&] { code = bandstand::app::train_fraud(fraud, std::cout, std::cerr); });

  auto* measure = app.add_subcommand("measure", "ways of learning side by side in a world of known truth");
  measure->require_subcommand(1);
  bandstand::app::LabDelaysOptions delays;
  auto* delays_verb = measure->add_subcommand("delays", "conversion rates from a log in which some are still to come");
  delays_verb->add_option("--clicks", delays.clicks, "in the log")->capture_default_str();
  delays_verb->add_option("--days", delays.days, "length of the log")->capture_default_str();
  delays_verb->add_option("--epochs", delays.epochs, "passes over the log")->capture_default_str();
  delays_verb->add_option("--seed", delays.seed, "of the first world")->capture_default_str();
  delays_verb->add_option("--seeds", delays.seeds, "worlds")->capture_default_str();
  delays_verb->add_flag("--json", delays.json, "machine-readable");
  delays_verb->callback([&] { code = bandstand::app::lab_delays(delays, std::cout, std::cerr); });

  CLI11_PARSE(app, argc, argv);
  return code;
}
