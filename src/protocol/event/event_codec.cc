// event_codec: field by field; read by protozero, written by WireWriter.
#include "protocol/event/event_codec.h"

#include <cstring>
#include <stdexcept>

#include "base/check.h"
#include "protocol/event/wire_writer.h"

namespace bandstand::protocol::event {
/// A field of another wire type than the schema's. protozero asserts on it; bytes from a disk must not stop us.
[[noreturn]] inline void throw_wrong_type() { throw std::runtime_error("wrong wire type"); }
}  // namespace bandstand::protocol::event
#define protozero_assert(x) ((x) ? static_cast<void>(0) : ::bandstand::protocol::event::throw_wrong_type())
#include <protozero/pbf_reader.hpp>

namespace bandstand::protocol::event {
namespace {

using protozero::pbf_reader;

void put_id(char* out, base::DecisionId id) {
  const auto put = [&](std::uint64_t word, int at) {
    for (int i = 0; i < 8; ++i) out[at + i] = static_cast<char>(word >> (56 - 8 * i));
  };
  put(id.hi, 0);
  put(id.lo, 8);
}

bool get_id(protozero::data_view bytes, base::DecisionId& out) {
  if (bytes.size() != 16) return false;
  const auto get = [&](int at) {
    std::uint64_t word = 0;
    for (int i = 0; i < 8; ++i) word = word << 8 | static_cast<std::uint8_t>(bytes.data()[at + i]);
    return word;
  };
  out = {get(0), get(8)};
  return true;
}

void add_id(WireWriter& out, std::uint32_t tag, base::DecisionId id) {
  char bytes[16];
  put_id(bytes, id);
  out.bytes(tag, bytes, sizeof bytes);
}

std::string_view view(protozero::data_view data) { return {data.data(), data.size()}; }

// Upper bounds of messages' sizes: keys of one byte, numbers of their longest form, the message's own head.
constexpr std::size_t kCallMax = 2 + 3 * 2 + 3 + 4 + 6 + 5 + 6 + 4;
constexpr std::size_t kCandidateMax = 2 + 6 + 6 + 3 * 3 + 5 * 5 + 9 + 2 * 11;
constexpr std::size_t kHeadMax = 32 * WireWriter::kFieldMax;

void encode_call(const domain::CallRecord& call, WireWriter& out) {
  out.message(26, [&] {
    out.number(1, static_cast<std::uint32_t>(call.stage));
    out.number(2, static_cast<std::uint32_t>(call.outcome));
    out.number(3, static_cast<std::uint32_t>(call.source));
    out.number(4, call.impression);
    out.number(5, call.policy.value);
    out.number(6, call.version);
    out.real(7, call.propensity);
    out.number(8, call.duration_ns);
    out.number(9, call.answer);
  });
}

void encode_candidate(const domain::CandidateRecord& candidate, WireWriter& out) {
  out.message(5, [&] {
    out.number(1, candidate.line_item);
    out.number(2, candidate.creative);
    out.number(3, candidate.deal == 0xff ? 0u : candidate.deal + 1u);
    out.number(4, static_cast<std::uint32_t>(candidate.refusal));
    out.number(5, candidate.rule);
    out.real(6, candidate.mu);
    out.real(7, candidate.click_rate);
    out.real(8, candidate.conversion_rate);
    out.real(9, candidate.creative_propensity);
    out.real(10, candidate.win_probability);
    out.real(11, candidate.value);
    out.number(12, static_cast<std::uint64_t>(candidate.available.value));
    out.number(13, static_cast<std::uint64_t>(candidate.price.value));
  });
}

/// Lets `write` append at most `bound` bytes to `buffer`.
template <class Write>
void append(std::string& buffer, std::size_t bound, Write&& write) {
  const std::size_t before = buffer.size();
  buffer.resize(before + bound);
  WireWriter out(buffer.data() + before);
  write(out);
  const auto after = static_cast<std::size_t>(out.at() - buffer.data());
  BANDSTAND_CHECK(after <= buffer.size());
  buffer.resize(after);
}

domain::CallRecord decode_call(pbf_reader in) {
  domain::CallRecord call;
  call.propensity = 0;
  while (in.next()) {
    switch (in.tag()) {
      case 1: call.stage = static_cast<domain::Stage>(in.get_uint32()); break;
      case 2: call.outcome = static_cast<domain::CallOutcome>(in.get_uint32()); break;
      case 3: call.source = static_cast<domain::Source>(in.get_uint32()); break;
      case 4: call.impression = static_cast<std::uint8_t>(in.get_uint32()); break;
      case 5: call.policy.value = static_cast<std::uint16_t>(in.get_uint32()); break;
      case 6: call.version = in.get_uint32(); break;
      case 7: call.propensity = in.get_float(); break;
      case 8: call.duration_ns = in.get_uint32(); break;
      case 9: call.answer = static_cast<std::uint16_t>(in.get_uint32()); break;
      default: in.skip();
    }
  }
  return call;
}

domain::CandidateRecord decode_candidate(pbf_reader in) {
  domain::CandidateRecord out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.line_item = in.get_uint32(); break;
      case 2: out.creative = in.get_uint32(); break;
      case 3: out.deal = static_cast<std::uint8_t>(in.get_uint32() - 1); break;
      case 4: out.refusal = static_cast<domain::Refusal>(in.get_uint32()); break;
      case 5: out.rule = static_cast<std::uint8_t>(in.get_uint32()); break;
      case 6: out.mu = in.get_float(); break;
      case 7: out.click_rate = in.get_float(); break;
      case 8: out.conversion_rate = in.get_float(); break;
      case 9: out.creative_propensity = in.get_float(); break;
      case 10: out.win_probability = in.get_float(); break;
      case 11: out.value = in.get_double(); break;
      case 12: out.available.value = in.get_int64(); break;
      case 13: out.price.value = in.get_int64(); break;
      default: in.skip();
    }
  }
  return out;
}

