// model_shelf: the models that operators published and who answers with which: a fold of the topic "models".
//
// 1. A model counts once its record is durable; so does every change of a rollout, with its reason. A restart reads the same
//    shelf.
// 2. What cannot be read by its agent never enters: the bytes are checked whole before they are appended.
// 3. A policy for the world at large (percent, live) needs a verdict "promote" of `bandstand evaluate` on this very model, or an
//    operator's written reason to do without. Shadow and off need neither.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agents/learned_model.h"
#include "base/clock.h"
#include "base/result.h"
#include "log/log.h"
#include "model/safetensors.h"
#include "orchestrator/rollout.h"

namespace bandstand::serving {

/// Agents that can be given a model.
enum class ModelAgent : std::uint8_t { creative, bid, fraud, profile, count_ };
inline constexpr std::size_t kModelAgents = static_cast<std::size_t>(ModelAgent::count_);
const char* name_of(ModelAgent agent) noexcept;
std::optional<ModelAgent> model_agent_named(std::string_view name) noexcept;

/// "off", "shadow", "percent:10", "live", and back.
std::string print_rollout(const orchestrator::Rollout& rollout);
std::optional<orchestrator::Rollout> parse_rollout(std::string_view text) noexcept;

/// Makes of a file what the agent's learned policy takes, or says why not (app/wiring).
using ModelReader =
    std::function<base::Result<std::shared_ptr<const agents::LearnedModel>>(ModelAgent, const model::ModelFile&)>;

/// A model that answers, or is asked in shadow; version 0: none.
struct ServedModel {
  std::uint32_t version = 0;
  orchestrator::Rollout rollout;
  std::shared_ptr<const agents::LearnedModel> model;
};
/// By agent. Immutable; part of what is published to shards.
using ServedModels = std::array<ServedModel, kModelAgents>;

/// A refusal with words of its own.
struct ModelRefusal {
  base::Code code = base::Code::invalid_input;
  std::string what;
};

class ModelShelf {
 public:
  struct Entry {
    std::uint32_t version = 0;  ///< of its agent, from 1
    base::WallTime at;          ///< when it was published
    std::string id;             ///< model::model_id of its bytes
    std::string kind, training;
    std::uint64_t bytes = 0;
  };
  struct Change {
    std::uint32_t version = 0;  ///< 0: the default policy alone
    base::WallTime at;
    orchestrator::Rollout rollout;
    std::string reason;  ///< verdict or override, as it was given
  };
  /// Of one agent: all models, and all rollouts in order; the last one holds.
  struct Seat {
    std::vector<Entry> models;
    std::vector<Change> changes;
  };

  /// Reads the topic, creating it if need be, and the models that answer. A model that can no longer be read (an older
  /// form) is not served, and `trouble()` says so. Errors: those of the log.
  static base::Result<std::unique_ptr<ModelShelf>> open(log::Log& log, const base::Clock& clock, ModelReader reader);

  /// Checks the bytes and appends them. Returns the version. Mode is off until roll_out().
  tl::expected<std::uint32_t, ModelRefusal> publish(ModelAgent agent, std::string_view bytes);
  /// From now on `version` answers so. `evaluation`: the JSON of `bandstand evaluate --json`, empty if there is none;
  /// `override_reason`: why to do without.
  tl::expected<bool, ModelRefusal> roll_out(ModelAgent agent, std::uint32_t version, orchestrator::Rollout rollout,
                                            std::string_view evaluation, std::string_view override_reason);
  /// Back to what was live for all before the present model: another version, or the default policy. No gate: it was live.
  /// Returns the version, 0 for the default.
  tl::expected<std::uint32_t, ModelRefusal> roll_back(ModelAgent agent);

  [[nodiscard]] const Seat& seat(ModelAgent agent) const { return seats_[static_cast<std::size_t>(agent)]; }
  /// What holds now; never null.
  [[nodiscard]] const std::shared_ptr<const ServedModels>& served() const { return served_; }
  /// Why a model of the log is not served; empty if all is well.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

 private:
  ModelShelf(log::Log& log, const base::Clock& clock, ModelReader reader)
      : log_(log), clock_(clock), reader_(std::move(reader)), served_(std::make_shared<ServedModels>()) {}
  base::Result<std::monostate> replay();
  base::Result<std::monostate> append(std::string_view kind, std::uint32_t version, std::string_view content);
  base::Result<std::string> bytes_of(ModelAgent agent, std::uint32_t version);
  tl::expected<std::shared_ptr<const agents::LearnedModel>, ModelRefusal> load(ModelAgent agent, std::uint32_t version);
  tl::expected<bool, ModelRefusal> change(ModelAgent agent, Change change);
  [[nodiscard]] std::optional<ModelRefusal> refuses(ModelAgent agent, std::uint32_t version,
                                                    const orchestrator::Rollout& rollout, std::string_view evaluation,
                                                    std::string_view override_reason) const;

  log::Log& log_;
  const base::Clock& clock_;
  ModelReader reader_;
  std::unique_ptr<log::Partition> partition_;
  std::array<Seat, kModelAgents> seats_;
  std::shared_ptr<const ServedModels> served_;
  std::string trouble_;
};

/// The topic's name, and the record kinds in it: "publish AGENT" (content: the file) and "rollout AGENT" (content: JSON).
inline constexpr const char* kModelsTopic = "models";
inline constexpr std::size_t kModelUploadMax = std::size_t{32} << 20;  ///< bytes of a published file

}  // namespace bandstand::serving
