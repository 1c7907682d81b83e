// model_shelf: records in, seats out.
#include "serving/model_shelf.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "log/read_topic.h"
#include "protocol/event/event_codec.h"

namespace bandstand::serving {
namespace {

using base::Code;
using nlohmann::json;
using orchestrator::Mode;
using orchestrator::Rollout;

constexpr std::array<const char*, kModelAgents> kAgentNames{"creative", "bid", "fraud", "profile"};
constexpr std::string_view kPublish = "publish ", kRollout = "rollout ";

tl::unexpected<ModelRefusal> refuse(Code code, std::string what) {
  return tl::unexpected<ModelRefusal>(ModelRefusal{code, std::move(what)});
}

std::string print_change(const ModelShelf::Change& change) {
  return json{{"rollout", print_rollout(change.rollout)}, {"reason", change.reason}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
}

/// Who is in the share of one model says nothing about another.
Rollout salted(Rollout rollout, ModelAgent agent, std::uint32_t version) {
  rollout.salt = base::mix64(static_cast<std::uint64_t>(agent) << 32 | version);
  return rollout;
}

bool parse_change(std::string_view content, ModelShelf::Change& out) {
  const auto read = json::parse(content, nullptr, false);
  if (!read.is_object() || !read.contains("rollout") || !read["rollout"].is_string()) return false;
  const auto rollout = parse_rollout(read["rollout"].get<std::string>());
  if (!rollout) return false;
  out.rollout = *rollout;
  if (read.contains("reason") && read["reason"].is_string()) out.reason = read["reason"].get<std::string>();
  return true;
}

/// The agent that a record's kind names after `verb`.
std::optional<ModelAgent> agent_of(std::string_view kind, std::string_view verb) {
  if (!kind.starts_with(verb)) return std::nullopt;
  return model_agent_named(kind.substr(verb.size()));
}

template <class Each>
base::Result<std::monostate> each_record(log::Log& log, Each each) {
  constexpr std::size_t kBatch = 16;  // a record may be 32 MiB
  return log::read_topic(log, kModelsTopic, kBatch, [&](const log::Record& record) -> base::Result<std::monostate> {
    BANDSTAND_TRY(decoded, protocol::event::decode_snapshot(record.value));
    each(decoded);
    return std::monostate{};
  });
}

}  // namespace

const char* name_of(ModelAgent agent) noexcept { return kAgentNames[static_cast<std::size_t>(agent)]; }

std::optional<ModelAgent> model_agent_named(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kModelAgents; ++i) {
    if (kAgentNames[i] == name) return static_cast<ModelAgent>(i);
  }
  return std::nullopt;
}

std::string print_rollout(const Rollout& rollout) {
  switch (rollout.mode) {
    case Mode::off: return "off";
    case Mode::shadow: return "shadow";
    case Mode::percent: return "percent:" + std::to_string(rollout.percent);
    case Mode::live: break;
  }
  return "live";
}

std::optional<Rollout> parse_rollout(std::string_view text) noexcept {
  if (text == "off") return Rollout{};
  if (text == "shadow") return Rollout{Mode::shadow, 0, 0};
  if (text == "live") return Rollout{Mode::live, 0, 0};
  constexpr std::string_view kPercent = "percent:";
  if (!text.starts_with(kPercent)) return std::nullopt;
  std::uint32_t percent = 0;
  const std::string_view digits = text.substr(kPercent.size());
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), percent);
  if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size() || percent > 100) return std::nullopt;
  return Rollout{Mode::percent, percent, 0};
}

base::Result<std::unique_ptr<ModelShelf>> ModelShelf::open(log::Log& log, const base::Clock& clock, ModelReader reader) {
  auto shelf = std::unique_ptr<ModelShelf>(new ModelShelf(log, clock, std::move(reader)));
  log::TopicOptions options;
  options.record_bytes_max = static_cast<std::uint32_t>(kModelUploadMax + 4096);
  BANDSTAND_TRY_VOID(log.create_topic(kModelsTopic, options));
  BANDSTAND_TRY(partition, log.open_partition(kModelsTopic, 0));
  shelf->partition_ = std::move(partition);
  BANDSTAND_TRY_VOID(shelf->replay());
  return shelf;
}

