// file_log: the log in files of one machine, over base::Disk; the embedded default. Format: docs/formats/log-file.md.
//
//  1. One flush is one write and one fdatasync, into a preallocated segment.
//  2. Recovery cuts a torn tail and refuses damage that is none; trouble() names the file and the byte.
//  3. Handles may be used on different threads if the Disk and the Clock may be (those of the machine may).
#pragma once

#include <memory>

#include "log/partition_files.h"

namespace bandstand::log {

/// The log whose files lie in `disk`, which has nothing else in it. Reads nothing yet. `disk` and `clock` outlive the
/// log and its handles.
std::unique_ptr<Log> open_file_log(base::Disk& disk, const base::Clock& clock, const FileLogOptions& options = {});

}  // namespace bandstand::log
