// catalogue: every metric of Bandstand, declared once: name with unit, meaning, labels, buckets.
//
// Naming: prefix bandstand_, base units, _total on counters (Prometheus, "Metric and label naming"). No label
// holds an id, an address or text of a user. Where a name says seconds, code observes nanoseconds.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "telemetry/labels.h"
#include "telemetry/metrics.h"

namespace bandstand::telemetry {

/// Bucket edges. Each service level objective is an edge (20 ms and 50 ms for decisions and notices).
inline constexpr std::array<std::int64_t, 20> kRequestEdgesNs{
    10'000,      25'000,      50'000,      100'000,     250'000,     500'000,      1'000'000,
    2'000'000,   3'000'000,   5'000'000,   7'500'000,   10'000'000,  20'000'000,   50'000'000,
    100'000'000, 120'000'000, 200'000'000, 300'000'000, 500'000'000, 1'000'000'000};
inline constexpr std::array<std::int64_t, 14> kStageEdgesNs{
    500,     1'000,   2'000,     5'000,     10'000,    20'000,     50'000,
    100'000, 250'000, 1'000'000, 2'000'000, 5'000'000, 10'000'000, 50'000'000};
inline constexpr std::array<std::int64_t, 13> kSyncEdgesNs{
    50'000,    100'000,   150'000,    200'000,    300'000,     500'000,      1'000'000,
    2'000'000, 5'000'000, 20'000'000, 50'000'000, 200'000'000, 1'000'000'000};
inline constexpr std::array<std::int64_t, 13> kBatchEdges{1,   2,   4,   8,    16,   32,  64,
                                                          128, 256, 512, 1024, 2048, 4096};

/// Names that are known when the process starts; the same for every set of the process. Whatever is missing
/// here is "other".
struct Dimensions {
  std::vector<std::string> exchanges;
  std::vector<std::string> agents{"profile", "targeting", "budget",    "creative",
                                  "bid",     "fraud",     "oversight", "monitor"};
  std::vector<std::string> topics;
  std::vector<std::string> refusals, fraud_reasons, vetoes,
      consent_bases;  ///< the owners' lists, in their order
  std::string version = "0.1.0";
  std::string commit = "unknown";
};

/// One thread's metrics. Write from that thread only.
struct Metrics : MetricSet {
  explicit Metrics(const Dimensions& dims = {}) : dims_(dims) { build_info.set(1); }

 private:
  const Dimensions dims_;

 public:
  // --- edge
  Counter<Exchange, BidOutcome> bid_requests{
      *this,
      {"bandstand_bid_requests_total", "Bid requests, by exchange and what became of them.", 1, {}, true},
      {named<ExchangeTag>("exchange", dims_.exchanges), internal::label_of<BidOutcome>()}};
  Counter<Nbr> no_bids{*this,
                       {"bandstand_no_bids_total", "No-bids, by OpenRTB no-bid reason code.", 1, {}, true},
                       {nbr_label()}};
  Counter<DecideOutcome> decide_requests{
      *this, {"bandstand_decide_requests_total", "First-party decision requests, by what became of them."}};
  Histogram<> bid_request_duration{
      *this,
      {"bandstand_bid_request_duration_seconds", "From the last byte of a bid request to its answer.", 1e-9},
      kRequestEdgesNs};
  Histogram<> bid_deadline_remaining{*this,
                                     {"bandstand_bid_deadline_remaining_seconds",
                                      "Time left to the deadline when the answer was written.", 1e-9},
                                     kRequestEdgesNs};
  TextCounter invalid_input{
      *this,
      {"bandstand_invalid_input_total", "Refused input, by path of the first bad field; the log says why.", 1, {}, true},
      "field"};

  // --- agents
  Counter<Agent, AgentOutcome> agent_requests{
      *this,
      {"bandstand_agent_requests_total", "Questions to an agent, by outcome."},
      {agents(), internal::label_of<AgentOutcome>()}};
  Histogram<Agent> agent_duration{*this,
                                  {"bandstand_agent_duration_seconds", "Time an agent took to answer.", 1e-9},
                                  {agents()},
                                  kStageEdgesNs};
  Counter<Agent, FallbackReason> agent_fallback{
      *this,
      {"bandstand_agent_fallback_total", "Answers given by an agent's fallback, by reason.", 1, {}, true},
      {agents(), internal::label_of<FallbackReason>()}};
  Gauge<Agent> agent_breaker_state{
      *this,
      {"bandstand_agent_breaker_state", "0 closed, 1 half open, 2 open; the worst shard.", 1, Merge::max},
      {agents()}};
  Gauge<Agent> agent_inflight{
      *this, {"bandstand_agent_inflight", "Questions that an agent is working on."}, {agents()}};
  Histogram<Agent> agent_queue{
      *this,
      {"bandstand_agent_queue_seconds", "Time a question waited for a remote agent.", 1e-9},
      {agents()},
      kStageEdgesNs};
  Gauge<Agent> agent_concurrency_limit{
      *this,
      {"bandstand_agent_concurrency_limit", "Questions that an agent may work on at once."},
      {agents()}};
  Counter<RefusalReason> refusals{
      *this,
      {"bandstand_refusals_total", "Line items refused as candidates, by reason.", 1, {}, true},
      {named<RefusalTag>("reason", dims_.refusals)}};
  Counter<FraudReason> fraud_verdicts{*this,
                                      {"bandstand_fraud_verdicts_total",
                                       "Requests and events that the fraud agent marked, by reason.",
                                       1,
                                       {},
                                       true},
                                      {named<FraudTag>("reason", dims_.fraud_reasons)}};
  Counter<VetoReason> oversight_vetoes{
      *this,
      {"bandstand_oversight_vetoes_total", "Decisions that oversight refused, by reason.", 1, {}, true},
      {named<VetoTag>("reason", dims_.vetoes)}};
  Counter<ConsentBasis, ConsentDecision> consent_decisions{
      *this,
      {"bandstand_consent_decisions_total",
       "What could be done with a user's data, and on what ground.",
       1,
       {},
       true},
      {named<BasisTag>("basis", dims_.consent_bases), internal::label_of<ConsentDecision>()}};

  // --- money
  Gauge<> ledger_imbalance{
      *this, {"bandstand_ledger_imbalance_nanos", "Sum over all accounts; anything but 0 is a bug."}};
  Counter<AccountType> ledger_spend{*this,
                                    {"bandstand_ledger_spend_nanos_total",
                                     "Money moved into an account type, in nano-units of its currency."}};
  Counter<> ledger_late{*this,
                        {"bandstand_ledger_late_nanos_total",
                         "Media cost that was announced after its lease had been reclaimed."}};
  Gauge<> lease_outstanding{
      *this, {"bandstand_lease_outstanding_nanos", "Granted to shards and neither spent nor returned."}};
  Counter<LeaseResult> leases{*this, {"bandstand_leases_total", "Lease calls, by result."}};
  Counter<NoticeKind, NoticeResult> notices{
      *this, {"bandstand_notices_total", "Notices and events, by kind and result."}};
  Histogram<> notice_duration{*this,
                              {"bandstand_notice_duration_seconds",
                               "From a notice's last byte to its answer, which waits for the disk.", 1e-9},
                              kRequestEdgesNs};
  Counter<TokenRejection> token_rejections{
      *this, {"bandstand_token_rejections_total", "Signed tokens that were refused, by reason."}};
  Histogram<> wal_fsync{
      *this, {"bandstand_wal_fsync_seconds", "Time of one fdatasync of the log.", 1e-9}, kSyncEdgesNs};
  Histogram<> wal_batch_records{
      *this, {"bandstand_wal_batch_records", "Records made durable by one fdatasync."}, kBatchEdges};
  Gauge<> recovery{
      *this,
      {"bandstand_recovery_seconds", "Time that the last start spent on reading the log.", 1e-9, Merge::max}};
  Gauge<> pacing_error{
      *this,
      {"bandstand_pacing_error_ratio", "Mean over campaigns of |spent - planned| / planned, in this hour.",
       1e-6, Merge::max}};

  // --- log
  Counter<Topic, BusResult> bus_publish{
      *this,
      {"bandstand_bus_publish_total", "Events published, by topic and result.", 1, {}, true},
      {topics(), internal::label_of<BusResult>()}};
  Gauge<Topic> bus_lag{
      *this,
      {"bandstand_bus_lag_seconds", "Age of the oldest event that a reader has not seen.", 1e-9, Merge::max},
      {topics()}};
  Gauge<> outbox{*this, {"bandstand_outbox_bytes", "Events that wait on disk for their broker."}};
  Counter<Topic, DeadLetterReason> dead_letters{
      *this,
      {"bandstand_dead_letters_total",
       "Events set aside after repeated failure, by topic and reason.",
       1,
       {},
       true},
      {topics(), internal::label_of<DeadLetterReason>()}};

  // --- outcomes
  Counter<OutcomeJoin> outcomes{
      *this, {"bandstand_outcomes_total", "Outcome events, by how they joined their decision."}};
  Counter<> reward{
      *this,
      {"bandstand_reward_nanos_total", "Reward as outcomes/rewards.cc defines it, settled decisions only."}};
  Counter<AnomalyKind> anomalies{*this,
                                 {"bandstand_anomalies_total", "Flags raised by the monitor, by kind."}};

  // --- models
  Counter<ModelAgent, ModelResult> models{
      *this, {"bandstand_models_total", "Published models and changes of who answers, by result."}};
  Gauge<ModelAgent> model_version{
      *this,
      {"bandstand_model_version", "Version of the model that is asked, by agent; 0: none.", 1, Merge::max}};

  Gauge<> response_calibration{
      *this,
      {"bandstand_response_calibration_ratio",
       "Clicks predicted when bidding over clicks seen, on the last 20,000 impressions whose click window has closed.", 1e-6,
       Merge::max}};
  Gauge<Device> response_calibration_device{
      *this,
      {"bandstand_response_calibration_device_ratio",
       "The same by kind of device, on the last 5,000 impressions of each.", 1e-6, Merge::max}};
  Gauge<> response_shift{
      *this,
      {"bandstand_response_shift_ratio",
       "Population stability index of predicted click rates against the first 20,000 of the model: above .25 is a shift.", 1e-6,
       Merge::max}};

  // --- vectors of users
  Gauge<> user_vectors{
      *this, {"bandstand_user_vectors", "Users of whom the served profile model has a vector.", 1, Merge::max}};
  Counter<VectorUpdate> user_vector_updates{
      *this, {"bandstand_user_vector_updates_total", "Items and withdrawals that concerned users' vectors, by result."}};
  Histogram<> user_vector_update{
      *this,
      {"bandstand_user_vector_update_seconds", "Time that control spent on renewing one user's vector.", 1e-9},
      kSyncEdgesNs};

  // --- what outlives the process
  Counter<LearnedKind, LearnedResult> learned_restores{
      *this,
      {"bandstand_learned_restores_total",
       "Parts of the learned state that a start looked for, by what it found."}};
  Counter<WriteResult> learned_writes{
      *this, {"bandstand_learned_writes_total", "Times that the learned state was written, by result."}};
  Histogram<> learned_slice{*this,
                            {"bandstand_learned_slice_seconds",
                             "Time that control spent on one slice of writing the learned state.", 1e-9},
                            kSyncEdgesNs};
  Gauge<> learned_size{
      *this, {"bandstand_learned_bytes", "Size of the learned state when it was last written.", 1, Merge::max}};
  Gauge<> learned_timestamp{*this,
                            {"bandstand_learned_timestamp_seconds",
                             "When the learned state was last written (Unix time).", 1, Merge::max}};

  // --- model, configuration, process
  Counter<Agent> model_invalid_output{*this,
                                      {"bandstand_model_invalid_output_total",
                                       "Outputs of a model that were not finite or out of range.",
                                       1,
                                       {},
                                       true},
                                      {agents()}};
  Counter<ReloadResult> config_reloads{
      *this, {"bandstand_config_reloads_total", "Reloads of settings or catalogue, by result."}};
  Gauge<> config_last_reload_successful{
      *this,
      {"bandstand_config_last_reload_successful", "1 if the last reload was taken, 0 if it was refused.", 1,
       Merge::max}};
  Gauge<> config_last_reload_timestamp{*this,
                                       {"bandstand_config_last_reload_timestamp_seconds",
                                        "When the last reload was tried (Unix time).", 1, Merge::max}};
  Gauge<> catalogue_line_items{
      *this,
      {"bandstand_catalogue_line_items", "Line items in the catalogue that is served.", 1, Merge::max}};
  Gauge<FraudList> fraud_list_entries{
      *this,
      {"bandstand_fraud_list_entries", "Patterns and ranges in the fraud lists that are served, by list.", 1,
       Merge::max}};
  Gauge<> brownout_level{
      *this,
      {"bandstand_brownout_level", "0 all on .. 5 all bid requests shed; the worst shard.", 1, Merge::max}};
  Counter<> log_lines_dropped{
      *this, {"bandstand_log_lines_dropped_total", "Log lines lost because the ring was full."}};
  Counter<> log_lines_suppressed{
      *this,
      {"bandstand_log_lines_suppressed_total", "Log lines left out by the rate limit of their message."}};
  Gauge<> build_info{*this,
                     {"bandstand_build_info", "1; the labels say what runs.", 1, Merge::max},
                     {{"version", {dims_.version}}, {"commit", {dims_.commit}}}};

  // --- HTTP
  Gauge<> http_connections{*this, {"bandstand_http_connections", "Open connections."}};
  Counter<ConnectionEvent> http_connection_events{
      *this,
      {"bandstand_http_connection_events_total", "Connections accepted, refused and closed, by reason."}};
  Counter<StatusClass> http_responses{*this,
                                      {"bandstand_http_responses_total", "Answers, by class of status."}};
  Counter<> http_received{*this, {"bandstand_http_received_bytes_total", "Bytes read from connections."}};
  Counter<> http_sent{*this, {"bandstand_http_sent_bytes_total", "Bytes written to connections."}};
  Counter<HttpLimit> http_limits{
      *this,
      {"bandstand_http_limits_reached_total", "Times a limit on connections or requests was reached."}};
  Counter<> http_orphans{
      *this, {"bandstand_http_orphaned_answers_total", "Deferred answers whose connection had gone."}};

 private:
  [[nodiscard]] Label agents() const { return named<AgentTag>("agent", dims_.agents); }
  [[nodiscard]] Label topics() const { return named<TopicTag>("topic", dims_.topics); }
};

}  // namespace bandstand::telemetry
