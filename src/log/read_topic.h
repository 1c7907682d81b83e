// read_topic: all that a topic's first partition holds, once, from its oldest record on.
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "log/log.h"

namespace bandstand::log {

/// each(record) in order, `batch` records in memory at a time. `each` gives nothing, or a Result whose error ends the reading.
/// Errors: those of the log, and of `each`.
template <class Each>
base::Result<std::monostate> read_topic(Log& log, const std::string& topic, std::size_t batch, Each each) {
  BANDSTAND_TRY(reader, log.open_reader(topic, 0, ""));
  std::vector<Record> records;
  for (;;) {
    BANDSTAND_TRY(count, reader->poll(batch, records));
    if (count == 0) return std::monostate{};
    for (const Record& record : records) {
      if constexpr (std::is_void_v<decltype(each(record))>) {
        each(record);
      } else {
        BANDSTAND_TRY_VOID(each(record));
      }
    }
  }
}

}  // namespace bandstand::log
