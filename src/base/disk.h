// disk: the few things we ask of a file system, behind an interface so that a simulator can own it, and fail it.
//
// Durability rule: bytes are safe after sync() of the file, and a created, renamed or removed name is safe after
// sync_directory(). A failed sync is final: the caller must stop and recover from what is on disk (never retry).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace bandstand::base {

/// An open file. One thread. Errors: `exhausted` (disk full), `unavailable` (any other I/O error).
class File {
 public:
  virtual ~File() = default;
  /// Writes all of `data` at `offset` (short writes and EINTR are handled here), growing the file if needed.
  virtual Result<std::monostate> write_at(std::uint64_t offset, std::string_view data) = 0;
  /// Reads up to `size` bytes at `offset` into `out` (replaced); fewer only at the end of the file.
  virtual Result<std::monostate> read_at(std::uint64_t offset, std::size_t size, std::string& out) = 0;
  /// Reserves `size` bytes so that later writes and syncs neither grow the file nor its metadata. Reads as zeros.
  virtual Result<std::monostate> preallocate(std::uint64_t size) = 0;
  virtual Result<std::monostate> truncate(std::uint64_t size) = 0;
  /// fdatasync: what was written survives a power cut once this returns without error.
  virtual Result<std::monostate> sync() = 0;
  virtual Result<std::uint64_t> size() = 0;
};

enum class Open : std::uint8_t { read, write, create };  ///< write and create open for reading too

/// A directory tree. Paths are relative to its root, with '/' between names. One thread, unless the implementation says
/// that several may share it; each then opens files of its own.
class Disk {
 public:
  virtual ~Disk() = default;
  /// `create` makes the file if it is missing; the others give `not_found`.
  virtual Result<std::unique_ptr<File>> open(const std::string& path, Open mode) = 0;
  virtual Result<std::monostate> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<std::monostate> remove(const std::string& path) = 0;
  /// Makes the directory and its parents; fine if it exists.
  virtual Result<std::monostate> make_directory(const std::string& path) = 0;
  virtual Result<std::monostate> sync_directory(const std::string& path) = 0;
  /// Names in a directory, sorted; `not_found` if there is none.
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  /// Takes an exclusive lock on a file for the life of the handle; `conflict` if another handle holds it, be it of this
  /// process or of another.
  virtual Result<std::unique_ptr<File>> lock(const std::string& path) = 0;
};

/// The machine's file system below `root` (made if missing). Several threads may share it.
Result<std::unique_ptr<Disk>> open_posix_disk(const std::string& root);

}  // namespace bandstand::base
