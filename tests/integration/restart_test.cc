// restart_test: what was learned is there in the next life, after a stop and after a power cut; damage hinders nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "agents/creative/learned_response.h"
#include "app/replay_decision.h"
#include "one_life.h"
#include "protocol/catalogue/catalogue_reader.h"
#include "simulation/demo_catalogue.h"
#include "simulation/world.h"

namespace bandstand::app {
namespace {

constexpr double kSeconds = 40;

Catalogue read(std::string text) {
  std::vector<protocol::catalogue::Problem> problems;
  Catalogue out{protocol::catalogue::read_catalogue(text, {"alpha", "beta"}, problems), std::move(text)};
  EXPECT_TRUE(out.snapshot) << (problems.empty() ? "" : protocol::catalogue::print(problems[0], "demo"));
  return out;
}

Catalogue demo_catalogue() {
  simulation::DemoCatalogueOptions demo;
  demo.seed = 3;
  demo.seconds = 4 * kSeconds;
  demo.requests_per_second = 100;
  return read(simulation::demo_catalogue_json(demo));
}

/// Everything that the learners know, in a form that compares.
struct Known {
  std::vector<agents::bid::MarketSnapshot::Market> laws;
  std::vector<agents::creative::Weight> weights;
  std::vector<agents::creative::LineItemResponse> line_items;
  std::string users, pacing;
};

Known known_by(Life& life) {
  Known out;
  const auto& control = life.control();
  if (control.market_snapshot() != nullptr)
    out.laws.assign(control.market_snapshot()->markets().begin(), control.market_snapshot()->markets().end());
  out.weights = control.response_model().weights();
  out.line_items = control.response_model().line_items();
  out.users = life.users().encode();
  out.pacing = control.pacer().encode();
  out.pacing = out.pacing.substr(8, out.pacing.size() - 12);  // without the number of its snapshots
  return out;
}

void expect_same_models(const Known& a, const Known& b) {
  ASSERT_EQ(a.laws.size(), b.laws.size());
  for (std::size_t i = 0; i < a.laws.size(); ++i) {
    EXPECT_EQ(a.laws[i].code, b.laws[i].code);
    EXPECT_EQ(a.laws[i].weight, b.laws[i].weight);
    EXPECT_EQ(a.laws[i].masses, b.laws[i].masses);
  }
  std::size_t differ = 0;
  for (std::size_t i = 0; i < a.weights.size(); ++i)
    differ += a.weights[i].mean != b.weights[i].mean || a.weights[i].precision != b.weights[i].precision;
  EXPECT_EQ(differ, 0u);
  ASSERT_EQ(a.line_items.size(), b.line_items.size());
  for (std::size_t i = 0; i < a.line_items.size(); ++i) {
    EXPECT_EQ(a.line_items[i].id, b.line_items[i].id);
    EXPECT_EQ(a.line_items[i].intercept, b.line_items[i].intercept);
    EXPECT_EQ(a.line_items[i].calibration, b.line_items[i].calibration);
  }
}

class Restart : public testing::Test {
 protected:
  Restart() : catalogue_(demo_catalogue()), settings_(demo_settings(4 * kSeconds)) {
    settings_.keep_learned_every = std::chrono::seconds(10);
    auto options = demo_world(3, 4 * kSeconds, 100);
    world_ = std::make_unique<simulation::World>(options, catalogue_.snapshot);
  }
  Life& live() { return lives_.emplace_back(machine_, catalogue_, settings_); }
  void run(Life& life, double seconds) {
    const auto length = std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(seconds));
    world_->run_until(machine_.clock.wall() + length, life);
    life.advance_to(machine_.clock.wall());
  }
  [[nodiscard]] std::vector<float> prices_of(Life& life) const {
    std::vector<float> prices;
    for (std::uint32_t i = 0; i < catalogue_.snapshot->campaigns.size(); ++i)
      prices.push_back(static_cast<float>(life.control().pacer().report(i, machine_.clock.wall()).mu));
    return prices;
  }
  /// As a power cut: neither the log nor the disk keeps what was not synced.
  void kill() {
    lives_.clear();
    machine_.disk.crash_losing_all();
  }
  void stop(Life& life) {
    ASSERT_TRUE(life.control().close());
    lives_.clear();
    machine_.disk.crash_losing_all();
  }

