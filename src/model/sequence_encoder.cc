// sequence_encoder: the schema, the items, the choice of the network.
#include "model/sequence_encoder.h"

#include <Eigen/Core>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "model/sequence_encoder_kinds.h"

namespace bandstand::model {
namespace {

using base::Code;
using base::fail;

constexpr std::size_t kSizeMax = 4096;  ///< of width, hidden and window

base::Result<SequenceShape> shape_of(const std::string& schema) {
  const auto json = nlohmann::json::parse(schema, nullptr, false);
  if (!json.is_object() || !json.contains("items") || !json["items"].is_array()) {
    return fail(Code::invalid_input, "a schema without items");
  }
  SequenceShape out;
  for (const auto& [name, size] : {std::pair("width", &out.width), {"hidden", &out.hidden}, {"window", &out.window}}) {
    const auto found = json.find(name);
    if (found == json.end() || !found->is_number_unsigned()) return fail(Code::invalid_input, "a schema without sizes");
    *size = found->get<std::size_t>();
    if (*size < 1 || *size > kSizeMax) return fail(Code::invalid_input, "a size out of range");
  }
  for (const auto& id : json["items"]) {
    if (!id.is_number_unsigned()) return fail(Code::invalid_input, "an item that is no number");
    out.ids.push_back(id.get<std::uint64_t>());
  }
  if (!std::is_sorted(out.ids.begin(), out.ids.end(), std::less_equal<>())) {
    return fail(Code::invalid_input, "items that do not ascend");
  }
  return out;
}

template <class Kind>
base::Result<std::unique_ptr<SequenceEncoder>> read_kind(const ModelFile& file, SequenceShape shape) {
  auto out = std::make_unique<Kind>();
  BANDSTAND_TRY_VOID(out->read(file, std::move(shape)));
  return std::unique_ptr<SequenceEncoder>(std::move(out));
}

}  // namespace

base::Result<std::unique_ptr<SequenceEncoder>> SequenceEncoder::load(const ModelFile& file) {
  BANDSTAND_TRY(shape, shape_of(file.schema));
  if (file.kind == "profile.narm") return read_kind<NarmEncoder>(file, std::move(shape));
  if (file.kind == "profile.sasrec") return read_kind<SasrecEncoder>(file, std::move(shape));
  return fail(Code::conflict, "not a model of visits");
}

std::optional<std::uint32_t> SequenceEncoder::find(std::uint64_t id) const {
  const auto found = std::lower_bound(ids_.begin(), ids_.end(), id);
  if (found == ids_.end() || *found != id) return std::nullopt;
  return static_cast<std::uint32_t>(found - ids_.begin());
}

SequenceState SequenceEncoder::start() const {
  SequenceState out;
  out.memory.assign(memory_, 0);
  out.scratch.assign(scratch_, 0);
  out.vector.assign(width_, 0);
  return out;
}

float SequenceEncoder::score(const SequenceState& state, std::uint32_t number) const {
  const auto size = static_cast<Eigen::Index>(width_);
  const Eigen::Map<const Eigen::VectorXf> user(state.vector.data(), size), vector(item(number).data(), size);
  return user.dot(vector);
}

void SequenceEncoder::forget(SequenceState& state) {
  std::fill(state.memory.begin(), state.memory.end(), 0.f);
  std::fill(state.vector.begin(), state.vector.end(), 0.f);
  state.clicks = 0;
}

}  // namespace bandstand::model
