// ledger_sim: seeds one after another, replays, the report and the verb.
#include "simulation/ledger_sim.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "base/rng.h"
#include "simulation/ledger_sim_clock.h"
#include "simulation/ledger_sim_world.h"

namespace bandstand::simulation {
namespace {

using ledger::PlantedBug;

struct Named {
  PlantedBug bug;
  const char* name;
};
constexpr Named kBugs[] = {
    {PlantedBug::none, "none"},
    {PlantedBug::ack_before_sync, "ack_before_sync"},
    {PlantedBug::volatile_dedupe, "volatile_dedupe"},
    {PlantedBug::dedupe_off, "dedupe_off"},
    {PlantedBug::early_reclaim, "early_reclaim"},
    {PlantedBug::unsynced_grant, "unsynced_grant"},
    {PlantedBug::no_price_cap, "no_price_cap"},
    {PlantedBug::fsync_retry, "fsync_retry"},
    {PlantedBug::lease_id_reuse, "lease_id_reuse"},
    {PlantedBug::lease_used_after_end, "lease_used_after_end"},
    {PlantedBug::no_recovery_grace, "no_recovery_grace"},
    {PlantedBug::return_not_cumulative, "return_not_cumulative"},
    {PlantedBug::grant_twice, "grant_twice"},
    {PlantedBug::charge_day_of_arrival, "charge_day_of_arrival"},
    {PlantedBug::last_price_wins, "last_price_wins"},
    {PlantedBug::snapshot_without_bids, "snapshot_without_bids"},
};

/// Every count of a struct, with its name, so that adding up and printing cannot forget one.
template <class Visit>
void each_fault(LedgerSimFaults& f, Visit&& visit) {
  visit("drops", f.drops);
  visit("duplicates", f.duplicates);
  visit("partitioned", f.partitioned);
  visit("clogged", f.clogged);
  visit("partitions", f.partitions);
  visit("swizzles", f.swizzles);
  visit("ledger_crashes", f.ledger_crashes);
  visit("node_crashes", f.node_crashes);
  visit("power_cuts", f.power_cuts);
  visit("second_writers", f.second_writers);
  visit("disk_errors", f.disk_errors);
  visit("disk_full", f.disk_full);
  visit("torn_files", f.torn_files);
  visit("wall_jumps", f.wall_jumps);
  visit("late_wins", f.late_wins);
  visit("early_bills", f.early_bills);
  visit("contradictions", f.contradictions);
  visit("forged", f.forged);
  visit("price_changes", f.price_changes);
  visit("prices_above_max", f.prices_above_max);
}

template <class Visit>
void each_count(LedgerSimCounts& c, Visit&& visit) {
  visit("events", c.events);
  visit("bids", c.bids);
  visit("wins", c.wins);
  visit("notices", c.notices);
  visit("notices_acknowledged", c.notices_acknowledged);
  visit("duplicates_answered", c.duplicates_answered);
  visit("records", c.records);
  visit("grants", c.grants);
  visit("recoveries", c.recoveries);
  visit("recoveries_from_snapshot", c.snapshots);
  visit("invariant_checks", c.invariant_checks);
  visit("charged_nanos", c.charged_nanos);
  visit("late_nanos", c.late_nanos);
  visit("house_loss_nanos", c.house_loss_nanos);
}

template <class Struct, class Each>
void add_up(Struct& to, const Struct& from, Each&& each) {
  std::array<std::int64_t, 32> values{};
  std::size_t at = 0;
  Struct copy = from;
  each(copy, [&](const char*, auto& value) { values[at++] = static_cast<std::int64_t>(value); });
  at = 0;
  each(to, [&](const char*, auto& value) {
    value += static_cast<std::remove_reference_t<decltype(value)>>(values[at++]);
  });
}

bool read_number(const char* text, std::uint64_t& out, const char** end = nullptr) {
  const auto [stop, error] = std::from_chars(text, text + std::strlen(text), out);
  if (end != nullptr) *end = stop;
  return error == std::errc{} && (end != nullptr || *stop == '\0');
}

}  // namespace

std::uint64_t LedgerSimFaults::total() const {
  std::uint64_t sum = 0;
  LedgerSimFaults copy = *this;
  each_fault(copy, [&](const char*, std::uint64_t count) { sum += count; });
  return sum;
}

const char* name_of(PlantedBug bug) noexcept {
  for (const Named& named : kBugs) {
    if (named.bug == bug) return named.name;
  }
  return "unknown";
}

std::span<const PlantedBug> planted_bugs() noexcept {
  static const auto kAll = [] {
    std::array<PlantedBug, std::size(kBugs) - 1> all;
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = kBugs[i + 1].bug;
    return all;
  }();
  return kAll;
}

LedgerSimReport run_ledger_sim(const LedgerSimOptions& options) {
  LedgerSimReport report;
  for (std::uint64_t seed = options.seed_first;
       seed <= options.seed_last || report.counts.events < options.events_min; ++seed) {
    LedgerWorld world(seed, options.planted_bug);
    world.run();
    ++report.seeds;
    report.trace_hash = base::mix64(report.trace_hash ^ world.trace_hash());
    add_up(report.counts, world.counts(), [](auto& s, auto&& visit) { each_count(s, visit); });
    add_up(report.faults, world.faults(), [](auto& s, auto&& visit) { each_fault(s, visit); });
    if (options.replay_one_in > 0 && seed % options.replay_one_in == 0) {
      LedgerWorld again(seed, options.planted_bug);
      again.run();
      ++report.replays;
      if (again.trace_hash() != world.trace_hash()) ++report.replays_different;
    }
    if (!world.broken()) continue;
    if (report.breaks.size() < options.breaks_listed_max) report.breaks.push_back(*world.broken());
    if (options.stop_at_first_break) break;
  }
  return report;
}

std::string print_ledger_sim(const LedgerSimReport& report, bool json) {
  std::string out;
  char line[256];
  const char* format = json ? "%s\"%s\":%lld" : "%s%-26s%lld\n";
  bool first = true;
  const auto field = [&](const char* name, auto value) {
    std::snprintf(line, sizeof line, format, json && !first ? "," : "", name, static_cast<long long>(value));
    out += line;
    first = false;
  };
  if (json) out += '{';
  field("seeds", report.seeds);
  LedgerSimCounts counts = report.counts;
  each_count(counts, field);
  field("faults", report.faults.total());
  LedgerSimFaults faults = report.faults;
  each_fault(faults, field);
  field("replays", report.replays);
  field("replays_different", report.replays_different);
  std::snprintf(line, sizeof line,
                json ? ",\"trace_hash\":\"%016llx\",\"breaks\":[" : "trace_hash                %016llx\n",
                static_cast<unsigned long long>(report.trace_hash));
  out += line;
  first = true;
  for (const LedgerSimBreak& found : report.breaks) {
    std::snprintf(
        line, sizeof line,
        json ? "%s{\"seed\":%llu,\"time_ns\":%lld,\"what\":\"%s\"}" : "%sBROKEN seed %llu at %lld ns: %s\n",
        json && !first ? "," : "", static_cast<unsigned long long>(found.seed),
        static_cast<long long>(found.time_ns), found.what.c_str());
    out += line;
    first = false;
  }
  if (json) {
    out += report.holds() ? "],\"holds\":true}\n" : "],\"holds\":false}\n";
  } else {
    out += report.holds() ? "all invariants hold\n" : "NOT ALL INVARIANTS HOLD\n";
  }
  return out;
}

int ledger_sim_main(std::span<const char* const> arguments) {
  LedgerSimOptions options;
  bool json = false;
  const auto usage = [] {
    std::fputs(
        "usage: bandstand ledger-sim [--seeds A..B | --seed N] [--events N] [--bug NAME] [--keep-going] "
        "[--json]\n",
        stderr);
    return 2;
  };
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view name = arguments[i];
    const char* value = i + 1 < arguments.size() ? arguments[i + 1] : nullptr;
    if (name == "--json") {
      json = true;
      continue;
    }
    if (name == "--keep-going") {
      options.stop_at_first_break = false;
      continue;
    }
    if (value == nullptr) return usage();
    ++i;
    if (name == "--seeds") {
      const char* rest = nullptr;
      if (!read_number(value, options.seed_first, &rest) || std::strncmp(rest, "..", 2) != 0 ||
          !read_number(rest + 2, options.seed_last) || options.seed_last < options.seed_first) {
        return usage();
      }
    } else if (name == "--seed") {
      if (!read_number(value, options.seed_first)) return usage();
      options.seed_last = options.seed_first;
    } else if (name == "--events") {
      if (!read_number(value, options.events_min)) return usage();
    } else if (name == "--bug") {
      const Named* found = nullptr;
      for (const Named& named : kBugs) {
        if (std::string_view(named.name) == value) found = &named;
      }
      if (found == nullptr) return usage();
      options.planted_bug = found->bug;
    } else {
      return usage();
    }
  }
  const LedgerSimReport report = run_ledger_sim(options);
  std::fputs(print_ledger_sim(report, json).c_str(), stdout);
  const bool planted = options.planted_bug != PlantedBug::none;
  return report.holds() != planted ? 0 : 1;
}

}  // namespace bandstand::simulation
