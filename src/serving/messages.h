// messages: what shards and the control thread say to each other, by mailbox.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "agents/bid/market_snapshot.h"
#include "agents/budget/pacing_snapshot.h"
#include "agents/creative/response_model.h"
#include "agents/fraud/fraud_lists.h"
#include "agents/fraud/watchlist.h"
#include "agents/oversight/oversight_snapshot.h"
#include "agents/profile/user_vectors.h"
#include "agents/targeting/targeting_index.h"
#include "domain/catalogue.h"
#include "domain/event.h"
#include "ledger/command.h"
#include "serving/model_shelf.h"

namespace bandstand::serving {

/// Everything a decision reads that changes between requests: immutable, swapped as a whole.
struct Published {
  domain::CatalogueSnapshot catalogue;
  std::shared_ptr<const agents::targeting::TargetingIndex> targeting;
  std::shared_ptr<const agents::budget::PacingSnapshot> pacing;
  agents::creative::ResponseBoardPtr creative;
  agents::creative::ResponseBoardPtr creative_learned;  ///< by the model of `models`, as learned on since; nullptr: none
  agents::bid::MarketSnapshotPtr market;
  std::shared_ptr<const agents::oversight::OversightSnapshot> oversight;
  std::shared_ptr<const agents::fraud::FraudLists> fraud;  ///< nullptr: as the team was made
  std::shared_ptr<const ServedModels> models;  ///< nullptr: none were ever published
  agents::fraud::WatchlistPtr watchlist;  ///< nullptr: nothing is watched, or nothing known yet
  std::shared_ptr<const agents::profile::UserVectors> vectors;  ///< of the profile model; nullptr: none is served
  std::vector<ledger::BudgetDay> today;  ///< by campaign: its budget day, in its zone
};

/// Identifies an answer that a shard owes to somebody (an HTTP response handle, packed).
using ReplyTag = std::uint64_t;

/// Shard to control.
struct ToControl {
  enum class Kind : std::uint8_t { none, lease, event } kind = Kind::none;
  ledger::Command
      command;  ///< lease: a grant_lease or return_lease. event: win, bill or loss, if has_command
  domain::Event event;
  bool has_command = false;
  bool wants_reply = false;  ///< the sender waits until it is durable
  ReplyTag reply = 0;
};

/// Control to shard.
struct ToShard {
  enum class Kind : std::uint8_t { none, reply, lease, won, settled, lost, published } kind = Kind::none;
  ReplyTag reply = 0;
  int status = 204;
  ledger::Answer answer;  ///< lease
  base::BidId bid;        ///< won, settled, lost: of a bid of this shard
  base::Nanos price;      ///< settled
  std::shared_ptr<const Published> published;
};

/// A contender's worth at one auction, sampled for the pacer.
struct OfferMessage {
  std::uint32_t campaign = 0;  ///< index
  std::uint64_t catalogue_version = 0;
  float value = 0;  ///< nanos
};

/// Why targeting refused line items at a shard, counted since its last report.
struct RefusalReport {
  struct Entry {
    base::LineItemId line_item;
    domain::Refusal reason = domain::Refusal::none;
    std::uint64_t count = 0;
  };
  std::vector<Entry> entries;
};

/// A page that a known user visited: what the profile learns from requests. Without consent to personalise (`personal`) it says
/// only that.
struct VisitMessage {
  domain::UserKey user;
  base::WallTime at;
  bool personal = false;
  std::uint64_t item = 0;  ///< domain::item_of what the page shows; 0: not said, or not to be learned from
  std::uint8_t topics = 0;
  std::uint32_t topic[8] = {};
};

}  // namespace bandstand::serving
