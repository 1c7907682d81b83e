// log: operators' lines as JSON, written by another thread than the one that has something to say.
//
//  1. Writing a line copies some 400 bytes into a ring: no lock, no allocation, no system call.
//  A full ring drops
//     the line and counts it.
//  2. A line has the fields of Line and no others. Ids of users, addresses and markup have no field to go to.
//  3. A message is a literal, and the key of its own rate limit: the first `burst` lines a second pass, the
//  rest is counted, and
//     the next line that passes says how many were left out.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mailbox.h"

namespace bandstand::telemetry {

enum class Level : std::uint8_t { debug, info, warning, error };

/// What one line may say. Pointers are literals; views are copied, and cut where longer than a Slot holds.
struct Line {
  Level level = Level::info;
  const char* msg = "";      ///< what happened, in the past tense: "bid request refused"
  const char* reason = "";   ///< one of a closed set: "missing", "too_large"
  std::string_view field{};  ///< path of a field: "request.imp[0].id" (at most 95 bytes)
  std::string_view
      detail{};  ///< names of ours: file, exchange, agent, address we listen on (at most 191 bytes)
  std::uint64_t auction_hash = 0;  ///< keyed hash of the auction's id; 0: none
  std::int64_t value = 0;          ///< a number that matters
  const char* unit = "";           ///< of `value`; without it the value is left out
};

struct LogOptions {
  std::size_t ring_lines = 1024;  ///< a power of two
  std::uint32_t burst = 10;       ///< lines of one message a second and thread
  Level least = Level::info;
};

/// A thread's end. One thread; lives as long as its LogWriter.
class Log {
 public:
  Log(const base::Clock& clock, const char* svc, LogOptions options);
  void write(const Line& line) noexcept;
  void info(const char* msg, std::string_view detail = {}) noexcept {
    write({Level::info, msg, "", {}, detail});
  }
  void warning(const char* msg, std::string_view detail = {}) noexcept {
    write({Level::warning, msg, "", {}, detail});
  }
  void error(const char* msg, std::string_view detail = {}) noexcept {
    write({Level::error, msg, "", {}, detail});
  }

  /// Any thread.
  [[nodiscard]] std::uint64_t dropped() const { return ring_.refused(); }
  [[nodiscard]] std::uint64_t suppressed() const { return suppressed_.load(std::memory_order_relaxed); }

 private:
  friend class LogWriter;
  struct Slot {
    base::WallTime time;
    Level level = Level::info;
    const char* msg = "";
    const char* reason = "";
    const char* unit = "";
    std::uint64_t auction_hash = 0;
    std::int64_t value = 0;
    std::uint32_t left_out = 0;
    std::array<char, 96> field{};
    std::array<char, 192> detail{};
  };
  /// Lines of one message in the current second. Messages that share a place share its limit.
  struct Quota {
    const char* msg = nullptr;
    std::int64_t second = 0;
    std::uint32_t passed = 0;
    std::uint32_t left_out = 0;
  };

  const base::Clock& clock_;
  const char* svc_;
  LogOptions options_;
  base::Mailbox<Slot> ring_;
  std::array<Quota, 64> quotas_{};
  std::atomic<std::uint64_t> suppressed_{0};
};

/// The control thread's end: drains all rings to a descriptor.
class LogWriter {
 public:
  /// `fd` stays the caller's; 2 is standard error.
  LogWriter(const base::Clock& clock, int fd, LogOptions options = {});
  /// Before the threads start. `svc` is a literal: "shard0", "ledger", "admin".
  Log& open(const char* svc);
  /// Writes what has gathered; returns the number of lines. Does not wait: what a full pipe or a failing disk will
  /// not take is lost and counted.
  std::size_t drain();
  /// Lines lost on their way out: at most this many, of some the beginning may have gone through.
  [[nodiscard]] std::uint64_t lost() const { return lost_; }
  /// Lines of all threads that were never written: full rings, and lost().
  [[nodiscard]] std::uint64_t dropped() const;
  /// Lines of all threads left out by a limit.
  [[nodiscard]] std::uint64_t suppressed() const;

 private:
  [[nodiscard]] bool write_all(std::string_view text);
  static void format(const Log& log, const Log::Slot& slot, std::string& out);
  const base::Clock& clock_;
  int fd_;
  LogOptions options_;
  std::vector<std::unique_ptr<Log>> logs_;
  std::string buffer_;
  std::uint64_t lost_ = 0;
  bool torn_ = false;  // the last write ended within a line
};

/// Appends `text` as the inside of a JSON string: quotes, backslashes, control characters and bytes that are
/// not valid UTF-8 are escaped, so that a line stays a line whatever it quotes.
void append_json_text(std::string_view text, std::string& out);

}  // namespace bandstand::telemetry
