// recovery_check: for tests of the file log: what was told durable, what may be there, and whether a log agrees.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "log/log.h"

namespace bandstand::log {

/// Reads a partition from its start to its end; ends early at an error, which goes to `error` if asked for.
inline std::vector<std::string> read_values(Log& log, const std::string& topic, base::Error* error = nullptr) {
  std::vector<std::string> values;
  auto reader = log.open_reader(topic, 0, "");
  if (!reader) {
    EXPECT_NE(error, nullptr) << reader.error().what;
    if (error != nullptr) *error = reader.error();
    return values;
  }
  std::vector<Record> batch;
  for (;;) {
    auto polled = (*reader)->poll(1000, batch);
    if (!polled) {
      EXPECT_NE(error, nullptr) << polled.error().what;
      if (error != nullptr) *error = polled.error();
      return values;
    }
    if (batch.empty()) return values;
    for (const Record& record : batch) {
      EXPECT_EQ(record.offset, values.size());
      values.emplace_back(record.value);
    }
  }
}

/// What must and what may be in a partition without retention.
class Expectation {
 public:
  void attempted(Offset offset, const std::string& value) { may_[offset].insert(value); }
  void durable(Offset offset, const std::string& value) { must_[offset] = value; }
  /// A reader was given it: it is durable from then on.
  void seen(Offset offset, const std::string& value) {
    const auto [found, is_new] = must_.try_emplace(offset, value);
    EXPECT_EQ(found->second, value) << "offset " << offset;
  }
  [[nodiscard]] Offset durable_end() const { return must_.empty() ? 0 : must_.rbegin()->first + 1; }

  /// Compares, and takes what is there as durable, for so it is after a claim.
  void check(const std::vector<std::string>& values, const std::string& story) {
    EXPECT_GE(values.size(), durable_end()) << story << ": acknowledged records are missing";
    for (Offset offset = 0; offset < values.size(); ++offset) {
      const auto must = must_.find(offset);
      if (must != must_.end()) {
        EXPECT_EQ(values[offset], must->second) << story << ": offset " << offset;
      } else {
        EXPECT_TRUE(may_[offset].contains(values[offset])) << story << ": offset " << offset << " " << values[offset];
      }
      must_[offset] = values[offset];
    }
  }

 private:
  std::map<Offset, std::string> must_;
  std::map<Offset, std::set<std::string>> may_;
};

/// Appends `count` distinct records and flushes, telling the expectation. False at the first error.
inline bool write_some(Partition& partition, Expectation& expectation, const std::string& who, int count,
                       base::Error* error = nullptr) {
  std::vector<std::pair<Offset, std::string>> batch;
  for (int i = 0; i < count; ++i) {
    // The first append of a handle claims and so may move the end: ask afterwards.
    const std::string value = who + "-" + std::to_string(i) + std::string(static_cast<std::size_t>(i % 7) * 5, '.');
    auto ticket = partition.append("key", value);
    if (!ticket) {
      if (error != nullptr) *error = ticket.error();
      return false;
    }
    batch.emplace_back(partition.end() - 1, value);
    expectation.attempted(batch.back().first, value);
  }
  auto flushed = partition.flush();
  if (!flushed) {
    if (error != nullptr) *error = flushed.error();
    return false;
  }
  for (const auto& [offset, value] : batch) expectation.durable(offset, value);
  return true;
}

}  // namespace bandstand::log