base::Result<std::monostate> ModelShelf::replay() {
  BANDSTAND_TRY_VOID(each_record(log_, [&](const protocol::event::SnapshotRecord& record) {
    const auto version = static_cast<std::uint32_t>(record.version);
    if (const auto agent = agent_of(record.kind, kPublish)) {
      Entry entry{.version = version, .at = record.at, .id = model::model_id(record.content), .kind = {}, .training = {},
                  .bytes = record.content.size()};
      if (const auto file = model::decode_model(record.content)) {
        entry.kind = file->kind;
        entry.training = file->training;
      }
      seats_[static_cast<std::size_t>(*agent)].models.push_back(std::move(entry));
    } else if (const auto changed = agent_of(record.kind, kRollout)) {
      Change change{.version = version, .at = record.at, .rollout = {}, .reason = {}};
      if (parse_change(record.content, change))
        seats_[static_cast<std::size_t>(*changed)].changes.push_back(std::move(change));
    }
  }));
  auto served = std::make_shared<ServedModels>();
  for (std::size_t i = 0; i < kModelAgents; ++i) {
    if (seats_[i].changes.empty() || seats_[i].changes.back().version == 0) continue;
    const Change& now = seats_[i].changes.back();
    const auto agent = static_cast<ModelAgent>(i);
    auto model = load(agent, now.version);
    if (!model) {
      trouble_ = std::string(name_of(agent)) + " model " + std::to_string(now.version) + ": " + model.error().what;
      continue;
    }
    (*served)[i] = {now.version, salted(now.rollout, agent, now.version), std::move(*model)};
  }
  served_ = std::move(served);
  return std::monostate{};
}

base::Result<std::monostate> ModelShelf::append(std::string_view kind, std::uint32_t version, std::string_view content) {
  std::string bytes;
  protocol::event::encode(protocol::event::SnapshotRecord{kind, version, clock_.wall(), content}, bytes);
  BANDSTAND_TRY_VOID(partition_->append(kind, bytes));
  return partition_->flush();
}

base::Result<std::string> ModelShelf::bytes_of(ModelAgent agent, std::uint32_t version) {
  std::string out;
  BANDSTAND_TRY_VOID(each_record(log_, [&](const protocol::event::SnapshotRecord& record) {
    if (record.version == version && agent_of(record.kind, kPublish) == agent) out = std::string(record.content);
  }));
  if (out.empty()) return base::fail(Code::not_found, "the model's bytes are not in the log");
  return out;
}

tl::expected<std::shared_ptr<const agents::LearnedModel>, ModelRefusal> ModelShelf::load(ModelAgent agent,
                                                                                         std::uint32_t version) {
  const auto bytes = bytes_of(agent, version);
  if (!bytes) return refuse(bytes.error().code, bytes.error().what);
  const auto file = model::decode_model(*bytes);
  if (!file) return refuse(file.error().code, file.error().what);
  auto model = reader_(agent, *file);
  if (!model) return refuse(model.error().code, model.error().what);
  return std::move(*model);
}

tl::expected<std::uint32_t, ModelRefusal> ModelShelf::publish(ModelAgent agent, std::string_view bytes) {
  if (bytes.size() > kModelUploadMax) return refuse(Code::invalid_input, "more than 32 MiB");
  const auto file = model::decode_model(bytes);
  if (!file) return refuse(file.error().code, file.error().what);
  if (const auto model = reader_(agent, *file); !model) return refuse(model.error().code, model.error().what);
  Seat& seat = seats_[static_cast<std::size_t>(agent)];
  const std::string id = model::model_id(bytes);
  for (const Entry& entry : seat.models) {
    if (entry.id == id) return entry.version;  // publishing twice is harmless
  }
  const std::uint32_t version = seat.models.empty() ? 1 : seat.models.back().version + 1;
  if (const auto kept = append(std::string(kPublish) + name_of(agent), version, bytes); !kept)
    return refuse(kept.error().code, kept.error().what);
  seat.models.push_back({version, clock_.wall(), id, file->kind, file->training, bytes.size()});
  return version;
}

