// replay_decision: computes a logged decision again from its record and the snapshots in the log, and
// compares bit for bit.
#pragma once

#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/wiring.h"
#include "domain/decision_record.h"
#include "domain/event.h"
#include "log/log.h"
#include "serving/messages.h"
#include "serving/settings.h"

namespace bandstand::app {

/// Reads the topics "decisions", "snapshots" and "models" once and answers for any decision in them. Kill switches are
/// not in the log: a decision made while one was on differs in its oversight stage, and says so.
class DecisionReplayer {
 public:
  /// Errors: those of the log.
  static base::Result<std::unique_ptr<DecisionReplayer>> open(log::Log& log,
                                                              const serving::ServingSettings& settings,
                                                              const TeamNames& names);

  enum class Verdict : std::uint8_t { same, differs, unknown_decision, missing_snapshot };
  struct Outcome {
    Verdict verdict = Verdict::unknown_decision;
    std::string detail;  ///< of the first difference, or what is missing
    const domain::DecisionRecord* recorded = nullptr;
    domain::CatalogueSnapshot catalogue;
    std::vector<domain::BidFacts> bids;  ///< as computed again: what the learners were told
  };
  /// `id` may be a bid's. Valid until the next call.
  Outcome replay(base::DecisionId id);
  [[nodiscard]] std::vector<base::DecisionId> ids() const;

  /// Called with each team before its first decision (a team serves decisions by the same snapshots): for whoever wants to look
  /// over an agent's shoulder.
  std::function<void(serving::ShardTeam&, const serving::Published&)> on_team;

 private:
  DecisionReplayer(const serving::ServingSettings& settings, const TeamNames& names)
      : settings_(settings), names_(names) {}
  std::string missing(const domain::DecisionRecord& record, serving::Published& out);
  serving::ShardTeam& team_for(const serving::Published& published);
  std::string missing_models(const domain::DecisionRecord& record, serving::Published& out);
  agents::fraud::WatchlistPtr watchlist(std::uint32_t version, std::string& trouble);
  agents::creative::ResponseBoardPtr board(const domain::CatalogueSnapshot& catalogue, const char* kind,
                                           std::uint32_t version, std::string& trouble);

  const serving::ServingSettings& settings_;
  TeamNames names_;
  base::Arena recorded_arena_, arena_;
  std::map<base::DecisionId, std::string> decisions_;
  std::map<std::pair<std::uint16_t, std::uint32_t>, std::vector<std::uint64_t>>
      open_;  ///< node, epoch -> open campaigns
  std::map<std::pair<std::string, std::uint64_t>, std::string> snapshots_;
  std::map<std::uint64_t, domain::CatalogueSnapshot> catalogues_;
  std::map<std::tuple<std::string, std::uint64_t, std::uint32_t>, agents::creative::ResponseBoardPtr> boards_;
  std::map<std::uint64_t, std::shared_ptr<const agents::targeting::TargetingIndex>> indexes_;
  std::map<std::uint32_t, std::shared_ptr<const agents::budget::PacingSnapshot>> pacings_;
  std::map<std::uint32_t, agents::bid::MarketSnapshotPtr> markets_;
  agents::fraud::WatchlistPtr watchlist_;  ///< of the last decision that had one
  std::map<std::uint32_t, agents::fraud::FraudModelPtr> fraud_models_;
  /// The team of the last decision: its neighbours used the same snapshots.
  std::unique_ptr<serving::ShardTeam> team_;
  serving::Published adopted_;
};

/// What the verbs `replay decision ID` and `explain ID` are asked.
struct LoggedDecisionOptions {
  std::string id;      ///< of the decision or of one of its bids
  std::string config;  ///< the server's settings file; "" = as `serve` without one
  std::string data;    ///< "" = as the settings say
  bool json = false;
};

/// Exit codes: 0 done (replay: the same), 1 differs, 2 not found, or wrong or unreadable input.
int replay_decision(const LoggedDecisionOptions& options, std::ostream& out, std::ostream& err);
int explain(const LoggedDecisionOptions& options, std::ostream& out, std::ostream& err);

}  // namespace bandstand::app