domain::ImpressionRecord decode_impression(pbf_reader in, base::Arena& arena) {
  domain::ImpressionRecord out;
  base::ArenaList<domain::CandidateRecord> candidates(arena);
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.id = view(in.get_view()); break;
      case 2: out.no_bid = static_cast<domain::NoBid>(in.get_uint32()); break;
      case 3: out.refused = in.get_uint32(); break;
      case 4: out.outranked = in.get_uint32(); break;
      case 5: candidates.push(decode_candidate(in.get_message())); break;
      default: in.skip();
    }
  }
  out.candidates = candidates.span();
  return out;
}

domain::DecisionRecord* read_decision(std::string_view bytes, base::Arena& arena) {
  auto* r = arena.make<domain::DecisionRecord>();
  r->basis = domain::ConsentBasis::not_regulated;  // value 0, which proto3 leaves out
  base::ArenaList<domain::CallRecord> calls(arena, 16);
  base::ArenaList<domain::ImpressionRecord> impressions(arena);
  pbf_reader in(bytes.data(), bytes.size());
  bool has_id = false;
  while (in.next()) {
    switch (in.tag()) {
      case 1: has_id = get_id(in.get_view(), r->id); break;
      case 2: r->at.ns = static_cast<std::int64_t>(in.get_fixed64()); break;
      case 3: r->exchange = static_cast<std::uint16_t>(in.get_uint32()); break;
      case 4: r->first_party = in.get_bool(); break;
      case 5: r->test = in.get_bool(); break;
      case 6: r->request = view(in.get_view()); break;
      case 7: r->seed = in.get_fixed64(); break;
      case 8: r->catalogue_version = in.get_fixed64(); break;
      case 9: r->pacing_version = in.get_uint32(); break;
      case 10: r->creative_version = in.get_uint32(); break;
      case 11: r->market_version = in.get_uint32(); break;
      case 12: r->profile_version = in.get_uint32(); break;
      case 13: r->open_epoch = in.get_uint32(); break;
      case 14: r->user = in.get_fixed64(); break;
      case 15: {
        const auto state_bytes = in.get_view();
        if (state_bytes.size() != sizeof(domain::UserState)) break;
        auto* state = arena.make<domain::UserState>();
        std::memcpy(static_cast<void*>(state), state_bytes.data(), sizeof *state);
        r->state = state;
        break;
      }
      case 16: r->basis = static_cast<domain::ConsentBasis>(in.get_uint32()); break;
      case 17: r->rate_address = in.get_float(); break;
      case 18: r->rate_user = in.get_float(); break;
      case 19: r->rate_placement = in.get_float(); break;
      case 20: r->verdict = static_cast<std::uint8_t>(in.get_uint32()); break;
      case 21: r->verdict_reason = static_cast<std::uint8_t>(in.get_uint32()); break;
      case 22: r->level = static_cast<std::uint8_t>(in.get_uint32()); break;
      case 23: r->no_bid = static_cast<domain::NoBid>(in.get_uint32()); break;
      case 24: r->bids = in.get_uint32(); break;
      case 25: r->duration_ns = in.get_uint32(); break;
      case 28: {
        const auto vector_bytes = in.get_view();
        auto vector = arena.array<float>(vector_bytes.size() / sizeof(float));
        std::memcpy(vector.data(), vector_bytes.data(), vector.size_bytes());
        r->user_vector = vector;
        break;
      }
      case 26: calls.push(decode_call(in.get_message())); break;
      case 27: impressions.push(decode_impression(in.get_message(), arena)); break;
      default: in.skip();
    }
  }
  r->calls = calls.span();
  r->impressions = impressions.span();
  return has_id ? r : nullptr;
}

