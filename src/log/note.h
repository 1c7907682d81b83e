// note: a small file of text that is replaced as a whole: after a crash it says the old or the new, never neither.
#pragma once

#include <string>

#include "base/disk.h"

namespace bandstand::log {

/// Writes `directory`/`name`: to a second file, sync, rename, sync of the directory. Durable when it returns. The text
/// is kept with its kind and a CRC-32C. Any error leaves the old or the new text. One writer a name at a time.
base::Result<std::monostate> replace_note(base::Disk& disk, const std::string& directory, const std::string& name,
                                          const std::string& kind, const std::string& text);

/// `not_found` if there is none, `corrupt` if it is not what was written.
base::Result<std::string> read_note(base::Disk& disk, const std::string& path, const std::string& kind);

/// A note that holds one number.
base::Result<std::uint64_t> read_number_note(base::Disk& disk, const std::string& path, const std::string& kind);

/// Makes the directory and syncs every directory on the way, so that it is there after a crash.
base::Result<std::monostate> make_durable_directory(base::Disk& disk, const std::string& path);

}  // namespace bandstand::log