  Catalogue catalogue_;
  serving::ServingSettings settings_;
  Machine machine_;
  std::unique_ptr<simulation::World> world_;
  std::deque<Life> lives_;
};

TEST_F(Restart, AfterAnOrderlyStopEverythingIsAsItWas) {
  Life& first = live();
  first.begin();
  run(first, kSeconds);
  ASSERT_TRUE(first.control().close());
  const Known before = known_by(first);
  const auto open_bids = first.control().matcher().open();
  ASSERT_GT(before.laws.size(), 4u);
  ASSERT_GT(before.line_items.size(), 3u);
  ASSERT_GT(first.users().size(), 100u);
  ASSERT_GT(open_bids, 100u);
  const auto versions = first.control().versions();
  lives_.clear();
  machine_.disk.crash_losing_all();

  Life& second = live();
  const Known after = known_by(second);
  expect_same_models(before, after);
  EXPECT_EQ(before.users, after.users);
  EXPECT_EQ(before.pacing, after.pacing);
  EXPECT_EQ(second.control().matcher().open(), open_bids);
  EXPECT_GT(second.control().versions().market, versions.market) << "no two snapshots by one number";
  EXPECT_GT(second.control().versions().creative, versions.creative);

  second.begin();
  run(second, kSeconds);
  const Known later = known_by(second);
  EXPECT_GE(later.laws.size(), after.laws.size()) << "and it goes on learning";
  EXPECT_GT(second.users().size(), 100u);
  EXPECT_LT(second.control().matcher().counts().unmatched, 5u) << "outcomes of the life before find their bids";
}

TEST_F(Restart, AfterAPowerCutEverythingIsAsItWasWhenItWasLastKept) {
  Life& first = live();
  first.begin();
  run(first, kSeconds);
  world_->stop_traffic();
  run(first, 65);  // nothing more is learned, and it is kept in the meantime
  // Prices go on moving with the plan, so the life to come must have those of one moment: of the last time they were kept.
  std::vector<std::vector<float>> moments;
  for (int i = 0; i < 150; ++i) {
    run(first, .1);
    moments.push_back(prices_of(first));
  }
  const Known before = known_by(first);
  ASSERT_GT(before.laws.size(), 4u);
  ASSERT_GT(first.users().size(), 100u);
  kill();

  Life& second = live();
  const Known after = known_by(second);
  expect_same_models(before, after);
  EXPECT_EQ(before.users, after.users);
  EXPECT_THAT(moments, testing::Contains(prices_of(second)));
}

TEST_F(Restart, DecisionsOfBothLivesAreComputedAgainBitForBit) {
  Life& first = live();
  first.begin();
  run(first, 15);
  kill();
  Life& second = live();
  second.begin();
  run(second, 15);
  ASSERT_TRUE(second.control().close());
  auto replayer = DecisionReplayer::open(second.log(), second.settings(), TeamNames{});
  ASSERT_TRUE(replayer);
  const auto ids = (*replayer)->ids();
  ASSERT_GT(ids.size(), 1000u);
  std::size_t same = 0;
  std::string trouble;
  for (const auto id : ids) {
    const auto outcome = (*replayer)->replay(id);
    same += outcome.verdict == DecisionReplayer::Verdict::same;
    if (outcome.verdict != DecisionReplayer::Verdict::same) trouble = outcome.detail;
  }
  EXPECT_EQ(same, ids.size()) << trouble;
}

/// Lives with a creative model that answers for all.
class RestartWithModel : public Restart {
 protected:
  static std::string model_file(float weight) {
    std::vector<agents::creative::Weight> weights(agents::creative::ResponseModel::kTableSize);
    weights[1] = {weight, 4};
    const agents::creative::ResponseModel model(0, -4, .1f, weights, {});
    return model::encode_model(agents::creative::to_file(model, "{}")).value();
  }
  static std::size_t weights_known(Life& life) {
    const auto* model = life.control().published_model();
    if (model == nullptr) return 0;
    return static_cast<std::size_t>(
        std::ranges::count_if(model->weights(), [](const auto& weight) { return weight.precision > 0; }));
  }
  Life& live_with_models() {
    Life& life = live();
    EXPECT_TRUE(life.control().serve_models(read_learned));
    return life;
  }
  static void answer_with(Life& life, float weight) {
    const auto version = life.control().publish_model(serving::ModelAgent::creative, model_file(weight));
    ASSERT_TRUE(version);
    ASSERT_TRUE(life.control().roll_out(serving::ModelAgent::creative, *version, {orchestrator::Mode::live, 0, 0}, "", "a test"));
  }
};

TEST_F(RestartWithModel, WhatAPublishedModelHasLearnedIsThereInTheNextLife) {
  Life& first = live_with_models();
  answer_with(first, .5f);
  EXPECT_EQ(weights_known(first), 1u) << "it starts from its file";
  first.begin();
  run(first, kSeconds);
  const std::size_t known = weights_known(first);
  ASSERT_GT(known, 20u);
  ASSERT_TRUE(first.control().close());
  const auto weights = first.control().published_model()->weights();
  const auto version = first.control().versions().creative_learned;
  lives_.clear();

  Life& second = live_with_models();
  ASSERT_NE(second.control().published_model(), nullptr);
  std::size_t differ = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const auto& other = second.control().published_model()->weights()[i];
    differ += weights[i].mean != other.mean || weights[i].precision != other.precision;
  }
  EXPECT_EQ(differ, 0u);
  EXPECT_GT(second.control().versions().creative_learned, version) << "no two snapshots by one number";
  answer_with(second, .25f);
  EXPECT_EQ(weights_known(second), 1u) << "another model starts from its own file";
}

