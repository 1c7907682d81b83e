// log: rings in, lines of JSON out.
#include "telemetry/log.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace bandstand::telemetry {
namespace {

constexpr const char* kLevels[] = {"debug", "info", "warning", "error"};

template <std::size_t N>
void copy_cut(std::string_view from, std::array<char, N>& to) {
  const std::size_t size = std::min(from.size(), N - 1);
  if (size > 0) std::memcpy(to.data(), from.data(), size);
  to[size] = '\0';
}

/// Length of the valid UTF-8 sequence that `text` starts with; 0 if there is none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t length = lead < 0x80                   ? 1
                             : lead >= 0xC2 && lead < 0xE0 ? 2
                             : (lead & 0xF0) == 0xE0       ? 3
                             : lead >= 0xF0 && lead < 0xF5 ? 4
                                                           : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  if (lead == 0xE0 && byte(1) < 0xA0) return 0;   // overlong
  if (lead == 0xED && byte(1) >= 0xA0) return 0;  // surrogate
  if (lead == 0xF0 && byte(1) < 0x90) return 0;   // overlong
  if (lead == 0xF4 && byte(1) >= 0x90) return 0;  // beyond U+10FFFF
  return length;
}

void append_time(base::WallTime time, std::string& out) {
  const std::time_t seconds = time.seconds();
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[40];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  out.append(text, size);
  std::snprintf(text, sizeof text, ".%03dZ", static_cast<int>(time.millis() % 1000));
  out += text;
}

void append_field(const char* name, std::string_view value, std::string& out) {
  if (value.empty()) return;
  out.append(",\"").append(name).append("\":\"");
  append_json_text(value, out);
  out += '"';
}

void append_number_field(const char* name, std::int64_t value, std::string& out) {
  char text[24];
  out.append(",\"").append(name).append("\":");
  out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

}  // namespace

void append_json_text(std::string_view text, std::string& out) {
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text[0]);
    const std::size_t length = sequence_length(text);
    // U+2028 and U+2029 end lines for some readers.
    const bool separator =
        length == 3 && (text.substr(0, 3) == "\xE2\x80\xA8" || text.substr(0, 3) == "\xE2\x80\xA9");
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (length == 0 || c < 0x20 || c == 0x7F) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", c);
      out += escape;
    } else if (separator) {
      out += text[2] == '\xA8' ? "\\u2028" : "\\u2029";
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

Log::Log(const base::Clock& clock, const char* svc, LogOptions options)
    : clock_(clock), svc_(svc), options_(options), ring_(options.ring_lines) {}

void Log::write(const Line& line) noexcept {
  if (line.level < options_.least) return;
  Slot slot;
  slot.time = clock_.wall();
  const auto place = (reinterpret_cast<std::uintptr_t>(line.msg) * 0x9E3779B97F4A7C15ull) >> 58;
  Quota& quota = quotas_[place];
  const std::int64_t second = clock_.mono().ns / 1'000'000'000;
  if (quota.second != second) {
    quota.second = second;
    quota.passed = 0;
  }
  if (quota.passed >= options_.burst) {
    ++quota.left_out;
    suppressed_.store(suppressed_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return;
  }
  ++quota.passed;
  slot.left_out = quota.left_out;
  slot.level = line.level;
  slot.msg = line.msg;
  slot.reason = line.reason;
  slot.unit = line.unit;
  slot.auction_hash = line.auction_hash;
  slot.value = line.value;
  copy_cut(line.field, slot.field);
  copy_cut(line.detail, slot.detail);
  if (ring_.push(slot)) quota.left_out = 0;
}

LogWriter::LogWriter(const base::Clock& clock, int fd, LogOptions options)
    : clock_(clock), fd_(fd), options_(options) {}

Log& LogWriter::open(const char* svc) {
  logs_.push_back(std::make_unique<Log>(clock_, svc, options_));
  return *logs_.back();
}

void LogWriter::format(const Log& log, const Log::Slot& slot, std::string& out) {
  out += "{\"ts\":\"";
  append_time(slot.time, out);
  out.append("\",\"level\":\"").append(kLevels[static_cast<std::size_t>(slot.level)]).append("\"");
  append_field("svc", log.svc_, out);
  append_field("msg", slot.msg, out);
  append_field("reason", slot.reason, out);
  append_field("field", slot.field.data(), out);
  append_field("detail", slot.detail.data(), out);
  if (slot.auction_hash != 0) {
    char hex[20];
    std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(slot.auction_hash));
    append_field("auction_hash", hex, out);
  }
  if (*slot.unit != '\0') {
    append_number_field("value", slot.value, out);
    append_field("unit", slot.unit, out);
  }
  if (slot.left_out != 0) append_number_field("left_out", slot.left_out, out);
  out += "}\n";
}

std::size_t LogWriter::drain() {
  buffer_.assign(torn_ ? "\n" : "");
  std::size_t lines = 0;
  for (const auto& log : logs_) {
    Log::Slot slot;
    // At most one ring's worth a log, so that a busy one cannot keep this thread for ever.
    for (std::size_t i = 0; i < options_.ring_lines && log->ring_.pop(slot); ++i) {
      format(*log, slot, buffer_);
      ++lines;
    }
  }
  if (lines > 0 && !write_all(buffer_)) lost_ += lines;
  return lines;
}

bool LogWriter::write_all(std::string_view text) {
  // A pipe that polls writable takes this much without blocking (PIPE_BUF).
  constexpr std::size_t kChunk = 4096;
  while (!text.empty()) {
    pollfd ready{fd_, POLLOUT, 0};
    if (::poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) return false;
    const ssize_t n = ::write(fd_, text.data(), std::min(text.size(), kChunk));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    torn_ = text[static_cast<std::size_t>(n) - 1] != '\n';
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

std::uint64_t LogWriter::dropped() const {
  std::uint64_t total = lost_;
  for (const auto& log : logs_) total += log->dropped();
  return total;
}

std::uint64_t LogWriter::suppressed() const {
  std::uint64_t total = 0;
  for (const auto& log : logs_) total += log->suppressed();
  return total;
}

}  // namespace bandstand::telemetry
