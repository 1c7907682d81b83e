// models_test: a model's way on a running server: published, asked in shadow, live, rolled back, kept over a restart; no request
// lost on the way.
#include "app/model_verbs.h"

#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "agents/bid/control_policy.h"
#include "agents/creative/learned_response.h"
#include "agents/fraud/fraud_model.h"
#include "app/replay_decision.h"
#include "log/file_log.h"
#include "model/encoder_for_tests.h"
#include "orchestrator/policies.h"
#include "server_fixture.h"

namespace bandstand::app {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class Models : public ServerThread {
 protected:
  std::string write_model(float weight) {
    std::vector<agents::creative::Weight> weights(agents::creative::ResponseModel::kTableSize);
    weights[1] = {weight, 4};
    const agents::creative::ResponseModel model(0, -4, .1f, weights, {});
    const std::string path = (data_.parent_path() / ("model-" + std::to_string(weight))).string();
    EXPECT_TRUE(model::write_model(path, agents::creative::to_file(model, R"({"seed":7})")));
    return path;
  }
  /// Runs a verb against the server; what it printed is in printed_.
  int run(ModelVerb verb, ModelOptions options) {
    options.server = server_->admin_address();
    std::stringstream printed;
    const int code = model_verb(verb, options, printed, printed);
    printed_ = printed.str();
    return code;
  }
  int roll_out(const std::string& rollout, const std::string& why = "") {
    ModelOptions options;
    options.agent = "creative";
    options.version = 1;
    options.rollout = rollout;
    options.override_reason = why;
    return run(ModelVerb::rollout, options);
  }
  int publish(const std::string& path) {
    ModelOptions options;
    options.agent = "creative";
    options.file = path;
    return run(ModelVerb::publish, options);
  }
  /// Sends bids until a decision shows this policy with this source in this stage; each must be answered.
  bool decides(const std::string& policy, const std::string& source, const std::string& stage = "creative") {
    return eventually(
        [&] {
          EXPECT_EQ(call(server_->public_address(), "POST", "/openrtb2/bid/alpha", kRequest).status, 200);
          const auto list = json::parse(call(server_->admin_address(), "GET", "/api/v1/decisions").body);
          for (const auto& one : list["decisions"]) {
            const auto got = call(server_->admin_address(), "GET", "/api/v1/decisions/" + std::string(one["id"])).body;
            const auto decision = json::parse(got);
            for (const auto& call : decision["calls"]) {
              if (call["stage"] == stage && call["policy"] == policy && call["source"] == source) return true;
            }
            break;  // the latest alone
          }
          return false;
        },
        std::chrono::milliseconds(60));
  }
  /// Every decision that the stopped server left behind, by whichever policy, must come out again bit for bit.
  void each_replayed_call(const std::function<void(const domain::CallRecord&)>& each) {
    const base::SystemClock clock;
    auto disk = base::open_posix_disk(data_.string() + "/log");
    ASSERT_TRUE(disk);
    auto log = log::open_file_log(**disk, clock);
    auto replayer = DecisionReplayer::open(*log, settings_, TeamNames{});
    ASSERT_TRUE(replayer);
    for (const auto id : (*replayer)->ids()) {
      const auto outcome = (*replayer)->replay(id);
      EXPECT_EQ(outcome.verdict, DecisionReplayer::Verdict::same) << outcome.detail;
      for (const auto& call : outcome.recorded->calls) each(call);
    }
  }
  std::string printed_;
};

TEST_F(Models, GoTheWholeWayAndBack) {
  EXPECT_EQ(run(ModelVerb::list, {}), 0);
  EXPECT_THAT(printed_, HasSubstr("no models"));
  ASSERT_EQ(bid().status, 200);
  const std::string path = write_model(.5f);
  ASSERT_EQ(publish(path), 0) << printed_;
  EXPECT_THAT(printed_, HasSubstr("creative model 1"));
  EXPECT_TRUE(decides("creative.thompson", "live"));

  EXPECT_EQ(roll_out("live"), 1);
  EXPECT_THAT(printed_, HasSubstr("needs the verdict"));
  EXPECT_EQ(roll_out("shadow"), 0) << printed_;
  EXPECT_TRUE(decides("creative.learned", "shadow"));
  EXPECT_EQ(roll_out("live", "a test"), 0) << printed_;
  EXPECT_TRUE(decides("creative.learned", "live"));

  stop();
  start();
  ASSERT_EQ(bid().status, 200);
  EXPECT_TRUE(decides("creative.learned", "live")) << "a restart reads the same shelf";
  ModelOptions creative;
  creative.agent = "creative";
  EXPECT_EQ(run(ModelVerb::rollback, creative), 0) << printed_;
  EXPECT_TRUE(decides("creative.thompson", "live"));
  EXPECT_EQ(run(ModelVerb::rollback, creative), 1);
  EXPECT_THAT(printed_, HasSubstr("default policy already"));

  stop();
  std::map<std::uint16_t, int> by_policy;
  each_replayed_call([&](const domain::CallRecord& call) { ++by_policy[call.policy.value]; });
  EXPECT_GT(by_policy[orchestrator::kCreativeLearned.value], 2);
  EXPECT_GT(by_policy[orchestrator::kCreativeThompson.value], 2);
}

TEST_F(Models, TheBidAgentTakesAResidual) {
  model::ModelFile file{.kind = std::string(agents::bid::kResidualModel),
                        .schema = std::string(agents::bid::kControlSchema),
                        .training = "{}",
                        .tensors = {}};
  file.tensors["q.0.weight"] = {{2, agents::bid::kControlFeatures}, std::vector<float>(2 * agents::bid::kControlFeatures)};
  file.tensors["q.0.bias"] = {{2}, {0, 1}};
  file.tensors["steps"] = {{2}, {-.2f, .2f}};
  const std::string path = (data_.parent_path() / "model-bid").string();
  ASSERT_TRUE(model::write_model(path, file));
  ASSERT_EQ(bid().status, 200);
  ModelOptions options;
  options.agent = "creative";
  options.file = path;
  EXPECT_EQ(run(ModelVerb::publish, options), 1) << "a model of another agent";
  options.agent = "bid";
  ASSERT_EQ(run(ModelVerb::publish, options), 0) << printed_;
  options.version = 1;
  options.rollout = "live";
  options.override_reason = "a test";
  ASSERT_EQ(run(ModelVerb::rollout, options), 0) << printed_;
  EXPECT_TRUE(decides("bid.learned", "live", "bid"));
}

TEST_F(Models, TheProfileAgentTakesANetworkAndAUserIsErasedFromIt) {
  ASSERT_EQ(bid().status, 200);
  ModelOptions options;
  options.agent = "profile";
  options.file = write_model(.5f);
  EXPECT_EQ(run(ModelVerb::publish, options), 1) << "a model of another agent";
  options.file = (data_.parent_path() / "model-profile").string();
  ASSERT_TRUE(model::write_model(options.file, model::narm_for_tests(1)));
  ASSERT_EQ(run(ModelVerb::publish, options), 0) << printed_;
  options.version = 1;
  options.rollout = "live";
  EXPECT_EQ(run(ModelVerb::rollout, options), 1) << "the gate";
  options.override_reason = "a test";
  ASSERT_EQ(run(ModelVerb::rollout, options), 0) << printed_;
  EXPECT_TRUE(decides("profile.sequence", "live", "profile"));

  const auto users_held = [&] {
    const std::string metrics = call(server_->admin_address(), "GET", "/metrics").body;
    const auto at = metrics.find("\nbandstand_user_vectors ");
    return at == std::string::npos ? -1 : std::stoi(metrics.substr(at + 24));
  };
  const std::string page = R"({"placements":[{"id":"top","sizes":["300x250"]}],"user":{"key":"u"},"item":"103"})";
  EXPECT_EQ(call(server_->public_address(), "POST", "/v1/decide", page).status, 200);
  EXPECT_TRUE(eventually([&] { return users_held() == 1; }, std::chrono::milliseconds(60)));
  const auto erase = [&] {
    const Got got = call(server_->admin_address(), "POST", "/api/v1/users/erase", R"({"user":"u"})");
    return json::parse(got.body)["erased"].get<bool>();
  };
  EXPECT_TRUE(erase());
  EXPECT_FALSE(erase());
  EXPECT_TRUE(eventually([&] { return users_held() == 0; }, std::chrono::milliseconds(60)));
  stop();
  each_replayed_call([](const domain::CallRecord&) {});
}

/// A watch that makes lists quickly, and everything in the log.
class FraudModels : public Models {
 protected:
  FraudModels() {
    settings_.watch.enabled = true;
    settings_.watch.publish_every = std::chrono::milliseconds(100);
    settings_.log_sample_no_bid = 1;
  }
  /// Refuses everybody, whatever is known.
  std::string write_suspicious() {
    agents::fraud::FraudModel model;
    model.bias = 5;
    const std::string path = (data_.parent_path() / "model-fraud").string();
    EXPECT_TRUE(model::write_model(path, model.file("{}")));
    return path;
  }
  int ask(ModelVerb verb, const std::string& rollout = "", const std::string& why = "") {
    ModelOptions options;
    options.agent = "fraud";
    options.version = 1;
    options.rollout = rollout;
    options.override_reason = why;
    return run(verb, options);
  }
  bool answers(int status) {
    return eventually([&] { return call(server_->public_address(), "POST", "/openrtb2/bid/alpha", kRequest).status == status; },
                      std::chrono::milliseconds(60));
  }
};

TEST_F(FraudModels, JudgeInShadowThenLiveAndNoLonger) {
  ASSERT_TRUE(answers(200));
  ModelOptions options;
  options.agent = "fraud";
  options.file = write_suspicious();
  ASSERT_EQ(run(ModelVerb::publish, options), 0) << printed_;
  EXPECT_EQ(ask(ModelVerb::rollout, "live"), 1) << "the gate";
  ASSERT_EQ(ask(ModelVerb::rollout, "shadow"), 0) << printed_;
  EXPECT_TRUE(answers(200));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_TRUE(answers(200)) << "a shadow refuses nobody";
  ASSERT_EQ(ask(ModelVerb::rollout, "live", "a test"), 0) << printed_;
  EXPECT_TRUE(answers(204));
  ASSERT_EQ(ask(ModelVerb::rollback), 0) << printed_;
  EXPECT_TRUE(answers(200));

  stop();
  int shadow = 0, refused = 0;
  each_replayed_call([&](const domain::CallRecord& call) {
    if (call.policy != orchestrator::kFraudLearned) return;
    const bool suspects = (call.answer & 0xFF) == static_cast<int>(agents::fraud::Reason::fraud_score);
    shadow += suspects && call.source == domain::Source::shadow ? 1 : 0;
    refused += suspects && call.source == domain::Source::live ? 1 : 0;
  });
  EXPECT_GT(shadow, 0) << "it was asked, and its answer is in the log";
  EXPECT_GT(refused, 0);
}

TEST_F(Models, AFraudModelNeedsTheWatch) {
  agents::fraud::FraudModel model;
  ModelOptions options;
  options.agent = "fraud";
  options.file = (data_.parent_path() / "model-unwatched").string();
  ASSERT_TRUE(model::write_model(options.file, model.file("{}")));
  ASSERT_EQ(run(ModelVerb::publish, options), 0) << printed_;
  options.version = 1;
  options.rollout = "shadow";
  EXPECT_EQ(run(ModelVerb::rollout, options), 1);
  EXPECT_THAT(printed_, HasSubstr("fraud.watch"));
}

TEST_F(Models, DamagedFilesAndNaNAreRefusedAndTheOldOneStays) {
  ASSERT_EQ(bid().status, 200);
  const std::string good = write_model(.5f);
  ASSERT_EQ(publish(good), 0);
  ASSERT_EQ(roll_out("live", "a test"), 0);
  ASSERT_TRUE(decides("creative.learned", "live"));

  std::string bytes;
  {
    std::ifstream in(good, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  const std::string bad = good + ".bad";
  const auto refused = [&](std::string content, const char* words) {
    std::ofstream(bad, std::ios::binary) << content;
    EXPECT_EQ(publish(bad), 1);
    EXPECT_THAT(printed_, HasSubstr(words));
  };
  std::string flipped = bytes;
  flipped.back() ^= 1;
  refused(flipped, "checksum");
  refused(bytes.substr(0, bytes.size() / 2), "");
  refused("not a model", "");
  auto other = model::decode_model(bytes).value();
  other.schema = "{}";
  refused(model::encode_model(other).value(), "");
  EXPECT_TRUE(decides("creative.learned", "live"));
  EXPECT_EQ(run(ModelVerb::list, {}), 0);
  EXPECT_EQ(printed_.find(" 2 "), std::string::npos) << "nothing else entered: " << printed_;
}

TEST_F(Models, VerbsSayWhatIsWrong) {
  ModelOptions options;
  options.agent = "monitor";
  EXPECT_EQ(run(ModelVerb::publish, options), 2);
  EXPECT_THAT(printed_, HasSubstr("no agent 'monitor'"));
  EXPECT_EQ(publish("/nowhere/model"), 2);
  EXPECT_THAT(printed_, HasSubstr("/nowhere/model"));
  EXPECT_EQ(roll_out("half"), 2);
  EXPECT_THAT(printed_, HasSubstr("percent:N"));
  EXPECT_EQ(roll_out("shadow"), 1);
  EXPECT_THAT(printed_, HasSubstr("no model 1"));
  const std::string address = server_->admin_address();
  stop();
  std::stringstream printed;
  ModelOptions nobody;
  nobody.server = address;
  EXPECT_EQ(model_verb(ModelVerb::list, nobody, printed, printed), 2);
  EXPECT_THAT(printed.str(), HasSubstr("is a server running there?"));
  nobody.server = "localhost:1";
  EXPECT_EQ(model_verb(ModelVerb::list, nobody, printed, printed), 2);
}

}  // namespace
}  // namespace bandstand::app
