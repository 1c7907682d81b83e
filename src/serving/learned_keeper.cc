// learned_keeper: turns of the writer, and the reader's judgement.
#include "serving/learned_keeper.h"

#include <algorithm>

namespace bandstand::serving {
namespace {

using telemetry::LearnedKind;
using telemetry::LearnedResult;
using telemetry::WriteResult;

constexpr base::Duration kSliceEvery = std::chrono::milliseconds(10);
constexpr std::size_t kUsersASlice = 512;
constexpr std::size_t kUsersAtOnce = 8192;  // when nobody waits

LearnedKind kind_of(LearnedPart part) {
  switch (part) {
    case LearnedPart::market: return LearnedKind::market;
    case LearnedPart::evidence: return LearnedKind::evidence;
    case LearnedPart::creative: return LearnedKind::creative;
    case LearnedPart::figures: return LearnedKind::figures;
    case LearnedPart::published: return LearnedKind::published;
    case LearnedPart::pacing: return LearnedKind::pacing;
    case LearnedPart::users: return LearnedKind::users;
    case LearnedPart::open_bids: return LearnedKind::open_bids;
    default: return LearnedKind::file;
  }
}

}  // namespace

int exchange_now(std::uint16_t number, const std::vector<std::string>& then, const std::vector<std::string>& now) {
  if (number >= then.size()) return -1;
  const auto at = std::find(now.begin(), now.end(), then[number]);
  return at == now.end() ? -1 : static_cast<int>(at - now.begin());
}

agents::bid::MarketSnapshotPtr renumber_exchanges(const agents::bid::MarketSnapshotPtr& from,
                                                  const std::vector<std::string>& then,
                                                  const std::vector<std::string>& now) {
  using agents::bid::MarketSnapshot;
  if (then == now) return from;
  std::vector<MarketSnapshot::Market> markets;
  for (const auto& market : from->markets()) {
    const bool of_all = (market.code & 0xff) == static_cast<std::uint64_t>(agents::bid::MarketLevel::all) + 1;
    const int number = of_all ? 0 : exchange_now(static_cast<std::uint16_t>(market.code >> 48), then, now);
    if (number < 0) continue;
    auto& kept = markets.emplace_back(market);
    if (!of_all) kept.code = (kept.code & 0xffff'ffff'ffffull) | static_cast<std::uint64_t>(number) << 48;
  }
  return std::make_shared<const MarketSnapshot>(from->version(), std::move(markets), agents::bid::QTable{});
}

LearnedKeeper::LearnedKeeper(const ServingSettings& settings, const Parts& parts, Sources sources)
    : settings_(settings),
      parts_(parts),
      sources_(std::move(sources)),
      writer_(parts.disk),
      next_file_(parts.clock.mono() + settings.keep_learned_every) {}

void LearnedKeeper::count(LearnedKind part, const base::Error* error) {
  if (error == nullptr) {
    parts_.metrics.learned_restores.add(part, LearnedResult::restored);
    return;
  }
  const bool absent = error->code == base::Code::not_found;
  parts_.metrics.learned_restores.add(part, absent ? LearnedResult::absent : LearnedResult::damaged);
  if (absent) return;
  telemetry::Line line;
  line.level = telemetry::Level::warning;
  line.msg = "a part of what was learned is not usable and starts anew";
  line.reason = error->what;
  line.field = telemetry::LabelOf<LearnedKind>::values[static_cast<std::size_t>(part)];
  parts_.lines.write(line);
}

Learned LearnedKeeper::restore() {
  Learned out;
  auto reader = LearnedReader::open(parts_.disk);
  if (!reader) {
    count(LearnedKind::file, &reader.error());
    return out;
  }
  std::vector<std::string> names;
  for (const auto& exchange : settings_.exchanges) names.push_back(exchange.name);
  bool users_sound = true;
  for (;;) {
    auto section = reader->next();
    if (!section) {
      count(LearnedKind::file, &section.error());
      continue;
    }
    if (!*section) break;
    const auto judge = [&](const auto& result) {
      count(kind_of((*section)->part), result ? nullptr : &result.error());
      return result.has_value();
    };
    const std::string_view content = (*section)->content;
    switch ((*section)->part) {
      case LearnedPart::header:
        if (auto header = LearnedHeader::decode(content); judge(header)) out.header = std::move(*header);
        break;
      case LearnedPart::market:
        if (auto market = agents::bid::MarketSnapshot::decode(content); judge(market)) out.market = *market;
        break;
      case LearnedPart::creative:
        if (auto model = agents::creative::ResponseModel::decode(content); judge(model)) out.creative = *model;
        break;
      case LearnedPart::evidence: out.evidence = content; break;
      case LearnedPart::figures: out.figures = content; break;
      case LearnedPart::published: out.published = content; break;
      case LearnedPart::pacing: out.pacing = content; break;
      case LearnedPart::open_bids: out.open_bids = content; break;
      case LearnedPart::users:
        if (const auto users = parts_.users.merge(content)) {
          out.users += *users;
        } else {
          users_sound = judge(users);
        }
        break;
      default: break;  // a later version's
    }
  }
  if (users_sound && out.users > 0) count(LearnedKind::users, nullptr);
  // Open bids are of one moment: they must not be found again by a third life. The next file is without them.
  if (!out.open_bids.empty()) next_file_ = parts_.clock.mono();
  // Without a header nobody can say which exchange a law is of.
  if (out.market != nullptr) out.market = renumber_exchanges(out.market, out.header.exchanges, names);
  return out;
}

void LearnedKeeper::step() {
  const base::MonoTime now = parts_.clock.mono();
  if (!writer_.writing()) {
    if (now < next_file_) return;
    next_file_ = now + settings_.keep_learned_every;
    turn_ = Turn::market;
    slot_ = 0;
    if (const auto begun = writer_.begin(sources_.header()); !begun) done(begun);
  } else if (now >= next_slice_) {
    const bool last = turn_ == Turn::finish;
    const auto written = slice(kUsersASlice);
    if (last || !written) done(written);
  } else {
    return;
  }
  const base::MonoTime after = parts_.clock.mono();
  next_slice_ = after + kSliceEvery;
  parts_.metrics.learned_slice.observe((after - now).count());
}

base::Result<std::monostate> LearnedKeeper::slice(std::size_t users_max) {
  const auto if_known = [this](LearnedPart part, const std::string& bytes) -> base::Result<std::monostate> {
    if (bytes.empty()) return std::monostate{};  // nothing was learned yet, or no model answers
    return writer_.add(part, bytes);
  };
  switch (turn_) {
    case Turn::market: turn_ = Turn::evidence; return if_known(LearnedPart::market, sources_.market());
    case Turn::evidence: turn_ = Turn::creative; return writer_.add(LearnedPart::evidence, sources_.evidence());
    case Turn::creative: turn_ = Turn::figures; return writer_.add(LearnedPart::creative, sources_.creative());
    case Turn::figures: turn_ = Turn::published; return writer_.add(LearnedPart::figures, sources_.figures());
    case Turn::published: turn_ = Turn::pacing; return if_known(LearnedPart::published, sources_.published());
    case Turn::pacing: turn_ = Turn::users; return writer_.add(LearnedPart::pacing, sources_.pacing());
    case Turn::users:
      bytes_.clear();
      slot_ = parts_.users.encode_part(slot_, users_max, bytes_);
      if (slot_ >= parts_.users.capacity()) turn_ = Turn::finish;
      return writer_.add(LearnedPart::users, bytes_);
    case Turn::finish: break;
  }
  return writer_.finish();
}

void LearnedKeeper::write_soon() { next_file_ = std::min(next_file_, parts_.clock.mono()); }

void LearnedKeeper::write_all() {
  turn_ = Turn::market;
  slot_ = 0;
  done(write_rest());
}

base::Result<std::monostate> LearnedKeeper::write_rest() {
  BANDSTAND_TRY_VOID(writer_.begin(sources_.header()));
  while (turn_ != Turn::finish) BANDSTAND_TRY_VOID(slice(kUsersAtOnce));
  BANDSTAND_TRY_VOID(writer_.add(LearnedPart::open_bids, sources_.open_bids()));
  return writer_.finish();
}

void LearnedKeeper::done(const base::Result<std::monostate>& result) {
  parts_.metrics.learned_writes.add(result ? WriteResult::written : WriteResult::failed);
  if (result) {
    parts_.metrics.learned_size.set(static_cast<std::int64_t>(writer_.bytes()));
    parts_.metrics.learned_timestamp.set(parts_.clock.wall().seconds());
    return;
  }
  writer_.abandon();
  parts_.lines.error("what was learned could not be written", result.error().what);
}

}  // namespace bandstand::serving