TEST_F(RestartWithModel, WhatWasKeptOfAnotherModelIsNotTaken) {
  Life& first = live_with_models();
  answer_with(first, .5f);
  first.begin();
  run(first, 20);
  stop(first);
  const auto image = machine_.disk.image();
  Life& second = live_with_models();
  answer_with(second, .25f);
  ASSERT_TRUE(second.control().close());
  lives_.clear();
  auto old = machine_.disk.image();
  old["learned"] = image.at("learned");  // of the first model, while the log says that the second one answers
  machine_.disk.set_image(old);
  EXPECT_EQ(weights_known(live_with_models()), 1u);
}

TEST_F(Restart, ADamagedFileHindersNothing) {
  Life& first = live();
  first.begin();
  run(first, 20);
  const auto known = first.users().size();
  stop(first);
  const auto image = machine_.disk.image();
  const std::string good = image.at("learned");
  for (std::size_t part = 0; part < 12; ++part) {
    auto bad = image;
    std::string& file = bad["learned"];
    if (part < 10) {
      file[file.size() * (2 * part + 1) / 20] ^= 64;
    } else {
      file.resize(part == 10 ? 0 : file.size() / 2);
    }
    machine_.disk.set_image(bad);
    Life& second = live();
    second.begin();
    EXPECT_LE(second.users().size(), known);
    std::string metrics;
    const telemetry::MetricSet* sets[] = {&second.metrics()};
    telemetry::write_exposition(sets, metrics);
    EXPECT_NE(metrics.find("result=\"damaged\""), std::string::npos) << "nothing was counted";
    lives_.clear();
  }
  EXPECT_EQ(good, image.at("learned"));
}

TEST_F(Restart, AnotherCatalogueAndOtherExchangesGetWhatIsTheirs) {
  Life& first = live();
  first.begin();
  run(first, kSeconds);
  ASSERT_TRUE(first.control().close());
  const Known before = known_by(first);
  const auto& campaigns = catalogue_.snapshot->campaigns;
  ASSERT_GT(campaigns.size(), 2u);
  std::vector<std::pair<std::uint32_t, double>> prices;
  for (std::uint32_t i = 0; i < campaigns.size(); ++i)
    prices.emplace_back(campaigns[i].id.value, first.control().pacer().report(i, machine_.clock.wall()).mu);
  lives_.clear();

  auto moved = std::make_shared<domain::Catalogue>(*catalogue_.snapshot);  // the first two campaigns change places
  std::swap(moved->campaigns[0], moved->campaigns[1]);
  for (auto& item : moved->line_items) {
    if (item.campaign < 2) item.campaign = 1 - item.campaign;
  }
  std::swap(moved->campaign_index[moved->campaigns[0].id.value], moved->campaign_index[moved->campaigns[1].id.value]);
  moved->version ^= 1;
  catalogue_.snapshot = moved;
  std::swap(settings_.exchanges[0], settings_.exchanges[1]);
  Life& second = live();
  for (const auto& [id, mu] : prices) {
    EXPECT_EQ(second.control().pacer().report(moved->campaign_index.at(id), machine_.clock.wall()).mu, mu) << id;
  }
  std::size_t found = 0;
  for (const auto& law : before.laws) {
    const bool of_all = (law.code & 0xff) == 1;
    const std::uint64_t code = of_all ? law.code : law.code ^ 1ull << 48;
    for (const auto& other : second.control().market_snapshot()->markets())
      found += other.code == code && other.masses == law.masses;
  }
  EXPECT_EQ(found, before.laws.size()) << "laws follow their exchange's name";
}

}  // namespace
}  // namespace bandstand::app
