// user_vectors_test: from what users look at to what a decision knows of them: with consent, until they are erased, by one model.
#include <gmock/gmock.h>

#include "app/replay_decision.h"
#include "base/allocations_for_tests.h"
#include "model/encoder_for_tests.h"
#include "model/sequence_encoder.h"
#include "one_life.h"
#include "orchestrator/policies.h"
#include "protocol/catalogue/catalogue_reader.h"
#include "protocol/event/event_codec.h"
#include "simulation/population_consent.h"

namespace bandstand::app {
namespace {

using serving::ModelAgent;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Vector = std::vector<float>;

constexpr const char* kCatalogue = R"(
advertisers: [{id: 1, name: Acme, domain: acme.example, categories: [IAB2]}]
creatives:
  - {id: 10, name: box, advertiser: 1, size: 300x250, markup: "<a href=\"{CLICK_URL}\">x</a>",
     landing_page: "https://acme.example/l"}
campaigns: [{id: 100, name: spring, advertiser: 1, budget: "500.00", pacing: asap}]
line_items: [{id: 1000, name: everyone, campaign: 100, value: "2.50", creatives: [10]}]
)";
constexpr std::uint16_t kVendor = 1999;

class UserVectors : public testing::Test {
 protected:
  void SetUp() override {
    std::vector<protocol::catalogue::Problem> problems;
    catalogue_.text = kCatalogue;
    catalogue_.snapshot = protocol::catalogue::read_catalogue(kCatalogue, {"alpha", "beta"}, problems);
    ASSERT_TRUE(catalogue_.snapshot);
    auto settings = demo_settings(3'600);
    settings.vendor_id = kVendor;
    settings.log_sample_no_bid = 1;
    life_ = std::make_unique<Life>(machine_, catalogue_, settings);
    ASSERT_TRUE(life_->control().serve_models(read_learned));
    life_->begin();
    pass(seconds(1));
  }
  void pass(base::Duration time) { life_->advance_to(machine_.clock.wall() + time); }

  std::uint32_t publish(const model::ModelFile& file) {
    const auto version = life_->control().publish_model(ModelAgent::profile, model::encode_model(file).value());
    EXPECT_TRUE(version) << version.error().what;
    return version.value_or(0);
  }
  void roll_out(std::uint32_t version, const char* how = "live") {
    const auto done =
        life_->control().roll_out(ModelAgent::profile, version, *serving::parse_rollout(how), "", "a test");
    EXPECT_TRUE(done) << done.error().what;
    pass(milliseconds(20));
  }
  /// A page of one's own; `more` is further JSON of the request.
  std::string look(const std::string& user, const std::string& item, const std::string& more = "") {
    std::string body = R"({"placements":[{"id":"top","sizes":["300x250"]}],"user":{"key":")" + user + R"("},"item":")" + item +
                       "\"" + more + "}";
    std::string answer = life_->decide(std::move(body));
    pass(milliseconds(200));
    return answer;
  }
  /// An exchange's page.
  std::string bid_request(const std::string& user, const std::string& item) {
    return R"({"id":"r1","at":1,"imp":[{"id":"1","tagid":"top","banner":{"w":300,"h":250},"bidfloor":0.5}],)"
           R"("site":{"domain":"news.example","content":{"id":")" +
           item + R"("}},"user":{"buyeruid":")" + user +
           R"("},"device":{"ua":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 )"
           R"((KHTML, like Gecko) Chrome/120.0 Safari/537.36","ip":"24.5.6.7"},"tmax":200})";
  }
  int get(const std::string& url, const std::string& query) {
    const int status = life_->follow(url, query);
    pass(seconds(2));
    return status;
  }
  /// Every decision so far must come out again bit for bit; returns what the last one read of its user.
  Vector last_vector(const domain::CallRecord** profile = nullptr) {
    auto replayer = DecisionReplayer::open(life_->log(), life_->settings(), TeamNames{});
    EXPECT_TRUE(replayer);
    Vector out;
    for (const auto id : (*replayer)->ids()) {
      const auto outcome = (*replayer)->replay(id);
      EXPECT_EQ(outcome.verdict, DecisionReplayer::Verdict::same) << outcome.detail;
      out.assign(outcome.recorded->user_vector.begin(), outcome.recorded->user_vector.end());
      version_ = outcome.recorded->profile_version;
      for (const auto& call : outcome.recorded->calls) {
        if (call.stage == domain::Stage::profile) call_ = call;
      }
    }
    if (profile != nullptr) *profile = &call_;
    return out;
  }
  static Vector encoded(const model::ModelFile& file, const std::vector<std::uint32_t>& items) {
    const auto encoder = model::SequenceEncoder::load(file).value();
    auto state = encoder->start();
    for (const auto item : items) encoder->update(state, item);
    return state.vector;
  }
  std::string metrics() {
    std::string out;
    const telemetry::MetricSet* sets[] = {&life_->metrics()};
    telemetry::write_exposition(sets, out);
    return out;
  }

  const model::ModelFile model_ = model::narm_for_tests(1);
  Catalogue catalogue_;
  Machine machine_;
  std::unique_ptr<Life> life_;
  domain::CallRecord call_;
  std::uint32_t version_ = 0;
};

