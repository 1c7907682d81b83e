// disk_posix: the Disk interface on Linux.
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/disk.h"

namespace bandstand::base {
namespace {

using Done = Result<std::monostate>;

Error io_error(const char* what, std::uint32_t line = static_cast<std::uint32_t>(__builtin_LINE())) {
  switch (errno) {
    case ENOSPC:
    case EDQUOT: return fail(Code::exhausted, "disk full", line);
    case ENOENT: return fail(Code::not_found, what, line);
    default: return fail(Code::unavailable, what, line);
  }
}

class PosixFile final : public File {
 public:
  explicit PosixFile(int fd) : fd_(fd) {}
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;
  ~PosixFile() override { ::close(fd_); }

  Done write_at(std::uint64_t offset, std::string_view data) override {
    while (!data.empty()) {
      const ssize_t n = ::pwrite(fd_, data.data(), data.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return io_error("write");
      offset += static_cast<std::uint64_t>(n);
      data.remove_prefix(static_cast<std::size_t>(n));
    }
    return std::monostate{};
  }

  Done read_at(std::uint64_t offset, std::size_t size, std::string& out) override {
    out.resize(size);
    std::size_t have = 0;
    while (have < size) {
      const ssize_t n = ::pread(fd_, out.data() + have, size - have, static_cast<off_t>(offset + have));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return io_error("read");
      if (n == 0) break;
      have += static_cast<std::size_t>(n);
    }
    out.resize(have);
    return std::monostate{};
  }

  Done preallocate(std::uint64_t size) override {
    const int error = ::posix_fallocate(fd_, 0, static_cast<off_t>(size));
    if (error != 0) {
      errno = error;
      return io_error("preallocate");
    }
    return std::monostate{};
  }

  Done truncate(std::uint64_t size) override {
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) return io_error("truncate");
    return std::monostate{};
  }

  Done sync() override {
    if (::fdatasync(fd_) != 0) return io_error("sync");
    return std::monostate{};
  }

  Result<std::uint64_t> size() override {
    struct stat info {};
    if (::fstat(fd_, &info) != 0) return io_error("stat");
    return static_cast<std::uint64_t>(info.st_size);
  }

 private:
  int fd_;
};

class PosixDisk final : public Disk {
 public:
  explicit PosixDisk(std::string root) : root_(std::move(root)) {}

  Result<std::unique_ptr<File>> open(const std::string& path, Open mode) override {
    int flags = O_CLOEXEC | (mode == Open::read ? O_RDONLY : O_RDWR);
    if (mode == Open::create) flags |= O_CREAT;
    const int fd = ::open(full(path).c_str(), flags, 0640);
    if (fd < 0) return io_error("open");
    return std::unique_ptr<File>(std::make_unique<PosixFile>(fd));
  }

  Done rename(const std::string& from, const std::string& to) override {
    if (::rename(full(from).c_str(), full(to).c_str()) != 0) return io_error("rename");
    return std::monostate{};
  }

  Done remove(const std::string& path) override {
    if (::unlink(full(path).c_str()) != 0) return io_error("remove");
    return std::monostate{};
  }

  Done make_directory(const std::string& path) override { return make_path(full(path)); }

  static Done make_path(const std::string& path) {
    for (std::size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
      const std::string part = path.substr(0, at);
      if (::mkdir(part.c_str(), 0750) != 0 && errno != EEXIST) return io_error("make directory");
      if (at == std::string::npos) return std::monostate{};
    }
  }

  Done sync_directory(const std::string& path) override {
    const int fd = ::open(full(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return io_error("open directory");
    const int result = ::fsync(fd);
    const int error = errno;
    ::close(fd);
    errno = error;
    if (result != 0) return io_error("sync directory");
    return std::monostate{};
  }

  Result<std::vector<std::string>> list(const std::string& path) override {
    DIR* directory = ::opendir(full(path).c_str());
    if (directory == nullptr) return io_error("list");
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(directory)) {
      if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) names.emplace_back(entry->d_name);
    }
    ::closedir(directory);
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<std::unique_ptr<File>> lock(const std::string& path) override {
    const int fd = ::open(full(path).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) return io_error("open lock");
    auto file = std::make_unique<PosixFile>(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) return fail(Code::conflict, "the data directory is in use by another process");
    return std::unique_ptr<File>(std::move(file));
  }

 private:
  [[nodiscard]] std::string full(const std::string& path) const { return path.empty() ? root_ : root_ + "/" + path; }
  std::string root_;
};

}  // namespace

Result<std::unique_ptr<Disk>> open_posix_disk(const std::string& root) {
  BANDSTAND_TRY_VOID(PosixDisk::make_path(root));
  return std::unique_ptr<Disk>(std::make_unique<PosixDisk>(root));
}

}  // namespace bandstand::base