/// Runs a protozero reader; what it throws on bad bytes becomes `corrupt`.
template <class T, class Read>
base::Result<T> guarded(Read read) {
  try {
    return read();
  } catch (const std::exception&) {
    return base::fail(base::Code::corrupt, "not a valid record of the event schema");
  }
}

}  // namespace

std::string_view encode(const domain::DecisionRecord& r, base::Arena& arena) {
  std::size_t bound = kHeadMax + r.request.size() + sizeof(domain::UserState) + r.user_vector.size_bytes() +
                      r.calls.size() * kCallMax;
  for (const auto& impression : r.impressions) {
    bound += kHeadMax + impression.id.size() + impression.candidates.size() * kCandidateMax;
  }
  char* const begin = static_cast<char*>(arena.take(bound, 1));
  WireWriter out(begin);
  add_id(out, 1, r.id);
  out.fixed64(2, static_cast<std::uint64_t>(r.at.ns));
  out.number(3, r.exchange);
  out.number(4, r.first_party);
  out.number(5, r.test);
  out.text(6, r.request);
  out.fixed64(7, r.seed);
  out.fixed64(8, r.catalogue_version);
  out.number(9, r.pacing_version);
  out.number(10, r.creative_version);
  out.number(11, r.market_version);
  out.number(12, r.profile_version);
  out.number(13, r.open_epoch);
  out.fixed64(14, r.user);
  if (r.state != nullptr) out.bytes(15, r.state, sizeof *r.state);
  out.number(16, static_cast<std::uint32_t>(r.basis));
  out.real(17, r.rate_address);
  out.real(18, r.rate_user);
  out.real(19, r.rate_placement);
  out.number(20, r.verdict);
  out.number(21, r.verdict_reason);
  out.number(22, r.level);
  out.number(23, static_cast<std::uint32_t>(r.no_bid));
  out.number(24, r.bids);
  out.number(25, r.duration_ns);
  for (const auto& call : r.calls) encode_call(call, out);
  for (const auto& impression : r.impressions) {
    out.message(27, [&] {
      out.text(1, impression.id);
      out.number(2, static_cast<std::uint32_t>(impression.no_bid));
      out.number(3, impression.refused);
      out.number(4, impression.outranked);
      for (const auto& candidate : impression.candidates) encode_candidate(candidate, out);
    });
  }
  if (!r.user_vector.empty()) out.bytes(28, r.user_vector.data(), r.user_vector.size_bytes());
  const auto size = static_cast<std::size_t>(out.at() - begin);
  BANDSTAND_CHECK(size <= bound);
  return {begin, size};
}

void encode(const domain::ShardState& state, std::string& buffer) {
  append(buffer, kHeadMax + state.open_campaigns.size_bytes(), [&](WireWriter& out) {
    out.number_or_zero(101, state.node.value);  // is_shard_state() knows the record by this field
    out.number(102, state.open_epoch);
    out.fixed64(103, state.catalogue_version);
    out.fixed64(104, static_cast<std::uint64_t>(state.at.ns));
    out.bytes(105, state.open_campaigns.data(), state.open_campaigns.size_bytes());
  });
}

void encode(const domain::Event& event, std::string& buffer) {
  append(buffer, kHeadMax, [&](WireWriter& out) {
    out.number(1, static_cast<std::uint32_t>(event.kind));
    add_id(out, 2, event.bid);
    out.number(3, event.campaign.value);
    out.number(4, event.line_item.value);
    out.number(5, event.creative.value);
    out.number(6, event.exchange);
    out.fixed64(7, static_cast<std::uint64_t>(event.at.ns));
    out.fixed64(8, static_cast<std::uint64_t>(event.bid_at.ns));
    out.zigzag(9, event.price.value);
    out.number(10, static_cast<std::uint32_t>(event.price_form));
    out.zigzag(11, event.min_to_win.value);
    out.number(12, event.loss_reason);
    out.number(13, event.multiplier_e6);
    out.zigzag(14, event.conversion_value.value);
    out.fixed64(15, event.user.value);
    out.number(16, event.test);
    out.number(17, event.suspicious);
    out.number(18, event.suspicion);
    out.fixed64(19, event.item);
  });
}

void encode(const SnapshotRecord& snapshot, std::string& buffer) {
  append(buffer, kHeadMax + snapshot.kind.size() + snapshot.content.size(), [&](WireWriter& out) {
    out.bytes(1, snapshot.kind.data(), snapshot.kind.size());
    out.fixed64(2, snapshot.version);
    out.fixed64(3, static_cast<std::uint64_t>(snapshot.at.ns));
    out.bytes(4, snapshot.content.data(), snapshot.content.size());
  });
}