TEST_F(UserVectors, AppearAfterPagesAndAreInTheDecision) {
  look("u", "103");
  EXPECT_TRUE(last_vector().empty()) << "nobody has published a model";
  roll_out(publish(model_));
  look("u", "103");
  EXPECT_TRUE(last_vector().empty()) << "this page is not known yet when it is decided for";
  look("u", "105");
  EXPECT_EQ(last_vector(), encoded(model_, {3}));
  look("u", "shelf");
  EXPECT_EQ(last_vector(), encoded(model_, {3, 5}));
  look("another", "103");
  EXPECT_TRUE(last_vector().empty());
  const domain::CallRecord* profile = nullptr;
  look("u", "");
  EXPECT_EQ(last_vector(&profile), encoded(model_, {3, 5})) << "what the model does not know changes nothing";
  EXPECT_EQ(profile->policy, orchestrator::kProfileSequence);
  EXPECT_EQ(profile->version, 1u);
  EXPECT_NE(profile->answer & domain::kHasVector, 0);
  pass(seconds(2));
  EXPECT_THAT(metrics(), testing::HasSubstr("bandstand_user_vectors 2\n"));
  EXPECT_THAT(metrics(), testing::HasSubstr(R"(bandstand_user_vector_updates_total{result="renewed"} 3)"));
  EXPECT_THAT(metrics(), testing::HasSubstr(R"(bandstand_user_vector_updates_total{result="unknown_item"} 1)"));
  EXPECT_THAT(metrics(), testing::HasSubstr(R"(bandstand_model_version{agent="profile"} 1)"));
}

TEST_F(UserVectors, AreOfExchangesPagesToo) {
  roll_out(publish(model_));
  for (const char* item : {"101", "102", "103"}) {
    CaughtAnswer catcher;
    life_->bid({"alpha", bid_request("b", item), 1, {}}, catcher);
    EXPECT_EQ(catcher.status, 200);
    pass(milliseconds(200));
  }
  EXPECT_EQ(last_vector(), encoded(model_, {1, 2}));
}

TEST_F(UserVectors, ShadowIsAskedAndAnswersForNobody) {
  const auto version = publish(model_);
  roll_out(version, "shadow");
  look("u", "103");
  look("u", "105");
  EXPECT_EQ(last_vector(), encoded(model_, {3})) << "read, and in the record, since the shadow was asked";
  int shadow = 0;
  auto replayer = DecisionReplayer::open(life_->log(), life_->settings(), TeamNames{});
  for (const auto id : (*replayer)->ids()) {
    for (const auto& call : (*replayer)->replay(id).recorded->calls) {
      shadow += call.policy == orchestrator::kProfileSequence && call.source == domain::Source::shadow ? 1 : 0;
      EXPECT_FALSE(call.policy == orchestrator::kProfileSequence && call.source == domain::Source::live);
    }
  }
  EXPECT_EQ(shadow, 2);
  roll_out(version, "off");
  look("u", "104");
  EXPECT_TRUE(last_vector().empty());
}

TEST_F(UserVectors, NeedConsentAndGoWithIt) {
  roll_out(publish(model_));
  const std::string full = simulation::encode_tcf({.purposes = 0x3FF, .vendors = {kVendor}});
  const std::string basic = simulation::encode_tcf({.purposes = 0x43, .vendors = {kVendor}});
  const auto consent = [](const std::string& tcf) { return R"(,"consent":{"gdpr":true,"tcf":")" + tcf + "\"}"; };
  look("u", "103", consent(""));
  look("u", "103", consent(basic));
  look("u", "103", consent(basic));
  EXPECT_TRUE(last_vector().empty());
  look("u", "103", consent(full));
  look("u", "105", consent(full));
  EXPECT_EQ(last_vector(), encoded(model_, {3}));
  look("u", "105", consent(""));
  EXPECT_TRUE(last_vector().empty()) << "kept, but nobody may ask for it";
  look("u", "105", consent(basic));
  EXPECT_TRUE(last_vector().empty());
  look("u", "106", consent(full));
  EXPECT_TRUE(last_vector().empty()) << "known without consent to personalise: what was kept is gone";
  pass(seconds(2));
  EXPECT_THAT(metrics(), testing::HasSubstr(R"(bandstand_user_vector_updates_total{result="erased"} 1)"));
}

