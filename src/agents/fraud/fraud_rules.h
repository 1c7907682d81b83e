// fraud_rules: general invalid traffic by lists and plain sense, rates by thresholds; what ships switched on.
//
// 1. `invalid` is for what says or is known to be no person: a crawler, a data centre, a listed address. No
// bid.
// 2. `suspicious` is for what does not add up: it may be served, but never paid for or learned from
// (FlowOptions decides).
// 3. The first rule that speaks decides, in the order of the code below: certain things first.
#pragma once

#include <memory>
#include <vector>

#include "agents/fraud/fraud_agent.h"
#include "agents/fraud/fraud_lists.h"
#include "agents/fraud/rate_sketch.h"
#include "base/hash.h"

namespace bandstand::agents::fraud {

struct FraudOptions {
  bool need_user_agent = true;  ///< on sites and in apps; without one a request is suspicious
  std::uint32_t user_agent_bytes_max = 1024;
  float address_rate_max = 1'200;  ///< requests a minute from one address (carriers share addresses); 0 = off
  float user_rate_max = 120;       ///< from one user
  float placement_rate_max = 0;    ///< of one placement; off, as placements differ by orders of magnitude
  std::uint32_t user_agents_kept = 1 << 13;  ///< verdicts kept by hash, a power of two; 16 bytes each
  std::uint64_t salt = 0;                    ///< the installation's secret, so that nobody can aim at a slot
  domain::PolicyId policy;
};

/// Policy "rules". One per shard.
class FraudRules final : public FraudAgent {
 public:
  explicit FraudRules(std::shared_ptr<const FraudLists> lists, FraudOptions options = {});
  [[nodiscard]] base::Result<domain::Decided<FraudAnswer>> decide(const FraudInput& input,
                                                                  AgentContext& context) override;
  /// Between two requests. Forgets the verdicts kept.
  void set_lists(std::shared_ptr<const FraudLists> lists);

 private:
  enum class AgentClass : std::uint8_t { unknown, browser, crawler, malformed };
  struct Kept {
    std::uint64_t hash = 0;
    AgentClass what = AgentClass::unknown;
  };

  AgentClass classify(std::string_view user_agent);
  FraudAnswer judge(const FraudInput& input);

  std::shared_ptr<const FraudLists> lists_;
  FraudOptions options_;
  std::vector<Kept> kept_;
};

/// Is this what a program sends that was not finished: an unresolved macro, "null", binary, unbalanced, a few
/// letters?
[[nodiscard]] bool is_malformed_user_agent(std::string_view user_agent, std::size_t bytes_max) noexcept;

/// Do the parts of the device contradict each other? For example iOS on a Windows browser, Internet Explorer
/// on a telephone.
[[nodiscard]] bool is_impossible_device(const domain::Device& device) noexcept;

/// Can no impression of this request show anything: banners of at most 1 x 1 and nothing else?
[[nodiscard]] bool is_invisible(const domain::Auction& auction) noexcept;

}  // namespace bandstand::agents::fraud
