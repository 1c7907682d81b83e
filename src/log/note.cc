// note: "bandstand <kind> 1\n<text>\ncrc32c <8 hex digits>\n", replaced by rename.
#include "log/note.h"

#include <charconv>
#include <cstdio>

#include "base/hash.h"

namespace bandstand::log {

using base::Code;
using base::fail;

namespace {

constexpr std::size_t kNoteBytesMax = 4096;

std::string head_of(const std::string& kind) { return "bandstand " + kind + " 1\n"; }

std::string foot_of(std::string_view covered) {
  char foot[32];
  std::snprintf(foot, sizeof foot, "crc32c %08x\n", base::crc32c(covered.data(), covered.size()));
  return foot;
}

}  // namespace

base::Result<std::monostate> replace_note(base::Disk& disk, const std::string& directory, const std::string& name,
                                          const std::string& kind, const std::string& text) {
  std::string bytes = head_of(kind) + text + "\n";
  bytes += foot_of(bytes);
  const std::string path = directory + "/" + name;
  const std::string fresh = path + ".new";
  BANDSTAND_TRY(file, disk.open(fresh, base::Open::create));
  BANDSTAND_TRY_VOID(file->truncate(0));  // one that a crash left behind
  BANDSTAND_TRY_VOID(file->write_at(0, bytes));
  BANDSTAND_TRY_VOID(file->sync());
  BANDSTAND_TRY_VOID(disk.rename(fresh, path));
  return disk.sync_directory(directory);
}

base::Result<std::string> read_note(base::Disk& disk, const std::string& path, const std::string& kind) {
  BANDSTAND_TRY(file, disk.open(path, base::Open::read));
  std::string bytes;
  BANDSTAND_TRY_VOID(file->read_at(0, kNoteBytesMax, bytes));
  const std::string head = head_of(kind);
  const std::size_t foot_bytes = foot_of("").size();
  if (bytes.size() < head.size() + 1 + foot_bytes) return fail(Code::corrupt, "note is cut short");
  const std::size_t covered = bytes.size() - foot_bytes;
  if (foot_of(std::string_view(bytes).substr(0, covered)) != std::string_view(bytes).substr(covered)) {
    return fail(Code::corrupt, "note's checksum is wrong");
  }
  if (!bytes.starts_with(head)) return fail(Code::corrupt, "note is of another kind or version");
  return bytes.substr(head.size(), covered - head.size() - 1);
}

base::Result<std::uint64_t> read_number_note(base::Disk& disk, const std::string& path, const std::string& kind) {
  BANDSTAND_TRY(text, read_note(disk, path, kind));
  std::uint64_t number = 0;
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return fail(Code::corrupt, "note holds no number");
  return number;
}

base::Result<std::monostate> make_durable_directory(base::Disk& disk, const std::string& path) {
  BANDSTAND_TRY_VOID(disk.make_directory(path));
  for (std::string up = path; !up.empty();) {
    const auto slash = up.rfind('/');
    up = slash == std::string::npos ? "" : up.substr(0, slash);
    BANDSTAND_TRY_VOID(disk.sync_directory(up));
  }
  return std::monostate{};
}

}  // namespace bandstand::log
