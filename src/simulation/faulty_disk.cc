// faulty_disk: the model of pages, names and media behind the interface.
#include "simulation/faulty_disk.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace bandstand::simulation {

using base::Code;
using base::fail;

namespace {

constexpr std::size_t kSectorBytes = 512;

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

base::Error broken() { return fail(Code::unavailable, "input/output error"); }

void put(std::string& bytes, std::uint64_t offset, std::string_view data) {
  if (bytes.size() < offset + data.size()) bytes.resize(offset + data.size());
  std::memcpy(bytes.data() + offset, data.data(), data.size());
}

}  // namespace

/// A file's bytes, apart from its names.
struct FaultyDisk::Inode {
  /// What sync() has yet to bring to the media: bytes at an offset, or a new size.
  struct Change {
    std::uint64_t offset = 0;
    std::string data;
    bool resize = false;  ///< then `offset` is the new size
  };
  std::string seen;   ///< page cache
  std::string media;
  std::vector<Change> changes;

  void apply(const Change& change) {
    if (change.resize) {
      media.resize(change.offset);
    } else {
      put(media, change.offset, change.data);
    }
  }
  void settle() {
    for (const Change& change : changes) apply(change);
    changes.clear();
  }
  /// An arbitrary part of the changes reaches the media. Returns true if it was neither none nor all.
  bool settle_partly(base::Rng& rng) {
    if (changes.empty()) return false;
    const std::uint64_t way = rng.below(4);
    if (way == 1) settle();
    if (way == 2) settle_prefix(rng);
    if (way == 3) settle_sectors(rng);
    changes.clear();
    return way >= 2;
  }

 private:
  void settle_prefix(base::Rng& rng) {
    const std::uint64_t whole = rng.below(changes.size());
    for (std::uint64_t i = 0; i < whole; ++i) apply(changes[i]);
    const Change& torn = changes[whole];
    if (!torn.resize) put(media, torn.offset, std::string_view(torn.data).substr(0, rng.below(torn.data.size() + 1)));
  }
  void settle_sectors(base::Rng& rng) {
    for (const Change& change : changes) {
      if (change.resize) {
        if (rng.chance(0.5)) apply(change);
        continue;
      }
      const std::string_view data = change.data;
      for (std::size_t at = 0; at < data.size();) {
        const std::size_t next = std::min(data.size(), at + kSectorBytes - (change.offset + at) % kSectorBytes);
        if (rng.chance(0.5)) put(media, change.offset + at, data.substr(at, next - at));
        at = next;
      }
    }
  }
};

class FaultyFile final : public base::File {
 public:
  FaultyFile(FaultyDisk& disk, std::shared_ptr<FaultyDisk::Inode> inode, bool writable, std::string locked = "")
      : disk_(disk), inode_(std::move(inode)), generation_(disk.generation_), writable_(writable), locked_(std::move(locked)) {}
  FaultyFile(const FaultyFile&) = delete;
  FaultyFile& operator=(const FaultyFile&) = delete;
  ~FaultyFile() override {
    if (!locked_.empty() && generation_ == disk_.generation_) disk_.locked_.erase(locked_);
  }

  base::Result<std::monostate> write_at(std::uint64_t offset, std::string_view data) override {
    ++disk_.counters_.writes;
    spend(disk_.faults_.write_latency_mean);
    if (must_fail(disk_.faults_.write_error) || !writable_) return broken();
    const bool is_short = disk_.rng_.chance(disk_.faults_.short_write);
    if (is_short) data = data.substr(0, disk_.rng_.below(data.size() + 1));
    const std::uint64_t size = inode_->seen.size();
    bool full = false;
    if (offset + data.size() > size && !disk_.has_room_for(offset + data.size() - size)) {
      data = data.substr(0, offset < size ? size - offset : 0);
      full = true;
    }
    if (!data.empty()) {
      put(inode_->seen, offset, data);
      inode_->changes.push_back({offset, std::string(data), false});
      disk_.counters_.bytes_written += data.size();
    }
    if (!is_short && !full) return std::monostate{};
    ++disk_.counters_.faults;
    return full ? fail(Code::exhausted, "disk full") : broken();
  }

  base::Result<std::monostate> read_at(std::uint64_t offset, std::size_t size, std::string& out) override {
    ++disk_.counters_.reads;
    out.clear();
    if (must_fail(disk_.faults_.read_error)) return broken();
    std::string& bytes = inode_->seen;
    if (offset >= bytes.size()) return std::monostate{};
    size = std::min<std::size_t>(size, bytes.size() - offset);
    if (size > 0 && disk_.rng_.chance(disk_.faults_.rot)) {
      const std::uint64_t at = offset + disk_.rng_.below(size);
      const auto bit = static_cast<char>(1u << disk_.rng_.below(8));
      bytes[at] = static_cast<char>(bytes[at] ^ bit);
      if (at < inode_->media.size()) inode_->media[at] = static_cast<char>(inode_->media[at] ^ bit);
      ++disk_.counters_.rotten_bits;
    }
    out.assign(bytes, offset, size);
    return std::monostate{};
  }

