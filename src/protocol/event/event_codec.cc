// event_codec: field by field over protozero.
#include "protocol/event/event_codec.h"

#include <cstring>
#include <stdexcept>

namespace bandstand::protocol::event {
/// A field of another wire type than the schema's. protozero asserts on it; bytes from a disk must not stop us.
[[noreturn]] inline void throw_wrong_type() { throw std::runtime_error("wrong wire type"); }
}  // namespace bandstand::protocol::event
#define protozero_assert(x) ((x) ? static_cast<void>(0) : ::bandstand::protocol::event::throw_wrong_type())
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

namespace bandstand::protocol::event {
namespace {

using protozero::pbf_reader;
using protozero::pbf_writer;

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

void add_id(pbf_writer& out, protozero::pbf_tag_type tag, base::DecisionId id) {
  char bytes[16];
  put_id(bytes, id);
  out.add_bytes(tag, bytes, sizeof bytes);
}

/// proto3 leaves zeros out.
void add(pbf_writer& out, protozero::pbf_tag_type tag, std::uint32_t value) {
  if (value != 0) out.add_uint32(tag, value);
}
void add_float(pbf_writer& out, protozero::pbf_tag_type tag, float value) {
  if (value != 0.0f) out.add_float(tag, value);
}

void add_fixed(pbf_writer& out, protozero::pbf_tag_type tag, std::uint64_t value) {
  if (value != 0) out.add_fixed64(tag, value);
}

std::string_view view(protozero::data_view data) { return {data.data(), data.size()}; }

void encode_call(const domain::CallRecord& call, pbf_writer& parent) {
  pbf_writer out(parent, 26);
  add(out, 1, static_cast<std::uint32_t>(call.stage));
  add(out, 2, static_cast<std::uint32_t>(call.outcome));
  add(out, 3, static_cast<std::uint32_t>(call.source));
  add(out, 4, call.impression);
  add(out, 5, call.policy.value);
  add(out, 6, call.version);
  add_float(out, 7, call.propensity);
  add(out, 8, call.duration_ns);
  add(out, 9, call.answer);
}

void encode_candidate(const domain::CandidateRecord& candidate, pbf_writer& parent) {
  pbf_writer out(parent, 5);
  add(out, 1, candidate.line_item);
  add(out, 2, candidate.creative);
  add(out, 3, candidate.deal == 0xff ? 0u : candidate.deal + 1u);
  add(out, 4, static_cast<std::uint32_t>(candidate.refusal));
  add(out, 5, candidate.rule);
  add_float(out, 6, candidate.mu);
  add_float(out, 7, candidate.click_rate);
  add_float(out, 8, candidate.conversion_rate);
  add_float(out, 9, candidate.creative_propensity);
  add_float(out, 10, candidate.win_probability);
  if (candidate.value != 0) out.add_double(11, candidate.value);
  if (!candidate.available.is_zero()) out.add_int64(12, candidate.available.value);
  if (!candidate.price.is_zero()) out.add_int64(13, candidate.price.value);
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

void encode(const domain::DecisionRecord& r, std::string& buffer) {
  pbf_writer out(buffer);
  add_id(out, 1, r.id);
  add_fixed(out, 2, static_cast<std::uint64_t>(r.at.ns));
  add(out, 3, r.exchange);
  if (r.first_party) out.add_bool(4, true);
  if (r.test) out.add_bool(5, true);
  if (!r.request.empty()) out.add_bytes(6, r.request.data(), r.request.size());
  add_fixed(out, 7, r.seed);
  add_fixed(out, 8, r.catalogue_version);
  add(out, 9, r.pacing_version);
  add(out, 10, r.creative_version);
  add(out, 11, r.market_version);
  add(out, 12, r.profile_version);
  add(out, 13, r.open_epoch);
  add_fixed(out, 14, r.user);
  if (r.state != nullptr) out.add_bytes(15, reinterpret_cast<const char*>(r.state), sizeof *r.state);
  add(out, 16, static_cast<std::uint32_t>(r.basis));
  add_float(out, 17, r.rate_address);
  add_float(out, 18, r.rate_user);
  add_float(out, 19, r.rate_placement);
  add(out, 20, r.verdict);
  add(out, 21, r.verdict_reason);
  add(out, 22, r.level);
  add(out, 23, static_cast<std::uint32_t>(r.no_bid));
  add(out, 24, r.bids);
  add(out, 25, r.duration_ns);
  for (const auto& call : r.calls) encode_call(call, out);
  for (const auto& impression : r.impressions) {
    pbf_writer child(out, 27);
    if (!impression.id.empty()) child.add_bytes(1, impression.id.data(), impression.id.size());
    add(child, 2, static_cast<std::uint32_t>(impression.no_bid));
    add(child, 3, impression.refused);
    add(child, 4, impression.outranked);
    for (const auto& candidate : impression.candidates) encode_candidate(candidate, child);
  }
}

void encode(const domain::ShardState& state, std::string& buffer) {
  pbf_writer out(buffer);
  out.add_uint32(101, state.node.value);
  add(out, 102, state.open_epoch);
  add_fixed(out, 103, state.catalogue_version);
  add_fixed(out, 104, static_cast<std::uint64_t>(state.at.ns));
  out.add_bytes(105, reinterpret_cast<const char*>(state.open_campaigns.data()), state.open_campaigns.size_bytes());
}

void encode(const domain::Event& event, std::string& buffer) {
  pbf_writer out(buffer);
  add(out, 1, static_cast<std::uint32_t>(event.kind));
  add_id(out, 2, event.bid);
  add(out, 3, event.campaign.value);
  add(out, 4, event.line_item.value);
  add(out, 5, event.creative.value);
  add(out, 6, event.exchange);
  add_fixed(out, 7, static_cast<std::uint64_t>(event.at.ns));
  add_fixed(out, 8, static_cast<std::uint64_t>(event.bid_at.ns));
  if (!event.price.is_zero()) out.add_sint64(9, event.price.value);
  add(out, 10, static_cast<std::uint32_t>(event.price_form));
  if (!event.min_to_win.is_zero()) out.add_sint64(11, event.min_to_win.value);
  add(out, 12, event.loss_reason);
  add(out, 13, event.multiplier_e6);
  if (!event.conversion_value.is_zero()) out.add_sint64(14, event.conversion_value.value);
  add_fixed(out, 15, event.user.value);
  if (event.test) out.add_bool(16, true);
  if (event.suspicious) out.add_bool(17, true);
  add(out, 18, event.suspicion);
}

void encode(const SnapshotRecord& snapshot, std::string& buffer) {
  pbf_writer out(buffer);
  out.add_bytes(1, snapshot.kind.data(), snapshot.kind.size());
  add_fixed(out, 2, snapshot.version);
  add_fixed(out, 3, static_cast<std::uint64_t>(snapshot.at.ns));
  out.add_bytes(4, snapshot.content.data(), snapshot.content.size());
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