TEST_F(UserVectors, AreErasedOnRequestAndALateEventBringsNobodyBack) {
  roll_out(publish(model_));
  look("u", "103");
  const std::string answer = look("u", "104");
  ASSERT_NE(field(answer, "impression_url"), "") << answer;
  EXPECT_EQ(get(field(answer, "impression_url"), ""), 204);
  EXPECT_EQ(life_->users().size(), 1u);
  EXPECT_TRUE(life_->control().erase_user("u"));
  EXPECT_FALSE(life_->control().erase_user("u"));
  EXPECT_EQ(life_->users().size(), 0u);
  EXPECT_EQ(get(field(answer, "click_url"), "?item=105"), 302);
  EXPECT_EQ(life_->users().size(), 0u);
  look("u", "106");
  EXPECT_TRUE(last_vector().empty());
  look("u", "107");
  EXPECT_EQ(last_vector(), encoded(model_, {6})) << "a new beginning";
}

TEST_F(UserVectors, AnEventOfABidProlongsTheVisit) {
  roll_out(publish(model_));
  const std::string answer = look("u", "103");
  EXPECT_EQ(get(field(answer, "impression_url"), ""), 204);
  EXPECT_EQ(get(field(answer, "view_url"), "?item=%31%305"), 204);
  EXPECT_EQ(get(field(answer, "view_url"), "?item=106"), 204);
  look("u", "");
  EXPECT_EQ(last_vector(), encoded(model_, {3, 5})) << "once: a second view of one bid is none";
  const std::string other = look("stranger", "");
  EXPECT_EQ(get(field(other, "impression_url"), "?item=103"), 204);
  look("stranger", "");
  EXPECT_TRUE(last_vector().empty()) << "it begins none";
}

TEST_F(UserVectors, AreVoidAfterAnotherModelWhichMayBeRefused) {
  roll_out(publish(model_));
  look("u", "103");
  look("u", "104");
  EXPECT_EQ(last_vector(), encoded(model_, {3}));
  auto damaged = model::encode_model(model_).value();
  damaged.back() ^= 1;
  auto& control = life_->control();
  EXPECT_THAT(control.publish_model(ModelAgent::profile, damaged).error().what, testing::HasSubstr("checksum"));
  EXPECT_FALSE(control.publish_model(ModelAgent::profile, model::encode_model(model::narm_for_tests(3, 65)).value()));
  model::ModelFile other_kind = model_;
  other_kind.kind = "creative.response";
  EXPECT_FALSE(control.publish_model(ModelAgent::profile, model::encode_model(other_kind).value()));
  model::ModelFile no_schema = model_;
  no_schema.schema = "{}";
  EXPECT_FALSE(control.publish_model(ModelAgent::profile, model::encode_model(no_schema).value()));
  look("u", "105");
  EXPECT_EQ(last_vector(), encoded(model_, {3, 4})) << "the old one stays";

  const auto wider = model::narm_for_tests(2, 7);
  roll_out(publish(wider));
  look("u", "106");
  EXPECT_TRUE(last_vector().empty());
  EXPECT_EQ(version_, 2u);
  look("u", "107");
  EXPECT_EQ(last_vector(), encoded(wider, {6}));
}

TEST_F(UserVectors, CostTheRequestNoAllocation) {
  roll_out(publish(model_));
  std::string body = bid_request("b", "103");
  const std::size_t size = body.size();
  body.append(64, '\0');
  std::size_t before = 0;
  for (int i = 0; i < 100; ++i) {
    pass(seconds(3));  // who asks more often is suspicious
    before = base::allocations_for_tests;
    const auto reply =
        life_->shard().bid(0, std::string_view(body).substr(0, size), machine_.clock.mono(), base::Duration{0});
    if (i >= 50) {
      EXPECT_EQ(base::allocations_for_tests, before) << i;
      EXPECT_EQ(reply.status, 200);
    }
  }
  pass(seconds(1));
  EXPECT_EQ(last_vector(), encoded(model_, {3}));
}

}  // namespace
}  // namespace bandstand::app
