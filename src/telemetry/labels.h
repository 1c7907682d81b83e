// labels: the closed sets of label values of the catalogue; an enumerator's place is its index.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "telemetry/metrics.h"

namespace bandstand::telemetry {

/// Names given at start (Dimensions): pass their position there.
struct ExchangeTag {};
struct AgentTag {};
struct TopicTag {};
struct RefusalTag {};
struct FraudTag {};
struct VetoTag {};
struct BasisTag {};
using Exchange = Named<ExchangeTag>;
using Agent = Named<AgentTag>;
using Topic = Named<TopicTag>;
using RefusalReason = Named<RefusalTag>;  ///< as domain::Refusal
using FraudReason = Named<FraudTag>;      ///< as agents::fraud::Reason
using VetoReason = Named<VetoTag>;        ///< as agents::oversight::Rule
using ConsentBasis = Named<BasisTag>;     ///< as domain::ConsentBasis

/// A list of the fraud agent.
enum class FraudList : std::uint8_t { crawlers, exempt, data_center, reserved, blocked };
template <>
struct LabelOf<FraudList> {
  static constexpr const char* name = "list";
  static constexpr std::array values{"crawlers", "exempt", "data_center", "reserved", "blocked"};
};
static_assert(static_cast<std::size_t>(FraudList::blocked) + 1 == LabelOf<FraudList>::values.size());

/// An OpenRTB no-bid reason: 0..63 and 500..563 (ours) have a row each; any other code is "other".
struct Nbr {
  constexpr explicit Nbr(int code) noexcept
      : index(code >= 0 && code < 64      ? static_cast<std::size_t>(code)
              : code >= 500 && code < 564 ? static_cast<std::size_t>(code - 500 + 64)
                                          : 128) {}
  std::size_t index;
};
inline Label nbr_label() {
  Label label{"nbr", {}};
  for (int i = 0; i < 128; ++i) label.values.push_back(std::to_string(i < 64 ? i : i - 64 + 500));
  label.values.emplace_back("other");
  return label;
}

/// What became of a bid request.
enum class BidOutcome : std::uint8_t { bid, nobid, shed, timeout, invalid };
template <>
struct LabelOf<BidOutcome> {
  static constexpr const char* name = "outcome";
  static constexpr std::array values{"bid", "nobid", "shed", "timeout", "invalid"};
};
static_assert(static_cast<std::size_t>(BidOutcome::invalid) + 1 == LabelOf<BidOutcome>::values.size());

/// What became of a first-party decision request.
enum class DecideOutcome : std::uint8_t { filled, empty, shed, timeout, invalid };
template <>
struct LabelOf<DecideOutcome> {
  static constexpr const char* name = "outcome";
  static constexpr std::array values{"filled", "empty", "shed", "timeout", "invalid"};
};
static_assert(static_cast<std::size_t>(DecideOutcome::invalid) + 1 == LabelOf<DecideOutcome>::values.size());

/// How an agent's turn ended.
enum class AgentOutcome : std::uint8_t { answered, passed, failed, late, skipped };
template <>
struct LabelOf<AgentOutcome> {
  static constexpr const char* name = "outcome";
  static constexpr std::array values{"answered", "passed", "failed", "late", "skipped"};
};
static_assert(static_cast<std::size_t>(AgentOutcome::skipped) + 1 == LabelOf<AgentOutcome>::values.size());

/// Why a fallback answered.
enum class FallbackReason : std::uint8_t { deadline, breaker_open, failed, invalid_answer, off, brownout };
template <>
struct LabelOf<FallbackReason> {
  static constexpr const char* name = "reason";
  static constexpr std::array values{"deadline",       "breaker_open", "failed",
                                     "invalid_answer", "off",          "brownout"};
};
static_assert(static_cast<std::size_t>(FallbackReason::brownout) + 1 ==
              LabelOf<FallbackReason>::values.size());

/// What may be done.
enum class ConsentDecision : std::uint8_t { personal, contextual, refused };
template <>
struct LabelOf<ConsentDecision> {
  static constexpr const char* name = "decision";
  static constexpr std::array values{"personal", "contextual", "refused"};
};
static_assert(static_cast<std::size_t>(ConsentDecision::refused) + 1 ==
              LabelOf<ConsentDecision>::values.size());

/// As in the ledger.
enum class AccountType : std::uint8_t { available, lease, spent, late, refund, fees, house_loss };
template <>
struct LabelOf<AccountType> {
  static constexpr const char* name = "account_type";
  static constexpr std::array values{"available", "lease", "spent", "late", "refund", "fees", "house_loss"};
};
static_assert(static_cast<std::size_t>(AccountType::house_loss) + 1 == LabelOf<AccountType>::values.size());

/// How a lease call ended.
enum class LeaseResult : std::uint8_t { granted, refused, returned, reclaimed };
template <>
struct LabelOf<LeaseResult> {
  static constexpr const char* name = "result";
  static constexpr std::array values{"granted", "refused", "returned", "reclaimed"};
};
static_assert(static_cast<std::size_t>(LeaseResult::reclaimed) + 1 == LabelOf<LeaseResult>::values.size());

/// What a notice or an event tells.
enum class NoticeKind : std::uint8_t { win, bill, loss, impression, view, click, conversion, video, other };
template <>
struct LabelOf<NoticeKind> {
  static constexpr const char* name = "kind";
  static constexpr std::array values{"win",   "bill",       "loss",  "impression", "view",
                                     "click", "conversion", "video", "other"};
};
static_assert(static_cast<std::size_t>(NoticeKind::other) + 1 == LabelOf<NoticeKind>::values.size());

/// What became of it. `new_` is exported as "new".
enum class NoticeResult : std::uint8_t {
  new_,
  duplicate,
  conflict,
  forged,
  late,
  expired,
  unknown,
  invalid,
  suspicious,
  refused
};
template <>
struct LabelOf<NoticeResult> {
  static constexpr const char* name = "result";
  static constexpr std::array values{"new",     "duplicate", "conflict", "forged",     "late",
                                     "expired", "unknown",   "invalid",  "suspicious", "refused"};
};
static_assert(static_cast<std::size_t>(NoticeResult::refused) + 1 == LabelOf<NoticeResult>::values.size());

/// As domain::DeviceType.
enum class Device : std::uint8_t { unknown, mobile_or_tablet, pc, ctv, phone, tablet, connected, set_top_box, out_of_home };
template <>
struct LabelOf<Device> {
  static constexpr const char* name = "device";
  static constexpr std::array values{"unknown", "mobile_or_tablet", "pc",          "ctv",        "phone",
                                     "tablet",  "connected",        "set_top_box", "out_of_home"};
};
static_assert(static_cast<std::size_t>(Device::out_of_home) + 1 == LabelOf<Device>::values.size());

/// What was wrong with a token.
enum class TokenRejection : std::uint8_t { malformed, version, key_id, signature, expired, kind };
template <>
struct LabelOf<TokenRejection> {
  static constexpr const char* name = "reason";
  static constexpr std::array values{"malformed", "version", "key_id", "signature", "expired", "kind"};
};
static_assert(static_cast<std::size_t>(TokenRejection::kind) + 1 == LabelOf<TokenRejection>::values.size());

/// How a publish ended.
enum class BusResult : std::uint8_t { ok, refused, failed, dropped };
template <>
struct LabelOf<BusResult> {
  static constexpr const char* name = "result";
  static constexpr std::array values{"ok", "refused", "failed", "dropped"};
};
static_assert(static_cast<std::size_t>(BusResult::dropped) + 1 == LabelOf<BusResult>::values.size());

/// Why an event was set aside.
enum class DeadLetterReason : std::uint8_t { undecodable, unknown_kind, failed, too_large };
template <>
struct LabelOf<DeadLetterReason> {
  static constexpr const char* name = "reason";
  static constexpr std::array values{"undecodable", "unknown_kind", "failed", "too_large"};
};
static_assert(static_cast<std::size_t>(DeadLetterReason::too_large) + 1 ==
              LabelOf<DeadLetterReason>::values.size());

/// How an outcome met its decision.
enum class OutcomeJoin : std::uint8_t { matched, late, unmatched, duplicate };
template <>
struct LabelOf<OutcomeJoin> {
  static constexpr const char* name = "join";
  static constexpr std::array values{"matched", "late", "unmatched", "duplicate"};
};
static_assert(static_cast<std::size_t>(OutcomeJoin::duplicate) + 1 == LabelOf<OutcomeJoin>::values.size());

/// What is kept of the learners from one life of the process to the next.
enum class LearnedKind : std::uint8_t { file, market, evidence, creative, figures, published, pacing, users, open_bids };
template <>
struct LabelOf<LearnedKind> {
  static constexpr const char* name = "part";
  static constexpr std::array values{"file",    "market",    "evidence", "creative", "figures",
                                     "published", "pacing", "users",    "open_bids"};
};
static_assert(static_cast<std::size_t>(LearnedKind::open_bids) + 1 == LabelOf<LearnedKind>::values.size());

/// How reading it back ended.
enum class LearnedResult : std::uint8_t { restored, absent, damaged };
template <>
struct LabelOf<LearnedResult> {
  static constexpr const char* name = "result";
  static constexpr std::array values{"restored", "absent", "damaged"};
};
static_assert(static_cast<std::size_t>(LearnedResult::damaged) + 1 == LabelOf<LearnedResult>::values.size());

/// How writing it ended.
enum class WriteResult : std::uint8_t { written, failed };
template <>
struct LabelOf<WriteResult> {
  static constexpr const char* name = "result";
  static constexpr std::array values{"written", "failed"};
};
static_assert(static_cast<std::size_t>(WriteResult::failed) + 1 == LabelOf<WriteResult>::values.size());

/// Agents that can be given a model, as serving/model_shelf numbers them.
enum class ModelAgent : std::uint8_t { creative, bid, fraud, profile };
template <>
struct LabelOf<ModelAgent> {
  static constexpr const char* name = "agent";
  static constexpr std::array values{"creative", "bid", "fraud", "profile"};
};
static_assert(static_cast<std::size_t>(ModelAgent::profile) + 1 == LabelOf<ModelAgent>::values.size());

/// What became of an operator's wish about a model.
enum class ModelResult : std::uint8_t { published, refused, rolled_out, rolled_back };
template <>
struct LabelOf<ModelResult> {
  static constexpr const char* name = "result";
  static constexpr std::array values{"published", "refused", "rolled_out", "rolled_back"};
};
static_assert(static_cast<std::size_t>(ModelResult::rolled_back) + 1 == LabelOf<ModelResult>::values.size());

/// What a page view or an event did to a user's vector.
enum class VectorUpdate : std::uint8_t { renewed, unknown_item, erased };
template <>
struct LabelOf<VectorUpdate> {
  static constexpr const char* name = "result";
  static constexpr std::array values{"renewed", "unknown_item", "erased"};
};
static_assert(static_cast<std::size_t>(VectorUpdate::erased) + 1 == LabelOf<VectorUpdate>::values.size());

/// What the monitor flagged.
enum class AnomalyKind : std::uint8_t { win_rate, ctr, spend, price, traffic, reward };
template <>
struct LabelOf<AnomalyKind> {
  static constexpr const char* name = "kind";
  static constexpr std::array values{"win_rate", "ctr", "spend", "price", "traffic", "reward"};
};
static_assert(static_cast<std::size_t>(AnomalyKind::reward) + 1 == LabelOf<AnomalyKind>::values.size());

/// How a reload ended.
enum class ReloadResult : std::uint8_t { taken, refused, unchanged };
template <>
struct LabelOf<ReloadResult> {
  static constexpr const char* name = "result";
  static constexpr std::array values{"taken", "refused", "unchanged"};
};
static_assert(static_cast<std::size_t>(ReloadResult::unchanged) + 1 == LabelOf<ReloadResult>::values.size());

/// In the life of a connection.
enum class ConnectionEvent : std::uint8_t {
  accepted,
  refused,
  closed_by_peer,
  closed_idle,
  closed_slow,
  closed_malformed,
  closed_drained,
  closed_limit,
  closed_done,
  failed
};
template <>
struct LabelOf<ConnectionEvent> {
  static constexpr const char* name = "event";
  static constexpr std::array values{
      "accepted",         "refused",        "closed_by_peer", "closed_idle", "closed_slow",
      "closed_malformed", "closed_drained", "closed_limit",   "closed_done", "failed"};
};
static_assert(static_cast<std::size_t>(ConnectionEvent::failed) + 1 ==
              LabelOf<ConnectionEvent>::values.size());

/// Class of status.
enum class StatusClass : std::uint8_t { s1xx, s2xx, s3xx, s4xx, s5xx };
template <>
struct LabelOf<StatusClass> {
  static constexpr const char* name = "code";
  static constexpr std::array values{"1xx", "2xx", "3xx", "4xx", "5xx"};
};
static_assert(static_cast<std::size_t>(StatusClass::s5xx) + 1 == LabelOf<StatusClass>::values.size());

/// Which limit.
enum class HttpLimit : std::uint8_t {
  body,
  header,
  target,
  connections,
  address,
  descriptors,
  pipeline,
  output,
  header_time,
  body_time,
  write_time,
  inflate,
  framing
};
template <>
struct LabelOf<HttpLimit> {
  static constexpr const char* name = "limit";
  static constexpr std::array values{"body",        "header",   "target", "connections", "address",
                                     "descriptors", "pipeline", "output", "header_time", "body_time",
                                     "write_time",  "inflate",  "framing"};
};
static_assert(static_cast<std::size_t>(HttpLimit::framing) + 1 == LabelOf<HttpLimit>::values.size());

}  // namespace bandstand::telemetry
