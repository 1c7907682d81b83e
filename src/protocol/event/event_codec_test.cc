// event_codec_test: what we write is what event.proto says, and comes back whole.
#include "protocol/event/event_codec.h"

#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/dynamic_message.h>
#include <gtest/gtest.h>

#include "base/rng.h"

namespace bandstand::protocol::event {
namespace {

/// The schema as protobuf's own compiler reads it.
class Schema {
 public:
  Schema() : importer_(tree(), nullptr) {
    file_ = importer_.Import("event.proto");
  }
  std::unique_ptr<google::protobuf::Message> parse(const char* name, const std::string& bytes) {
    const auto* descriptor = file_->FindMessageTypeByName(name);
    std::unique_ptr<google::protobuf::Message> message(factory_.GetPrototype(descriptor)->New());
    EXPECT_TRUE(message->ParseFromString(bytes));
    EXPECT_EQ(message->GetReflection()->GetUnknownFields(*message).field_count(), 0);
    return message;
  }

 private:
  google::protobuf::compiler::SourceTree* tree() {
    tree_.MapPath("", BANDSTAND_SOURCE_DIR "/src/protocol/event");
    return &tree_;
  }
  google::protobuf::compiler::DiskSourceTree tree_;
  google::protobuf::compiler::Importer importer_;
  const google::protobuf::FileDescriptor* file_ = nullptr;
  google::protobuf::DynamicMessageFactory factory_;
};

domain::DecisionRecord sample(base::Arena& arena) {
  domain::DecisionRecord r;
  r.id = {0x0001000000000007, 0x1200};
  r.at = {1'700'000'000'123'456'789};
  r.exchange = 3;
  r.request = "{\"id\":\"1\"}";
  r.seed = 0xFEDCBA9876543210;
  r.catalogue_version = 42;
  r.pacing_version = 7;
  r.user = 99;
  auto* state = arena.make<domain::UserState>();
  state->clicks = 5;
  r.state = state;
  auto vector = arena.array<float>(3);
  vector[1] = -0.5f;
  r.user_vector = vector;
  r.no_bid = domain::NoBid::paced;
  r.calls = arena.array<domain::CallRecord>(2);
  r.calls[1].stage = domain::Stage::oversight;
  r.calls[1].propensity = 0.25f;
  r.impressions = arena.array<domain::ImpressionRecord>(1);
  r.impressions[0].id = "imp";
  r.impressions[0].candidates = arena.array<domain::CandidateRecord>(2);
  r.impressions[0].candidates[0].deal = 0;
  r.impressions[0].candidates[1].price = base::Nanos{1'234'567};
  r.impressions[0].candidates[1].value = 0.1;
  r.impressions[0].candidates[1].refusal = domain::Refusal::outranked;
  return r;
}

TEST(EventCodec, WritesDecisionsThatTheSchemaReadsAndWritesTheSame) {
  base::Arena arena;
  const std::string bytes(encode(sample(arena), arena));
  Schema schema;
  const auto message = schema.parse("Decision", bytes);
  EXPECT_EQ(message->SerializeAsString(), bytes);
}

TEST(EventCodec, ReadsBackEveryFieldOfADecision) {
  base::Arena arena;
  const std::string bytes(encode(sample(arena), arena));
  EXPECT_FALSE(is_shard_state(bytes));
  const auto back = decode_decision(bytes, arena);
  ASSERT_TRUE(back);
  EXPECT_EQ((*back)->id, (base::DecisionId{0x0001000000000007, 0x1200}));
  EXPECT_EQ((*back)->state->clicks, 5u);
  ASSERT_EQ((*back)->user_vector.size(), 3u);
  EXPECT_EQ((*back)->user_vector[1], -.5f);
  EXPECT_EQ((*back)->impressions[0].candidates[0].deal, 0);
  EXPECT_EQ((*back)->impressions[0].candidates[1].deal, 0xff);
  EXPECT_EQ((*back)->impressions[0].candidates[1].price.value, 1'234'567);
  EXPECT_EQ(encode(**back, arena), bytes);
}

TEST(EventCodec, HasRoomForTheLargestValueOfEveryField) {
  base::Arena arena;
  domain::DecisionRecord r = sample(arena);
  auto calls = arena.array<domain::CallRecord>(300);
  for (auto& call : calls) {
    call = {domain::Stage::reservation, domain::CallOutcome::off, domain::Source::shadow, 255,
            {65535},                    ~0u,                      .3f,                    ~0u, 65535};
  }
  r.calls = calls;
  auto candidates = arena.array<domain::CandidateRecord>(500);
  for (auto& c : candidates) {
    c.line_item = c.creative = ~0u;
    c.deal = 0xfe;
    c.refusal = static_cast<domain::Refusal>(255);
    c.rule = 255;
    c.mu = c.click_rate = c.conversion_rate = c.creative_propensity = c.win_probability = .1f;
    c.value = .1;
    c.available = c.price = base::Nanos{-1};
  }
  r.impressions[0].candidates = candidates;
  const auto bytes = encode(r, arena);
  EXPECT_GT(bytes.size(), 300u * 36 + 500u * 79);
  Schema schema;
  EXPECT_EQ(schema.parse("Decision", std::string(bytes))->SerializeAsString(), bytes);
}

TEST(EventCodec, KeepsEventsAndShardStatesWhole) {
  domain::Event event;
  event.kind = domain::EventKind::loss;
  event.bid = {1, 2};
  event.price = base::Nanos{-5};
  event.loss_reason = 102;
  event.item = 1ull << 63;
  std::string bytes;
  encode(event, bytes);
  Schema schema;
  EXPECT_EQ(schema.parse("Event", bytes)->SerializeAsString(), bytes);
  const auto back = decode_event(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->price.value, -5);
  EXPECT_EQ(back->item, 1ull << 63);
  EXPECT_EQ(back->multiplier_e6, 1'000'000u);

  base::Arena arena;
  const std::uint64_t words[2] = {5, 1ull << 63};
  domain::ShardState state;
  state.node = {4};
  state.open_epoch = 9;
  state.open_campaigns = words;
  bytes.clear();
  encode(state, bytes);
  EXPECT_TRUE(is_shard_state(bytes));
  EXPECT_EQ(schema.parse("ShardState", bytes)->SerializeAsString(), bytes);
  EXPECT_EQ(decode_shard_state(bytes, arena)->open_campaigns[1], 1ull << 63);
}

TEST(EventCodec, RefusesCutAndFlippedBytesWithoutHarm) {
  base::Arena arena;
  const std::string bytes(encode(sample(arena), arena));
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) (void)decode_decision(std::string_view(bytes).substr(0, cut), arena);
  base::Rng rng(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string bad = bytes;
    bad[rng.below(bad.size())] ^= static_cast<char>(1 << rng.below(8));
    (void)decode_decision(bad, arena);
    (void)decode_event(bad);
    (void)decode_shard_state(bad, arena);
    arena.reset();
  }
}

TEST(EventCodec, TellsTheIdOfADecisionWithoutDecodingIt) {
  base::Arena arena;
  const domain::DecisionRecord record = sample(arena);
  std::string bytes(encode(record, arena));
  base::DecisionId id;
  ASSERT_TRUE(peek_decision_id(bytes, id));
  EXPECT_EQ(id, record.id);
  EXPECT_FALSE(peek_decision_id(bytes.substr(0, 17), id));
  bytes.clear();
  encode(domain::ShardState{}, bytes);
  EXPECT_FALSE(peek_decision_id(bytes, id));
}

}  // namespace
}  // namespace bandstand::protocol::event