std::optional<ModelRefusal> ModelShelf::refuses(ModelAgent agent, std::uint32_t version, const Rollout& rollout,
                                                std::string_view evaluation, std::string_view override_reason) const {
  const auto& models = seat(agent).models;
  const auto found = std::find_if(models.begin(), models.end(), [&](const Entry& e) { return e.version == version; });
  if (found == models.end())
    return ModelRefusal{Code::not_found, "no model " + std::to_string(version) + " of agent " + name_of(agent)};
  if (rollout.mode == Mode::off || rollout.mode == Mode::shadow || !override_reason.empty()) return std::nullopt;
  if (evaluation.empty())
    return ModelRefusal{Code::forbidden, print_rollout(rollout) + " needs the verdict of `bandstand evaluate --json` on this "
                                                                  "model, or a reason to do without"};
  const auto read = json::parse(evaluation, nullptr, false);
  const auto text = [&](const char* field) {
    const auto at = read.is_object() ? read.find(field) : read.end();
    return read.is_object() && at != read.end() && at->is_string() ? at->get<std::string>() : std::string{};
  };
  if (text("model") != found->id)
    return ModelRefusal{Code::forbidden, "the evaluation is of model '" + text("model") + "', not of '" + found->id + "'"};
  if (text("verdict") != "promote")
    return ModelRefusal{Code::forbidden, "the evaluation's verdict is '" + text("verdict") + "', not 'promote'"};
  return std::nullopt;
}

tl::expected<bool, ModelRefusal> ModelShelf::change(ModelAgent agent, Change change) {
  std::shared_ptr<const agents::LearnedModel> model;
  const auto at = static_cast<std::size_t>(agent);
  if (change.version != 0) {
    if ((*served_)[at].version == change.version) {
      model = (*served_)[at].model;
    } else {
      auto loaded = load(agent, change.version);
      if (!loaded) return tl::unexpected<ModelRefusal>(loaded.error());
      model = std::move(*loaded);
    }
  }
  change.at = clock_.wall();
  if (const auto kept = append(std::string(kRollout) + name_of(agent), change.version, print_change(change)); !kept)
    return refuse(kept.error().code, kept.error().what);
  auto served = std::make_shared<ServedModels>(*served_);
  (*served)[at] = {change.version, salted(change.rollout, agent, change.version), std::move(model)};
  served_ = std::move(served);
  seats_[at].changes.push_back(std::move(change));
  return true;
}

tl::expected<bool, ModelRefusal> ModelShelf::roll_out(ModelAgent agent, std::uint32_t version, Rollout rollout,
                                                      std::string_view evaluation, std::string_view override_reason) {
  if (auto refusal = refuses(agent, version, rollout, evaluation, override_reason))
    return tl::unexpected<ModelRefusal>(std::move(*refusal));
  std::string reason = !override_reason.empty() ? "override: " + std::string(override_reason)
                       : !evaluation.empty()    ? "verdict: promote"
                                                : "";
  return change(agent, {version, {}, rollout, std::move(reason)});
}

tl::expected<std::uint32_t, ModelRefusal> ModelShelf::roll_back(ModelAgent agent) {
  const auto& changes = seat(agent).changes;
  if (changes.empty() || changes.back().version == 0)
    return refuse(Code::conflict, std::string("agent ") + name_of(agent) + " answers by its default policy already");
  const std::uint32_t present = changes.back().version;
  std::uint32_t before = 0;
  for (const Change& past : changes) {
    if (past.version == present) break;  // what came before it was tried at all
    before = past.rollout.mode == Mode::live ? past.version : past.version == 0 ? 0 : before;
  }
  const Rollout rollout = before == 0 ? Rollout{} : Rollout{Mode::live, 0, 0};
  const auto done = change(agent, {before, {}, rollout, "rolled back from " + std::to_string(present)});
  if (!done) return tl::unexpected<ModelRefusal>(done.error());
  return before;
}

}  // namespace bandstand::serving
