// memory_log: the log without files, for tests and simulations; the same semantics, written independently of file_log.
#pragma once

#include <memory>

#include "base/clock.h"
#include "log/log.h"

namespace bandstand::log {

/// What has been flushed, apart from the processes that did it. Thread-safe.
class MemoryStore;
std::shared_ptr<MemoryStore> make_memory_store();

/// A process's view of the store. Several on one store act as several processes do; dropping one with its handles is
/// its crash: what it had not flushed is gone. `clock` outlives the log and its handles.
std::unique_ptr<Log> open_memory_log(std::shared_ptr<MemoryStore> store, const base::Clock& clock);

}  // namespace bandstand::log
