// event_codec: records of the log to Protocol Buffers bytes (event.proto) and back, without allocation on the way out.
#pragma once

#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "domain/decision_record.h"
#include "domain/event.h"

namespace bandstand::protocol::event {

/// The encoding, in the arena. About .5 us for a decision with 64 candidates.
std::string_view encode(const domain::DecisionRecord& record, base::Arena& arena);
/// Appends the encoding to `out` (whose capacity is kept by the caller).
void encode(const domain::ShardState& state, std::string& out);
void encode(const domain::Event& event, std::string& out);

struct SnapshotRecord {
  std::string_view kind;
  std::uint64_t version = 0;
  base::WallTime at;
  std::string_view content;
};
void encode(const SnapshotRecord& snapshot, std::string& out);

/// A record of the topic "decisions" is one of two things.
bool is_shard_state(std::string_view bytes) noexcept;
/// The id of a decision without decoding it; false if these bytes are none of ours. A few ns.
bool peek_decision_id(std::string_view bytes, base::DecisionId& id) noexcept;

/// Decoders: spans and objects in the arena, texts as views into `bytes`. Unknown fields are skipped.
/// Errors: `corrupt` if it is no such message.
base::Result<domain::DecisionRecord*> decode_decision(std::string_view bytes, base::Arena& arena);
base::Result<domain::ShardState> decode_shard_state(std::string_view bytes, base::Arena& arena);
base::Result<domain::Event> decode_event(std::string_view bytes);
base::Result<SnapshotRecord> decode_snapshot(std::string_view bytes);

/// 16 bytes, big end first: keys of the log.
std::string id_bytes(base::DecisionId id);

}  // namespace bandstand::protocol::event