  base::Result<std::monostate> preallocate(std::uint64_t size) override {
    if (must_fail(disk_.faults_.space_error) || !writable_) return broken();
    if (size <= inode_->seen.size()) return std::monostate{};
    return resize(size);
  }

  base::Result<std::monostate> truncate(std::uint64_t size) override {
    if (must_fail(disk_.faults_.space_error) || !writable_) return broken();
    return resize(size);
  }

  base::Result<std::monostate> sync() override {
    ++disk_.counters_.syncs;
    spend(disk_.faults_.sync_latency_mean);
    if (must_fail(disk_.faults_.sync_error)) {
      if (generation_ == disk_.generation_) inode_->settle_partly(disk_.rng_);
      return broken();
    }
    inode_->settle();
    return std::monostate{};
  }

  base::Result<std::uint64_t> size() override {
    if (must_fail(disk_.faults_.space_error)) return broken();
    return inode_->seen.size();
  }

 private:
  bool must_fail(double chance) { return disk_.must_fail(chance) || generation_ != disk_.generation_; }

  void spend(base::Duration mean) {
    if (mean.count() == 0) return;
    disk_.latency_ += base::Duration{static_cast<std::int64_t>(static_cast<double>(mean.count()) * disk_.rng_.exponential())};
  }

  base::Result<std::monostate> resize(std::uint64_t size) {
    const std::uint64_t old = inode_->seen.size();
    if (size > old && !disk_.has_room_for(size - old)) {
      ++disk_.counters_.faults;
      return fail(Code::exhausted, "disk full");
    }
    inode_->seen.resize(size);
    inode_->changes.push_back({size, "", true});
    return std::monostate{};
  }

  FaultyDisk& disk_;
  std::shared_ptr<FaultyDisk::Inode> inode_;
  std::uint64_t generation_;
  bool writable_;
  std::string locked_;
};

FaultyDisk::FaultyDisk(std::uint64_t seed) : rng_(seed), directories_{""}, durable_directories_{""} {}
FaultyDisk::~FaultyDisk() = default;

void FaultyDisk::set_faults(const DiskFaults& faults) {
  faults_ = faults;
  calls_since_set_ = 0;
}

bool FaultyDisk::must_fail(double chance) {
  ++counters_.calls;
  const std::uint64_t number = ++calls_since_set_;
  const bool by_number = number == faults_.fail_at_call;
  const bool no_power = faults_.power_cut_at_call != 0 && number >= faults_.power_cut_at_call;
  if (by_number || no_power || (chance > 0 && rng_.chance(chance))) {
    ++counters_.faults;
    return true;
  }
  return false;
}

bool FaultyDisk::has_room_for(std::uint64_t growth) const {
  if (faults_.capacity_bytes == 0) return true;
  std::uint64_t used = growth;
  for (const auto& [path, inode] : names_) used += inode->seen.size();
  return used <= faults_.capacity_bytes;
}

base::Duration FaultyDisk::take_latency() { return std::exchange(latency_, base::Duration{0}); }

std::string FaultyDisk::content(const std::string& path) const {
  const auto found = names_.find(path);
  return found == names_.end() ? "" : found->second->seen;
}

FaultyDisk::Image FaultyDisk::image() const {
  Image image;
  for (const auto& [path, inode] : names_) image[path] = inode->seen;
  return image;
}

void FaultyDisk::set_image(const Image& image) {
  name_changes_.clear();
  names_.clear();
  directories_ = {""};
  for (const auto& [path, bytes] : image) {
    for (std::string up = parent_of(path); !up.empty(); up = parent_of(up)) directories_.insert(up);
    auto inode = std::make_shared<Inode>();
    inode->seen = inode->media = bytes;
    names_[path] = std::move(inode);
  }
  durable_names_ = names_;
  durable_directories_ = directories_;
}

void FaultyDisk::apply(const NameChange& change, Names& names, std::set<std::string>& directories) {
  if (change.directory) {
    directories.insert(change.name);
    return;
  }
  if (!change.gone.empty()) names.erase(change.gone);
  if (change.inode != nullptr) names[change.name] = change.inode;
}

void FaultyDisk::change_name(NameChange change) {
  apply(change, names_, directories_);
  name_changes_[parent_of(change.name.empty() ? change.gone : change.name)].push_back(std::move(change));
}

