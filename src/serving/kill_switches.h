// kill_switches: what operators have stopped, kept on disk, so that a restart does not start it again.
#pragma once

#include <string>
#include <string_view>

#include "agents/oversight/oversight_snapshot.h"
#include "base/disk.h"
#include "base/result.h"

namespace bandstand::serving {

/// What a switch stops.
enum class KillScope : std::uint8_t {
  everything,
  exchange,
  advertiser,
  campaign,
  line_item,
  creative,
  count_
};
const char* name_of(KillScope scope) noexcept;
/// False if there is no scope of this name.
bool parse_kill_scope(std::string_view name, KillScope& scope) noexcept;

/// Throws a switch, or takes it back. `id` is an exchange's index or another's id; ignored for everything.
/// False if it is out of range.
bool throw_switch(agents::oversight::KillSwitches& switches, KillScope scope, std::uint32_t id, bool on);

/// Text, one switch a line ("campaign 100"), with a version before and a checksum after.
std::string encode(const agents::oversight::KillSwitches& switches);
/// Errors: `corrupt`.
base::Result<agents::oversight::KillSwitches> decode_kill_switches(std::string_view text);

/// Replaces the file (write, sync, rename, sync). Errors: those of the disk; the old file then stands.
base::Result<std::monostate> store(base::Disk& disk, const agents::oversight::KillSwitches& switches);
/// None if there is no file yet. Errors: `corrupt`, and those of the disk.
base::Result<agents::oversight::KillSwitches> load_kill_switches(base::Disk& disk);

}  // namespace bandstand::serving
