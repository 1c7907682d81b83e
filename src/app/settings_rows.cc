// settings_rows: the table itself.
#include "app/settings_rows.h"

#include <span>
#include <type_traits>

#include "agents/bid/bid_rules.h"
#include "agents/creative/creative_rules.h"

namespace bandstand::app {
namespace {

using enum SettingType;
using enum Audience;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::string text_of(serving::BillOn value) {
  switch (value) {
    case serving::BillOn::burl: return "burl";
    case serving::BillOn::nurl: return "nurl";
    case serving::BillOn::impression: return "impression";
  }
  return "";
}
std::string text_of(agents::budget::PacingPolicy value) { return agents::budget::name_of(value); }
std::string text_of(telemetry::Level value) {
  switch (value) {
    case telemetry::Level::debug: return "debug";
    case telemetry::Level::info: return "info";
    case telemetry::Level::warning: return "warning";
    case telemetry::Level::error: return "error";
  }
  return "";
}
std::string text_of(orchestrator::Mode value) {
  switch (value) {
    case orchestrator::Mode::off: return "off";
    case orchestrator::Mode::shadow: return "shadow";
    case orchestrator::Mode::percent: return "percent";
    case orchestrator::Mode::live: return "live";
  }
  return "";
}

/// A choice was checked against the row's list before, so a search by name ends.
template <class Enum>
Enum enum_of(const std::string& text) {
  for (int i = 0;; ++i) {
    if (text_of(static_cast<Enum>(i)) == text) return static_cast<Enum>(i);
  }
}

std::string unpack(std::uint64_t packed) {
  std::string out;
  for (; packed != 0; packed >>= 8) out += static_cast<char>(packed & 0xff);
  return out;
}

/// A row whose value is the field that `field(object)` refers to.
template <class T, class Field>
SettingRow<T> row(SettingInfo info, Field field) {
  using Value = std::remove_cvref_t<decltype(field(std::declval<T&>()))>;
  SettingRow<T> out{std::move(info), {}, {}};
  if constexpr (std::is_same_v<Value, bool> || std::is_same_v<Value, double> ||
                std::is_same_v<Value, std::string>) {
    out.get = [field](const T& t) -> Scalar { return field(t); };
    out.set = [field](T& t, const Scalar& value) { field(t) = std::get<Value>(value); };
  } else if constexpr (std::is_enum_v<Value>) {
    out.get = [field](const T& t) -> Scalar { return text_of(field(t)); };
    out.set = [field](T& t, const Scalar& value) { field(t) = enum_of<Value>(std::get<std::string>(value)); };
  } else if (out.info.type == currency) {
    out.get = [field](const T& t) -> Scalar { return unpack(static_cast<std::uint64_t>(field(t))); };
    out.set = [field](T& t, const Scalar& value) {
      field(t) = static_cast<Value>(domain::pack8(std::get<std::string>(value)));
    };
  } else {
    out.get = [field](const T& t) -> Scalar { return static_cast<std::int64_t>(field(t)); };
    out.set = [field](T& t, const Scalar& value) {
      field(t) = static_cast<Value>(std::get<std::int64_t>(value));
    };
  }
  return out;
}

/// A row of a length of time, in whole units.
template <class T, class Field>
SettingRow<T> row(SettingInfo info, base::Duration unit, Field field) {
  return {std::move(info), [field, unit](const T& t) -> Scalar { return std::int64_t{field(t) / unit}; },
          [field, unit](T& t, const Scalar& value) { field(t) = std::get<std::int64_t>(value) * unit; }};
}

#define AT(path) \
  [](auto& s) -> auto& { return s.path; }

using Rows = std::vector<SettingRow<Settings>>;

void add_process(Rows& rows) {
  const auto add = [&](auto... parts) { rows.push_back(row<Settings>(std::move(parts)...)); };
  add(SettingInfo{"public_url",
                  url,
                  "",
                  0,
                  0,
                  {},
                  everyone,
                  "How exchanges and browsers reach the server: base of all signed links; empty is http:// "
                  "and the address it listens on."},
      AT(serving.public_url));
  add(SettingInfo{"listen", address, "", 0, 0, {}, everyone, "Public address; port 0 picks a free one."},
      AT(server.listen));
  add(
      SettingInfo{
          "admin", address, "", 0, 0, {}, everyone, "Operators' address; keep it off the public network."},
      AT(server.admin));
  add(SettingInfo{"admin_token_file",
                  file,
                  "",
                  0,
                  0,
                  {},
                  operators,
                  "File with the token that operators send, mode 0400; empty: none is asked for."},
      AT(admin_token_file));
  add(
      SettingInfo{
          "data_dir", file, "", 0, 0, {}, everyone, "Where the log, the ledger and the secrets are kept."},
      AT(server.data_dir));
  add(SettingInfo{"catalogue",
                  file,
                  "",
                  0,
                  0,
                  {},
                  everyone,
                  "Catalogue file, JSON or YAML; its contents are read anew on SIGHUP."},
      AT(catalogue));
  add(SettingInfo{"watch_files",
                  boolean,
                  "",
                  0,
                  0,
                  {},
                  operators,
                  "A change of the catalogue or of a fraud list is a reload, as SIGHUP is, once they rest "
                  "for a second."},
      AT(watch_files));
  add(
      SettingInfo{
          "shards", integer, "threads", 1, 256, {}, operators, "Serving threads; leave one core to control."},
      AT(serving.shards));
  add(SettingInfo{"connections_max",
                  integer,
                  "connections",
                  8,
                  65'000,
                  {},
                  operators,
                  "Of each shard; beyond it only notices and events are heard. Less if the system allows "
                  "fewer files."},
      AT(server.connections_max));
  add(SettingInfo{"connections_reserved",
                  integer,
                  "connections",
                  0,
                  500,
                  {},
                  operators,
                  "Of each shard, beyond connections_max: for notices and events alone."},
      AT(server.connections_reserved));
  add(SettingInfo{"pin_threads", boolean, "", 0, 0, {}, developers, "Puts shard i on core i."},
      AT(server.pin_threads));
  add(
      SettingInfo{
          "vendor_id",
          integer,
          "",
          0,
          65535,
          {},
          everyone,
          "Number in the IAB Global Vendor List; 0 is none: then no consent under GDPR can be found."},
      AT(serving.vendor_id));
  add(SettingInfo{"users_max",
                  integer,
                  "users",
                  1024,
                  1 << 28,
                  {},
                  operators,
                  "Users remembered; the oldest make room."},
      AT(serving.users_max));
  add(SettingInfo{"token_life_s",
                  integer,
                  "s",
                  60,
                  (1 << 24) - 1,
                  {},
                  operators,
                  "How long signed links work; at most ledger.remember_s."},
      AT(serving.token_life_s));
  add(SettingInfo{"publish_every_ms",
                  integer,
                  "ms",
                  10,
                  600'000,
                  {},
                  operators,
                  "How often models go to the shards."},
      milliseconds(1), AT(serving.publish_every));
  add(SettingInfo{"log.level",
                  choice,
                  "",
                  0,
                  0,
                  {"debug", "info", "warning", "error"},
                  operators,
                  "Least level of the lines on standard error; no level has ids, addresses or markup in it."},
      AT(server.log.least));
  add(SettingInfo{"log.sample_no_bid",
                  integer,
                  "decisions",
                  1,
                  1'000'000,
                  {},
                  operators,
                  "One of so many decisions without a bid is logged; decisions with bids always are."},
      AT(serving.log_sample_no_bid));
  add(SettingInfo{"log.recent_decisions", integer, "decisions", 0, 1 << 20, {}, operators,
                  "Kept in memory for the operators' API; at most 64 MiB of them."},
      AT(serving.recent_decisions));
  add(SettingInfo{"log.ring_bytes",
                  integer,
                  "bytes",
                  1 << 20,
                  1 << 30,
                  {},
                  developers,
                  "Room for decisions on their way from a shard to the log, a power of two."},
      AT(serving.decision_ring_bytes));
}

void add_flow(Rows& rows) {
  const auto add = [&](auto... parts) { rows.push_back(row<Settings>(std::move(parts)...)); };
  add(SettingInfo{"flow.candidates_max",
                  integer,
                  "line items",
                  1,
                  4096,
                  {},
                  operators,
                  "Asked of targeting, per impression."},
      AT(serving.flow.candidates_max));
  add(SettingInfo{"flow.contenders_max",
                  integer,
                  "line items",
                  1,
                  256,
                  {},
                  operators,
                  "The best of the candidates; these get a creative and a price."},
      AT(serving.flow.contenders_max));
  add(SettingInfo{"flow.open_bids_max",
                  integer,
                  "bids",
                  1,
                  16,
                  {},
                  operators,
                  "Per impression, besides one per deal."},
      AT(serving.flow.open_bids_max));
  add(SettingInfo{"flow.oversight_tries_max",
                  integer,
                  "bids",
                  1,
                  64,
                  {},
                  operators,
                  "How many vetoed bids are replaced by the next best."},
      AT(serving.flow.oversight_tries_max));
  add(SettingInfo{"flow.time_min_us",
                  integer,
                  "us",
                  0,
                  1'000'000,
                  {},
                  operators,
                  "With less time left than this a request is answered without a bid."},
      microseconds(1), AT(serving.flow.time_min));
  add(SettingInfo{"flow.bid_on_suspicious",
                  boolean,
                  "",
                  0,
                  0,
                  {},
                  operators,
                  "Bids on requests that the fraud agent marks suspicious; they are never learned from."},
      AT(serving.flow.bid_on_suspicious));
  add(SettingInfo{"pacing.policy",
                  choice,
                  "",
                  0,
                  0,
                  {"receding_horizon", "log_pi", "dual", "textbook_pi", "throttle", "none"},
                  operators,
                  "How budgets are steered over time."},
      AT(serving.pacing.policy));
  add(SettingInfo{"pacing.mu_min",
                  number,
                  "",
                  0.01,
                  1e6,
                  {},
                  developers,
                  "Least shadow price; below 1 buys volume at a loss."},
      AT(serving.pacing.mu_min));
  add(SettingInfo{"pacing.mu_max", number, "", 1, 1e9, {}, developers, "Greatest shadow price."},
      AT(serving.pacing.mu_max));
  add(SettingInfo{"pacing.gate_over_plan",
                  number,
                  "share",
                  0,
                  10,
                  {},
                  developers,
                  "Spend so far above a window's plan closes the campaign until the next window."},
      AT(serving.pacing.gate_over_plan));
  add(SettingInfo{"pacing.gate_slack",
                  number,
                  "share",
                  0,
                  1,
                  {},
                  developers,
                  "Share of the period's budget that may be spent beyond that."},
      AT(serving.pacing.gate_slack));
  add(SettingInfo{"pacing.windows",
                  integer,
                  "windows",
                  1,
                  10'000,
                  {},
                  operators,
                  "Windows in which a flight is planned."},
      AT(serving.pacing.windows));
  add(SettingInfo{"pacing.window_min_ms", integer, "ms", 10, 3'600'000, {}, operators, "Shortest window."},
      milliseconds(1), AT(serving.pacing.window_min));
  add(SettingInfo{"pacing.window_max_ms", integer, "ms", 10, 86'400'000, {}, operators, "Longest window."},
      milliseconds(1), AT(serving.pacing.window_max));
  add(SettingInfo{"pacing.default_flight_h",
                  integer,
                  "h",
                  1,
                  87'600,
                  {},
                  operators,
                  "Over how long campaigns without an end and without a daily budget are spread."},
      hours(1), AT(serving.pacing.default_flight));
  add(SettingInfo{"pacing.offers_kept",
                  integer,
                  "offers",
                  16,
                  65'536,
                  {},
                  developers,
                  "Recent values remembered per campaign."},
      AT(serving.pacing.offers_kept));
}

void add_money(Rows& rows) {
  const auto add = [&](auto... parts) { rows.push_back(row<Settings>(std::move(parts)...)); };
  add(SettingInfo{"ledger.lease_s",
                  integer,
                  "s",
                  1,
                  3600,
                  {},
                  operators,
                  "How long a shard may spend what it was lent."},
      seconds(1), AT(serving.ledger.lease_duration));
  add(SettingInfo{"ledger.lease_jitter_percent",
                  integer,
                  "percent",
                  0,
                  50,
                  {},
                  developers,
                  "Leases end spread by so much, so that they do not end together."},
      AT(serving.ledger.lease_jitter_percent));
  add(SettingInfo{"ledger.reclaim_after_lease_s",
                  integer,
                  "s",
                  1,
                  86'400,
                  {},
                  operators,
                  "After a lease ends: how long notices of its bids may take before the money is reclaimed."},
      seconds(1), AT(serving.ledger.reclaim_after_lease));
  add(
      SettingInfo{
          "ledger.hold_won_s", integer, "s", 1, 604'800, {}, operators, "How long a win waits for its bill."},
      seconds(1), AT(serving.ledger.hold_won));
  add(SettingInfo{"ledger.bid_period_s",
                  integer,
                  "s",
                  1,
                  86'400,
                  {},
                  developers,
                  "Grain of compaction and of forgetting."},
      seconds(1), AT(serving.ledger.bid_period));
  add(
      SettingInfo{
          "ledger.keep_recent_s", integer, "s", 1, 604'800, {}, operators, "Then bids are compacted."},
      seconds(1), AT(serving.ledger.keep_recent));
  add(SettingInfo{"ledger.remember_s",
                  integer,
                  "s",
                  60,
                  16'777'215,
                  {},
                  operators,
                  "Then bids are forgotten; not less than a token lives."},
      seconds(1), AT(serving.ledger.remember));
  add(SettingInfo{"ledger.late_cap_permille",
                  integer,
                  "permille",
                  0,
                  1000,
                  {},
                  operators,
                  "Late charges beyond this share of the budget stop the campaign."},
      AT(serving.ledger.late_cap_permille));
  add(SettingInfo{"matcher.notice_slack_s",
                  integer,
                  "s",
                  1,
                  86'400,
                  {},
                  operators,
                  "After a bid's life, until it counts as never resolved."},
      seconds(1), AT(serving.matcher.notice_slack));
  add(SettingInfo{"matcher.click_window_s",
                  integer,
                  "s",
                  1,
                  2'592'000,
                  {},
                  operators,
                  "From the win or the impression to a click."},
      seconds(1), AT(serving.matcher.click_window));
  add(SettingInfo{"matcher.conversion_window_s",
                  integer,
                  "s",
                  1,
                  7'776'000,
                  {},
                  operators,
                  "From the click to a conversion."},
      seconds(1), AT(serving.matcher.conversion_window));
  add(SettingInfo{"matcher.bids_max",
                  integer,
                  "bids",
                  1024,
                  1 << 28,
                  {},
                  operators,
                  "Bids awaiting events; the oldest close early."},
      AT(serving.matcher.bids_max));
}

void add_team(Rows& rows) {
  const auto add = [&](auto... parts) { rows.push_back(row<Settings>(std::move(parts)...)); };
  const std::vector<std::string_view> modes{"off", "shadow", "percent", "live"};
  const auto listed = [](std::span<const std::string_view> names) {
    return std::vector<std::string_view>(names.begin(), names.end());
  };
  const auto creatives = listed(agents::creative::creative_policies());
  const auto bids = listed(agents::bid::bid_policies());
  const auto or_none = [](std::vector<std::string_view> names) {
    names.insert(names.begin(), "");
    return names;
  };
  add(SettingInfo{"policies.fraud", choice, "", 0, 0, {"rules", "score"}, operators,
                  "Whom we do not bid for: rules and lists alone, or also parties that the watch has blocked (switches "
                  "fraud.watch on)."},
      AT(team.fraud));
  add(
      SettingInfo{
          "policies.targeting", choice, "", 0, 0, {"index", "scan"}, operators, "How line items are found."},
      AT(team.targeting));
  add(SettingInfo{"policies.creative", choice, "", 0, 0, creatives, operators, "How a creative is chosen."},
      AT(team.creative));
  add(SettingInfo{"policies.creative_challenger", choice, "", 0, 0, or_none(creatives), operators,
                  "A second policy beside it; empty: none."},
      AT(team.creative_challenger));
  add(SettingInfo{"policies.creative_challenger_mode", choice, "", 0, 0, modes, operators,
                  "off, shadow (asked and logged, not used), percent (for a sticky share of users) or live."},
      AT(team.creative_rollout.mode));
  add(SettingInfo{"policies.creative_challenger_percent",
                  integer,
                  "percent",
                  0,
                  100,
                  {},
                  operators,
                  "Share of users in mode percent."},
      AT(team.creative_rollout.percent));
  add(SettingInfo{"policies.bid", choice, "", 0, 0, bids, operators, "How a price is named."}, AT(team.bid));
  add(SettingInfo{"policies.bid_challenger", choice, "", 0, 0, or_none(bids), operators,
                  "A second policy beside it; empty: none."},
      AT(team.bid_challenger));
  add(SettingInfo{"policies.bid_challenger_mode", choice, "", 0, 0, modes, operators,
                  "As policies.creative_challenger_mode."},
      AT(team.bid_rollout.mode));
  add(SettingInfo{"policies.bid_challenger_percent",
                  integer,
                  "percent",
                  0,
                  100,
                  {},
                  operators,
                  "Share of users in mode percent."},
      AT(team.bid_rollout.percent));
  add(SettingInfo{"fraud.watch",
                  boolean,
                  "",
                  0,
                  0,
                  {},
                  operators,
                  "Keeps watch over addresses, devices and sites, in 49 MiB; a fraud model needs it."},
      AT(serving.watch.enabled));
  add(SettingInfo{"fraud.crawlers",
                  file,
                  "",
                  0,
                  0,
                  {},
                  operators,
                  "Expressions, JSON as of crawler-user-agents or one a line; replaces the built-in words."},
      AT(fraud.crawlers));
  add(SettingInfo{"fraud.blocked_ranges",
                  file,
                  "",
                  0,
                  0,
                  {},
                  operators,
                  "Ranges of known invalid traffic, one a line."},
      AT(fraud.blocked_ranges));
  add(SettingInfo{"fraud.data_center_ranges",
                  file,
                  "",
                  0,
                  0,
                  {},
                  operators,
                  "Ranges of hosting providers, one a line."},
      AT(fraud.data_center_ranges));
  add(SettingInfo{"fraud.exempt_ranges",
                  file,
                  "",
                  0,
                  0,
                  {},
                  operators,
                  "Ranges that are fine inside one that is not, one a line."},
      AT(fraud.exempt_ranges));
  add(SettingInfo{"fraud.data_center_csv",
                  file,
                  "",
                  0,
                  0,
                  {},
                  operators,
                  "Ranges of hosting providers as start,end,... lines."},
      AT(fraud.data_center_csv));
  add(SettingInfo{"fraud.as_csv",
                  file,
                  "",
                  0,
                  0,
                  {},
                  operators,
                  "start,end,asn,name lines; ranges of known hosting systems count as data centres."},
      AT(fraud.as_csv));
}

}  // namespace

std::span<const SettingRow<Settings>> root_rows() {
  static const Rows kRows = [] {
    Rows rows;
    add_process(rows);
    add_flow(rows);
    add_money(rows);
    add_team(rows);
    return rows;
  }();
  return kRows;
}

std::span<const SettingRow<serving::ExchangeSettings>> exchange_rows() {
  using E = serving::ExchangeSettings;
  static const std::vector<SettingRow<E>> kRows{
      row<E>(
          {"name", name, "", 0, 0, {}, everyone, "In the path: /openrtb2/bid/NAME.", Reload::restart, true},
          AT(name)),
      row<E>({"seat", text, "", 0, 0, {}, everyone, "Our seat there."}, AT(seat)),
      row<E>({"bill_on",
              choice,
              "",
              0,
              0,
              {"burl", "nurl", "impression"},
              everyone,
              "Which one report makes money move."},
             AT(bill_on)),
      row<E>({"currency", currency, "", 0, 0, {}, everyone, "Of bids where the request does not say."},
             AT(default_currency)),
      row<E>({"tmax_default_ms",
              integer,
              "ms",
              5,
              10'000,
              {},
              everyone,
              "Time to answer where the request does not say."},
             AT(tmax_default_ms)),
      row<E>({"tmax_cap_ms",
              integer,
              "ms",
              5,
              10'000,
              {},
              operators,
              "Most time that is taken, whatever the request says."},
             AT(tmax_cap_ms)),
      row<E>({"network_ms",
              integer,
              "ms",
              0,
              1000,
              {},
              everyone,
              "Both ways, 95th percentile; taken off the time to answer."},
             milliseconds(1), AT(network)),
      row<E>({"write_margin_us", integer, "us", 0, 100'000, {}, developers, "Kept for writing the answer."},
             microseconds(1), AT(write_margin)),
      row<E>({"nbr_in_200",
              boolean,
              "",
              0,
              0,
              {},
              everyone,
              "A no-bid is 200 with its reason (nbr) instead of 204."},
             AT(nbr_in_200)),
      row<E>({"own_nbr_codes",
              boolean,
              "",
              0,
              0,
              {},
              operators,
              "Reasons from 500 up are agreed with the exchange."},
             AT(own_nbr_codes)),
      row<E>({"unusable_is_400",
              boolean,
              "",
              0,
              0,
              {},
              operators,
              "Well-formed but unusable requests: 400 instead of a no-bid."},
             AT(unusable_is_400)),
      row<E>({"macros_base64", boolean, "", 0, 0, {}, operators, "The exchange fills macros in base64."},
             AT(macros_base64)),
  };
  return kRows;
}

std::span<const SettingRow<TokenKeyFile>> token_key_rows() {
  using K = TokenKeyFile;
  static const std::vector<SettingRow<K>> kRows{
      row<K>({"id",
              integer,
              "",
              0,
              255,
              {},
              operators,
              "Number of the key inside tokens.",
              Reload::restart,
              true},
             AT(id)),
      row<K>({"file",
              file,
              "",
              0,
              0,
              {},
              operators,
              "File with at least 16 secret bytes, mode 0400.",
              Reload::restart,
              true},
             AT(file)),
  };
  return kRows;
}

std::span<const SettingRow<RateText>> fx_rows() {
  using R = RateText;
  static const std::vector<SettingRow<R>> kRows{
      row<R>({"currency", name, "", 0, 0, {}, operators, "ISO 4217, as EUR.", Reload::restart, true},
             AT(currency)),
      row<R>({"usd",
              amount,
              "USD",
              0,
              0,
              {},
              operators,
              "What one unit is worth, as a text such as \"1.0834\".",
              Reload::restart,
              true},
             AT(usd)),
  };
  return kRows;
}

std::string_view name_of(SettingType type) {
  static constexpr std::string_view kNames[] = {"boolean",  "integer", "number",  "text", "choice", "name",
                                                "currency", "amount",  "address", "url",  "file"};
  return kNames[static_cast<std::size_t>(type)];
}
std::string_view name_of(Reload reload) { return reload == Reload::hot ? "hot" : "restart"; }
std::string_view name_of(Audience audience) {
  static constexpr std::string_view kNames[] = {"everyone", "operators", "developers"};
  return kNames[static_cast<std::size_t>(audience)];
}

}  // namespace bandstand::app
