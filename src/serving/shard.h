// shard: one thread's half of the server without its sockets: answers bid requests, decide requests and
// notices.
//
// 1. A request lives and dies here. Shared state comes by mailbox as immutable snapshots, swapped between two
// requests.
// 2. A notice is answered only when the control thread says that it is durable.
// 3. No clock but the injected one, no socket, no file: the simulator runs this class as it is.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agents/fraud/request_rates.h"
#include "agents/profile/user_table.h"
#include "base/arena.h"
#include "base/byte_ring.h"
#include "base/clock.h"
#include "base/mailbox.h"
#include "ledger/token.h"
#include "ledger/wallet.h"
#include "orchestrator/auction_flow.h"
#include "protocol/decide/decide_codec.h"
#include "protocol/openrtb/markup.h"
#include "protocol/openrtb/request_parser.h"
#include "serving/answers.h"
#include "serving/brownout.h"
#include "serving/messages.h"
#include "serving/settings.h"
#include "telemetry/catalogue.h"
#include "telemetry/log.h"

namespace bandstand::serving {

/// The queues between one shard and the control thread.
struct ShardLink {
  explicit ShardLink(std::size_t ring_bytes)
      : to_control(1 << 14),
        to_shard(1 << 14),
        bids(1 << 14),
        offers(1 << 14),
        visits(1 << 12),
        sightings(1 << 13),
        refusals(8),
        decisions(ring_bytes) {}
  base::Mailbox<ToControl> to_control;
  base::Mailbox<ToShard> to_shard;
  base::Mailbox<domain::BidFacts> bids;
  base::Mailbox<OfferMessage> offers;
  base::Mailbox<VisitMessage> visits;
  base::Mailbox<agents::fraud::Sighting> sightings;
  base::Mailbox<std::shared_ptr<const RefusalReport>> refusals;
  base::ByteRing decisions;
  std::atomic<std::uint64_t> auctions{0};  ///< decided so far, with and without bids
};

/// The agents of a shard and how snapshots reach them. Implemented by app/wiring, which knows the concrete
/// policies.
class ShardTeam {
 public:
  virtual ~ShardTeam() = default;
  virtual orchestrator::Team& team() = 0;
  virtual void adopt(const Published& published) = 0;
};

struct ShardOptions {
  base::NodeId node;             ///< from 1
  std::uint64_t boot_epoch = 1;  ///< of this start of the process; never reused (the ledger's epoch)
  std::uint64_t seed = 1;        ///< of the decisions' seeds
};

/// An answer to a bid or decide request. The body is valid until the next call.
struct ShardReply {
  int status = 204;
  std::string_view body;
};

/// An answer to a notice or event.
struct NoticeReply {
  enum class Kind : std::uint8_t { now, later } kind = Kind::now;
  int status = 204;
  std::string_view location;  ///< of a 302
};

class Shard {
 public:
  Shard(const ServingSettings& settings, const ShardOptions& options, std::unique_ptr<ShardTeam> team,
        const agents::profile::UserTable& users, const ledger::TokenSigner& signer, const base::Clock& clock,
        telemetry::Metrics& metrics, telemetry::Log& log, ShardLink& link);
  ~Shard();

  /// `body` (inflated) must be readable for 64 bytes past its end. `waited`: in the queue before `received`.
  ShardReply bid(std::uint16_t exchange, std::string_view body, base::MonoTime received,
                 base::Duration waited);
  /// POST /v1/decide.
  ShardReply decide(std::string_view body, base::MonoTime received, base::Duration waited);
  /// GET or POST /n/v1/{token} and /e/v1/{token}. With Kind::later the answer comes through on_reply with
  /// `tag`.
  NoticeReply notice(std::string_view token, std::string_view query, ReplyTag tag);

  /// Takes in what control has sent, and lets leases go on. Call every few milliseconds and after a wake-up.
  void poll();
  /// Called from poll() for each answer that was owed.
  std::function<void(ReplyTag, int status)> on_reply;
  /// Called when something was put into a mailbox that control should see soon.
  std::function<void()> on_message;

  [[nodiscard]] bool ready() const { return published_ != nullptr && published_->pacing != nullptr; }
  [[nodiscard]] const ledger::Wallet& wallet() const { return wallet_; }
  /// Gives all leases back (shutdown).
  void withdraw_all();

 private:
  class WalletMoney;

  ShardReply no_bid(const ExchangeSettings& exchange, std::string_view id, domain::NoBid reason);
  ShardReply refused(const ExchangeSettings& exchange);
  orchestrator::FlowResult run_flow(domain::Auction& auction, const domain::Consent& consent,
                                    const domain::SealedIdentity& identity, std::string_view body,
                                    base::MonoTime deadline);
  void publish_visit(domain::UserKey user, const domain::Auction& auction, const domain::DecisionRecord& record,
                     bool personal);
  void publish_facts(const orchestrator::FlowResult& result, const domain::Auction& auction, bool personal);
  void count(const domain::DecisionRecord& record);
  void log_decision(const domain::DecisionRecord& record);
  void adopt(std::shared_ptr<const Published> published);
  void refresh_open(bool force);
  void report_refusals();
  NoticeReply reject_token(base::Code code);
  std::string_view landing_page(base::CreativeId creative) const;

  const ServingSettings& settings_;
  ShardOptions options_;
  std::unique_ptr<ShardTeam> team_;
  const agents::profile::UserTable& users_;
  ledger::TokenSigner signer_;
  const base::Clock& clock_;
  telemetry::Metrics& metrics_;
  telemetry::Log& log_;
  ShardLink& link_;

  base::Arena arena_;
  protocol::openrtb::RequestParser parser_;
  protocol::openrtb::ParsedRequest request_;
  protocol::decide::DecideParser decide_parser_;
  protocol::decide::ParsedDecide decide_request_;
  agents::fraud::RequestRates rates_;
  ledger::Wallet wallet_;
  std::unique_ptr<WalletMoney> money_;
  orchestrator::AuctionFlow flow_;
  Answers answers_;
  Brownout brownout_;
  std::shared_ptr<const Published> published_;
  std::vector<std::uint64_t> open_items_;      ///< bit: line item
  std::vector<std::uint64_t> open_campaigns_;  ///< bit: campaign
  std::vector<std::vector<std::uint32_t>> items_of_campaign_;
  std::vector<std::uint32_t> places_;  ///< campaign index -> place in the wallet
  std::uint32_t open_epoch_ = 0;
  base::MonoTime next_refresh_, next_report_;
  std::vector<std::uint64_t> refusals_;  ///< line item * kRefusals + reason; zeros between two reports
  std::uint64_t decisions_ = 0;
  std::uint64_t skipped_ = 0;
  domain::UserState user_state_;
  std::vector<float> vector_;  ///< of the user of the request under way
  std::string response_, record_;
  std::vector<ledger::Command> commands_;
};

}  // namespace bandstand::serving