base::Result<std::unique_ptr<base::File>> FaultyDisk::open(const std::string& path, base::Open mode) {
  if (must_fail(faults_.name_error)) return broken();
  auto found = names_.find(path);
  if (found == names_.end()) {
    if (mode != base::Open::create || !directories_.contains(parent_of(path))) return fail(Code::not_found, "open");
    change_name({path, "", std::make_shared<Inode>()});
    found = names_.find(path);
  }
  return std::unique_ptr<base::File>(std::make_unique<FaultyFile>(*this, found->second, mode != base::Open::read));
}

FaultyDisk::Done FaultyDisk::rename(const std::string& from, const std::string& to) {
  if (must_fail(faults_.name_error)) return broken();
  BANDSTAND_CHECK(parent_of(from) == parent_of(to));  // one directory, one sync; nothing of ours moves between two
  const auto found = names_.find(from);
  if (found == names_.end()) return fail(Code::not_found, "rename");
  change_name({to, from, found->second});
  return std::monostate{};
}

FaultyDisk::Done FaultyDisk::remove(const std::string& path) {
  if (must_fail(faults_.name_error)) return broken();
  if (!names_.contains(path)) return fail(Code::not_found, "remove");
  change_name({"", path, nullptr});
  return std::monostate{};
}

FaultyDisk::Done FaultyDisk::make_directory(const std::string& path) {
  if (must_fail(faults_.name_error)) return broken();
  for (std::size_t at = path.find('/');; at = path.find('/', at + 1)) {
    const std::string part = path.substr(0, at);
    if (!directories_.contains(part)) change_name({part, "", nullptr, true});
    if (at == std::string::npos) return std::monostate{};
  }
}

FaultyDisk::Done FaultyDisk::sync_directory(const std::string& path) {
  ++counters_.syncs;
  const bool failed = must_fail(faults_.name_error);
  if (!directories_.contains(path)) return fail(Code::not_found, "sync directory");
  for (const NameChange& change : name_changes_[path]) {
    if (!failed || rng_.chance(0.5)) apply(change, durable_names_, durable_directories_);
  }
  name_changes_.erase(path);
  if (failed) return broken();
  return std::monostate{};
}

base::Result<std::vector<std::string>> FaultyDisk::list(const std::string& path) {
  if (must_fail(faults_.name_error)) return broken();
  if (!directories_.contains(path)) return fail(Code::not_found, "list");
  std::vector<std::string> names;
  const auto add = [&](const std::string& full) {
    if (!full.empty() && parent_of(full) == path) names.push_back(path.empty() ? full : full.substr(path.size() + 1));
  };
  for (const auto& [name, inode] : names_) add(name);
  for (const std::string& name : directories_) add(name);
  std::sort(names.begin(), names.end());
  return names;
}

base::Result<std::unique_ptr<base::File>> FaultyDisk::lock(const std::string& path) {
  BANDSTAND_TRY_VOID(open(path, base::Open::create));
  if (!locked_.insert(path).second) return fail(Code::conflict, "locked");
  auto inode = names_.find(path)->second;
  return std::unique_ptr<base::File>(std::make_unique<FaultyFile>(*this, std::move(inode), true, path));
}

void FaultyDisk::crash(base::Rng& rng) { crash_with(&rng); }
void FaultyDisk::crash_losing_all() { crash_with(nullptr); }

void FaultyDisk::crash_with(base::Rng* rng) {
  ++counters_.crashes;
  ++generation_;
  // Names: nothing, a prefix, or any subset of what each directory has not synced.
  for (const auto& [directory, changes] : name_changes_) {
    if (rng == nullptr) break;
    const std::uint64_t way = rng->below(3);
    const std::uint64_t prefix = rng->below(changes.size() + 1);
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if ((way == 1 && i < prefix) || (way == 2 && rng->chance(0.5))) apply(changes[i], durable_names_, durable_directories_);
    }
  }
  name_changes_.clear();
  // A file, or a directory, whose directory is gone is gone.
  std::erase_if(durable_directories_, [&](const std::string& path) {
    for (std::string up = path; !up.empty(); up = parent_of(up)) {
      if (!durable_directories_.contains(parent_of(up))) return true;
    }
    return false;
  });
  std::erase_if(durable_names_, [&](const auto& entry) { return !durable_directories_.contains(parent_of(entry.first)); });
  directories_ = durable_directories_;
  names_ = durable_names_;
  for (const auto& [path, inode] : names_) {
    if (rng != nullptr && inode->settle_partly(*rng)) ++counters_.torn_files;
    inode->changes.clear();
    inode->seen = inode->media;
  }
  locked_.clear();
  latency_ = base::Duration{0};
  faults_.fail_at_call = 0;
  faults_.power_cut_at_call = 0;
}

}  // namespace bandstand::simulation
