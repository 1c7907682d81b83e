// lab_main: the verbs of bandstand-lab, where models are trained and measured.
#include <CLI/CLI.hpp>
#include <iostream>

#include "app/lab_data.h"
#include "app/lab_delays.h"
#include "app/lab_joint.h"
#include "app/lab_profile.h"
#include "app/lab_traffic.h"
#include "app/train_bid.h"
#include "app/train_creative.h"
#include "app/train_fraud.h"
#include "app/train_profile.h"
#include "app/train_response.h"
#include "base/clock.h"

int main(int argc, char** argv) {
  CLI::App app{"Bandstand's laboratory: trains models from data and from simulated worlds", "bandstand-lab"};
  app.require_subcommand(1);
  app.set_version_flag("--version", "bandstand-lab 0.1.0");
  const bandstand::base::SystemClock clock;
  int code = 0;

  bandstand::learning::DatasetOptions data;
  auto* data_verb = app.add_subcommand("data", "read a data set to its end: rows, positives, what was refused and where");
  data_verb->add_option("--data", data.file, "file, plain or compressed; - is standard input")->required();
  data_verb->add_option("--format", data.format, "as in train response; no click_world")->required();
  data_verb->add_option("--mapping", data.mapping, "what the columns mean, for --format csv");
  data_verb->add_option("--responses", data.responses, "click or conversion logs, for --format ipinyou");
  data_verb->callback([&] { code = bandstand::app::read_data(data, clock, std::cout, std::cerr); });

  auto* train = app.add_subcommand("train", "train a model from a data set and write it to a file");
  train->require_subcommand(1);
  bandstand::app::TrainResponseOptions response;
  auto* response_verb = train->add_subcommand("response", "click or conversion rates: FTRL, FwFM or DCN-v2, with calibration");
  response_verb->add_option("--data", response.data, "file, plain or compressed; or a click world: linear,rows=1000000,seed=1")
      ->required();
  response_verb
      ->add_option("--format", response.format,
                   "avazu, criteo, csv, ipinyou, ipinyou_tags, libffm, libsvm, openrtb, talkingdata, theta or click_world")
      ->required();
  response_verb->add_option("--mapping", response.mapping, "what the columns mean, for --format csv");
  response_verb->add_option("--responses", response.responses, "click or conversion logs, for --format ipinyou");
  response_verb->add_option("--model", response.model, "ftrl, fwfm, dcn, or none: judge the file's own predictions")
      ->capture_default_str();
  response_verb->add_option("--test", response.test, "file that judges");
  response_verb->add_option("--split", response.split, "or: time:0.8, time:2017-11-08 or rows:0.8 of --data train");
  response_verb->add_option("--holdout", response.holdout, "last share of the training rows, which fits the calibration")
      ->capture_default_str();
  response_verb->add_option("--field", response.field, "whose calibration is looked at (default: the first)");
  response_verb->add_option("--segments", response.segments, "field by whose values calibration is shown, before and after");
  response_verb->add_option("--segments-top", response.segments_top, "so many values of it, by rows; the others together")
      ->capture_default_str();
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
  response_verb->add_option("--rate", response.rate, "FwFM and DCN: AdaGrad's rate")->capture_default_str();
  response_verb->add_option("--decay", response.decay, "FwFM and DCN: L2")->capture_default_str();
  response_verb->add_option("--cross", response.cross, "DCN: cross layers")->capture_default_str();
  response_verb->add_option("--rank", response.rank, "DCN: of the cross layers' matrices; 0: full")->capture_default_str();
  response_verb->add_option("--dense-rate", response.dense_rate, "DCN: AdaGrad's rate of its layers")->capture_default_str();
  response_verb->add_option("--bootstrap", response.bootstrap, "resamples for the interval of the AUC; 0: none")
      ->capture_default_str();
  response_verb->add_flag("--json", response.json, "machine-readable");
  response_verb->callback([&] { code = bandstand::app::train_response(response, clock, std::cout, std::cerr); });

  bandstand::app::TrainCreativeOptions creative;
  auto* creative_verb = train->add_subcommand("creative", "which creative is clicked, from the log of a Bandstand server");
  creative_verb->add_option("--data", creative.data, "the server's data directory (default: as its settings say)");
  creative_verb->add_option("--config", creative.config, "the server's settings file");
  creative_verb->add_option("--share", creative.share, "of the log's time that is learned from; the rest judges")
      ->capture_default_str();
  creative_verb->add_option("--rounds", creative.rounds, "searches over all kinds of features")->capture_default_str();
  creative_verb->add_option("--out", creative.out, "model file")->required();
  creative_verb->callback([&] { code = bandstand::app::train_creative(creative, std::cout, std::cerr); });

  bandstand::app::TrainBidOptions bid;
  auto* bid_verb = train->add_subcommand("bid", "a learned control of the shadow price, on recorded auctions");
  bid_verb->add_option("--info", bid.info, "campaign statistics")->required();
  bid_verb->add_option("--auctions", bid.auctions, "auctions, plain or compressed")->required();
  bid_verb->add_option("--method", bid.method, "dqn, dqn_dd, cql, iql, mpc_residual, mpc_pi_residual or mpc_cql")
      ->capture_default_str();
  bid_verb->add_option("--first", bid.first, "share of the auctions that is trained on")->capture_default_str();
  bid_verb->add_option("--days", bid.days, "training days")->capture_default_str();
  bid_verb->add_option("--day", bid.day, "auctions of a training day")->capture_default_str();
  bid_verb->add_option("--windows", bid.windows, "decisions a day")->capture_default_str();
  bid_verb->add_option("--seed", bid.seed, "of everything random")->capture_default_str();
  bid_verb->add_option("--out", bid.out, "model file");
  bid_verb->callback([&] { code = bandstand::app::train_bid(bid, std::cout, std::cerr); });

  bandstand::app::TrainProfileOptions profile;
  auto* profile_verb = train->add_subcommand("profile", "the next item of a visit: counting models, NARM, SASRec");
  profile_verb->add_option("--data", profile.data, "visits to learn from, plain or compressed");
  profile_verb->add_option("--format", profile.format, "diginetica, rsc15, sessions, yoochoose; bandstand: --data is a server's")
      ->capture_default_str();
  profile_verb->add_option("--config", profile.config, "the server's settings file, with --format bandstand");
  profile_verb->add_option("--model", profile.model, "pop, spop, markov, itemknn, ar, sr, vsknn, narm or sasrec")
      ->capture_default_str();
  profile_verb->add_option("--test", profile.test, "visits that judge; in format sessions also: prefix TAB target");
  profile_verb->add_option("--from", profile.from, "model file to judge, instead of --data");
  profile_verb->add_option("--resume", profile.resume, "OUT.state of an earlier run, to go on from");
  profile_verb->add_option("--out", profile.out, "model file of the best epoch, and OUT.state, after each epoch");
  profile_verb->add_option("--epochs", profile.epochs, "passes over the data, at most")->capture_default_str();
  profile_verb->add_option("--seed", profile.seed, "of first values, order, dropout and bootstrap")->capture_default_str();
  profile_verb->add_option("--batch", profile.batch, "examples a step")->capture_default_str();
  profile_verb->add_option("--rate", profile.rate, "of Adam")->capture_default_str();
  profile_verb->add_option("--halve-from", profile.halve_from, "first epoch with half the rate of the one before")
      ->capture_default_str();
  profile_verb->add_option("--l2", profile.l2, "of all parameters")->capture_default_str();
  profile_verb->add_option("--sampled", profile.sampled, "items beside the targets that stand for all in the loss; 0: all")
      ->capture_default_str();
  profile_verb->add_option("--full-from", profile.full_from, "with --sampled: epoch from which all items are in the loss");
  profile_verb->add_option("--holdout", profile.holdout, "last share of the visits, which chooses the epoch")
      ->capture_default_str();
  profile_verb->add_option("--patience", profile.patience, "epochs without a better one, after which it ends")
      ->capture_default_str();
  profile_verb->add_option("--width", profile.width, "of an item's vector")->capture_default_str();
  profile_verb->add_option("--hidden", profile.hidden, "of NARM's GRU")->capture_default_str();
  profile_verb->add_option("--dropout", profile.dropout, "of SASRec")->capture_default_str();
  profile_verb->add_option("--window", profile.window, "clicks that attention looks back at")->capture_default_str();
  profile_verb->add_option("--bootstrap", profile.bootstrap, "resamples of visits for the intervals; 0: none")
      ->capture_default_str();
  profile_verb->add_flag("--json", profile.json, "machine-readable");
  profile_verb->callback([&] { code = bandstand::app::train_profile(profile, clock, std::cout, std::cerr); });

  bandstand::app::TrainFraudOptions fraud;
  auto* fraud_verb = train->add_subcommand("fraud", "what is no customer: from attacks on simulated worlds");
  fraud_verb->add_option("--seeds", fraud.seeds, "worlds to train on")->capture_default_str();
  fraud_verb->add_option("--test", fraud.test, "worlds that judge")->capture_default_str();
  fraud_verb->add_option("--out", fraud.out, "model file");
  fraud_verb->add_option("--epochs", fraud.epochs, "passes over the requests")->capture_default_str();
  fraud_verb->add_option("--rate", fraud.rate, "AdaGrad's rate")->capture_default_str();
  fraud_verb->add_option("--decay", fraud.decay, "L2")->capture_default_str();
  fraud_verb->add_option("--valid-share", fraud.valid_share, "the public's part of the traffic to come")->capture_default_str();
  fraud_verb->add_option("--valid-refused-max", fraud.valid_refused_max, "of the worlds' valid requests: puts the margin")
      ->capture_default_str();
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

  bandstand::app::LabJointOptions joint;
  auto* joint_verb = measure->add_subcommand("joint", "agents of several campaigns trained together, against dual decomposition");
  joint_verb->add_option("--seeds", joint.seeds, "worlds: first..last, each with its own training")->capture_default_str();
  joint_verb->add_option("--days", joint.training_days, "of a learner's training")->capture_default_str();
  joint_verb->add_option("--test-days", joint.test_days, "that judge, the same for all arms")->capture_default_str();
  joint_verb->add_option("--trust", joint.trust, "bound of what is learned on top of dual decomposition")->capture_default_str();
  joint_verb->add_flag("--quick", joint.quick, "without best responses");
  joint_verb->add_flag("--json", joint.json, "machine-readable");
  joint_verb->callback([&] { code = bandstand::app::lab_joint(joint, clock, std::cout, std::cerr); });

  bandstand::app::LabTrafficOptions traffic;
  auto* traffic_verb = measure->add_subcommand("traffic", "forecasts of how a day's traffic spreads over its hours");
  traffic_verb->add_option("--shapes", traffic.shapes, "weekly shapes by region, plain or compressed")->required();
  traffic_verb->add_option("--weeks", traffic.protocol.weeks, "that each region lives through")->capture_default_str();
  traffic_verb->add_option("--requests", traffic.protocol.requests_a_week, "a week, of a region")->capture_default_str();
  traffic_verb->add_option("--seed", traffic.protocol.seed, "of everything random")->capture_default_str();
  traffic_verb->add_flag("--json", traffic.json, "machine-readable");
  traffic_verb->callback([&] { code = bandstand::app::lab_traffic(traffic, std::cout, std::cerr); });

  bandstand::app::LabProfileOptions vectors;
  auto* vectors_verb = measure->add_subcommand("profile", "what users' vectors are worth to the creative agent");
  vectors_verb->add_option("--seeds", vectors.seeds, "worlds: first..last")->capture_default_str();
  vectors_verb->add_option("--day", vectors.day_seconds, "seconds of a world's day")->capture_default_str();
  vectors_verb->add_option("--rate", vectors.requests_per_second, "requests a second")->capture_default_str();
  vectors_verb->add_option("--users", vectors.users, "in the world")->capture_default_str();
  vectors_verb->add_option("--items", vectors.items, "that pages show")->capture_default_str();
  vectors_verb->add_option("--line-items", vectors.line_items, "of ten creatives each")->capture_default_str();
  vectors_verb->add_option("--taste", vectors.taste, "how far taste moves a click, logits a feature")->capture_default_str();
  vectors_verb->add_option("--click-base", vectors.click_base, "logit of the plainest impression")->capture_default_str();
  vectors_verb->add_option("--model", vectors.model, "narm or sasrec")->capture_default_str();
  vectors_verb->add_option("--width", vectors.width, "of a user's vector, at most 16")->capture_default_str();
  vectors_verb->add_option("--epochs", vectors.epochs, "of the network's training")->capture_default_str();
  vectors_verb->add_option("--jobs", vectors.jobs, "worlds at a time")->capture_default_str();
  vectors_verb->add_flag("--json", vectors.json, "machine-readable");
  vectors_verb->callback([&] { code = bandstand::app::lab_profile(vectors, std::cout, std::cerr); });

  CLI11_PARSE(app, argc, argv);
  return code;
}