bool is_shard_state(std::string_view bytes) noexcept {
  // Tag 101, varint: (101 << 3 | 0) = 808 = 0xA8 0x06. A decision begins with tag 1, bytes: 0x0A.
  return bytes.size() >= 2 && bytes[0] == '\xA8' && bytes[1] == '\x06';
}

bool peek_decision_id(std::string_view bytes, base::DecisionId& id) noexcept {
  // encode() writes the id first: tag 1, bytes, 16 of them.
  if (bytes.size() < 18 || bytes[0] != '\x0A' || bytes[1] != '\x10') return false;
  id = {};
  for (std::size_t i = 0; i < 8; ++i) {
    id.hi = id.hi << 8 | static_cast<unsigned char>(bytes[2 + i]);
    id.lo = id.lo << 8 | static_cast<unsigned char>(bytes[10 + i]);
  }
  return true;
}

base::Result<domain::DecisionRecord*> decode_decision(std::string_view bytes, base::Arena& arena) {
  return guarded<domain::DecisionRecord*>([&]() -> base::Result<domain::DecisionRecord*> {
    domain::DecisionRecord* record = read_decision(bytes, arena);
    if (record == nullptr) return base::fail(base::Code::corrupt, "a decision without an id");
    return record;
  });
}

base::Result<domain::ShardState> decode_shard_state(std::string_view bytes, base::Arena& arena) {
  return guarded<domain::ShardState>([&]() -> base::Result<domain::ShardState> {
    domain::ShardState out;
    pbf_reader in(bytes.data(), bytes.size());
    while (in.next()) {
      switch (in.tag()) {
        case 101: out.node.value = static_cast<std::uint16_t>(in.get_uint32()); break;
        case 102: out.open_epoch = in.get_uint32(); break;
        case 103: out.catalogue_version = in.get_fixed64(); break;
        case 104: out.at.ns = static_cast<std::int64_t>(in.get_fixed64()); break;
        case 105: {
          const auto words = in.get_view();
          auto open = arena.array<std::uint64_t>(words.size() / 8);
          std::memcpy(open.data(), words.data(), open.size_bytes());
          out.open_campaigns = open;
          break;
        }
        default: in.skip();
      }
    }
    return out;
  });
}

base::Result<domain::Event> decode_event(std::string_view bytes) {
  return guarded<domain::Event>([&]() -> base::Result<domain::Event> {
    domain::Event e;
    e.multiplier_e6 = 0;
    bool has_id = false;
    pbf_reader in(bytes.data(), bytes.size());
    while (in.next()) {
      switch (in.tag()) {
        case 1: e.kind = static_cast<domain::EventKind>(in.get_uint32()); break;
        case 2: has_id = get_id(in.get_view(), e.bid); break;
        case 3: e.campaign.value = in.get_uint32(); break;
        case 4: e.line_item.value = in.get_uint32(); break;
        case 5: e.creative.value = in.get_uint32(); break;
        case 6: e.exchange = static_cast<std::uint16_t>(in.get_uint32()); break;
        case 7: e.at.ns = static_cast<std::int64_t>(in.get_fixed64()); break;
        case 8: e.bid_at.ns = static_cast<std::int64_t>(in.get_fixed64()); break;
        case 9: e.price.value = in.get_sint64(); break;
        case 10: e.price_form = static_cast<domain::PriceForm>(in.get_uint32()); break;
        case 11: e.min_to_win.value = in.get_sint64(); break;
        case 12: e.loss_reason = static_cast<std::uint16_t>(in.get_uint32()); break;
        case 13: e.multiplier_e6 = in.get_uint32(); break;
        case 14: e.conversion_value.value = in.get_sint64(); break;
        case 15: e.user.value = in.get_fixed64(); break;
        case 16: e.test = in.get_bool(); break;
        case 17: e.suspicious = in.get_bool(); break;
        case 18: e.suspicion = static_cast<std::uint8_t>(in.get_uint32()); break;
        case 19: e.item = in.get_fixed64(); break;
        default: in.skip();
      }
    }
    if (!has_id) return base::fail(base::Code::corrupt, "an event without a bid id");
    return e;
  });
}

base::Result<SnapshotRecord> decode_snapshot(std::string_view bytes) {
  return guarded<SnapshotRecord>([&]() -> base::Result<SnapshotRecord> {
    SnapshotRecord out;
    pbf_reader in(bytes.data(), bytes.size());
    while (in.next()) {
      switch (in.tag()) {
        case 1: out.kind = view(in.get_view()); break;
        case 2: out.version = in.get_fixed64(); break;
        case 3: out.at.ns = static_cast<std::int64_t>(in.get_fixed64()); break;
        case 4: out.content = view(in.get_view()); break;
        default: in.skip();
      }
    }
    return out;
  });
}

std::string id_bytes(base::DecisionId id) {
  std::string out(16, '\0');
  put_id(out.data(), id);
  return out;
}

}  // namespace bandstand::protocol::event
