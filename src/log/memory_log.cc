// memory_log: segments are vectors of records behind one mutex.
#include "log/memory_log.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>

namespace bandstand::log {

using base::Code;
using base::fail;

namespace {

/// What a record costs besides key and value, so that retention behaves as it does in files.
constexpr std::size_t kRecordOverheadBytes = 32;

struct Stored {
  base::WallTime time;
  std::string key;
  std::string value;
  [[nodiscard]] std::size_t bytes() const { return key.size() + value.size() + kRecordOverheadBytes; }
};

struct Segment {
  Offset base = 0;
  std::vector<Stored> records;
  std::uint64_t bytes = 0;
};

struct MemoryPartition {
  std::deque<Segment> segments{1};
  std::map<std::string, Offset> groups;
  Epoch epoch = 0;
  TopicOptions options;

  [[nodiscard]] Offset begin() const { return segments.front().base; }
  [[nodiscard]] Offset end() const { return segments.back().base + segments.back().records.size(); }

  void add(Stored stored) {
    if (segments.back().bytes + stored.bytes() > options.segment_bytes) {
      segments.push_back({end(), {}, 0});
      std::uint64_t total = 0;
      for (const Segment& segment : segments) total += segment.bytes;
      while (options.retention_bytes != 0 && segments.size() > 1 && total > options.retention_bytes) {
        total -= segments.front().bytes;
        segments.pop_front();
      }
    }
    segments.back().bytes += stored.bytes();
    segments.back().records.push_back(std::move(stored));
  }

  [[nodiscard]] const Stored& at(Offset offset) const {
    const auto after = std::upper_bound(segments.begin(), segments.end(), offset,
                                        [](Offset o, const Segment& s) { return o < s.base; });
    return (after - 1)->records[offset - (after - 1)->base];
  }
};

}  // namespace

class MemoryStore {
 public:
  std::mutex mutex;
  std::map<std::string, std::vector<MemoryPartition>> topics;  ///< nothing is ever removed, so references hold
};

namespace {

class MemoryWriter final : public Partition {
 public:
  MemoryWriter(std::shared_ptr<MemoryStore> store, MemoryPartition& partition, const base::Clock& clock)
      : store_(std::move(store)), partition_(partition), clock_(clock) {}

  base::Result<Ticket> append(std::string_view key, std::string_view value) override {
    if (is_fenced_) return fail(Code::conflict, "fenced by a newer claim");
    if (key.size() + value.size() > partition_.options.record_bytes_max) {
      return fail(Code::invalid_input, "record larger than record_bytes_max");
    }
    if (epoch_ == 0) BANDSTAND_TRY_VOID(claim());
    buffer_.push_back({clock_.wall(), std::string(key), std::string(value)});
    return ++appended_;
  }

  base::Result<std::monostate> flush() override {
    if (is_fenced_) return fail(Code::conflict, "fenced by a newer claim");
    if (buffer_.empty()) return std::monostate{};
    const std::lock_guard lock(store_->mutex);
    if (partition_.epoch != epoch_) {
      is_fenced_ = true;
      buffer_.clear();
      return fail(Code::conflict, "fenced by a newer claim");
    }
    for (Stored& stored : buffer_) partition_.add(std::move(stored));
    buffer_.clear();
    durable_ = appended_;
    return std::monostate{};
  }

  [[nodiscard]] Ticket durable_through() const override { return durable_; }
  [[nodiscard]] Offset end() const override {
    const std::lock_guard lock(store_->mutex);
    return partition_.end() + buffer_.size();
  }
  [[nodiscard]] Offset begin() const override {
    const std::lock_guard lock(store_->mutex);
    return partition_.begin();
  }

  base::Result<Epoch> claim() override {
    if (is_fenced_) return fail(Code::conflict, "fenced by a newer claim");
    BANDSTAND_TRY_VOID(flush());
    const std::lock_guard lock(store_->mutex);
    epoch_ = ++partition_.epoch;
    return epoch_;
  }

 private:
  const std::shared_ptr<MemoryStore> store_;
  MemoryPartition& partition_;
  const base::Clock& clock_;
  std::vector<Stored> buffer_;
  Epoch epoch_ = 0;
  bool is_fenced_ = false;
  Ticket appended_ = 0;
  Ticket durable_ = 0;
};

class MemoryReader final : public Reader {
 public:
  MemoryReader(std::shared_ptr<MemoryStore> store, MemoryPartition& partition, std::string group)
      : store_(std::move(store)), partition_(partition), group_(std::move(group)) {
    const std::lock_guard lock(store_->mutex);
    const auto committed = partition_.groups.find(group_);
    position_ = std::max(partition_.begin(), committed == partition_.groups.end() ? 0 : committed->second);
  }

  base::Result<std::size_t> poll(std::size_t max, std::vector<Record>& out) override {
    out.clear();
    held_.clear();
    {
      const std::lock_guard lock(store_->mutex);
      position_ = std::max(position_, partition_.begin());
      const Offset stop = std::min<Offset>(partition_.end(), position_ + std::min<std::size_t>(max, 4096));
      for (Offset offset = position_; offset < stop; ++offset) held_.push_back(partition_.at(offset));
    }
    for (const Stored& stored : held_) out.push_back({position_++, stored.time, stored.key, stored.value});
    return out.size();
  }

  [[nodiscard]] Offset position() const override { return position_; }

  base::Result<std::monostate> seek(Offset offset) override {
    const std::lock_guard lock(store_->mutex);
    if (offset > partition_.end()) return fail(Code::invalid_input, "seek beyond the end");
    position_ = std::max(offset, partition_.begin());
    return std::monostate{};
  }

  base::Result<std::monostate> commit(Offset next) override {
    const std::lock_guard lock(store_->mutex);
    if (group_.empty()) return fail(Code::invalid_input, "a reader without a group has no place to commit to");
    if (next > partition_.end()) return fail(Code::invalid_input, "commit beyond the end");
    partition_.groups[group_] = next;
    return std::monostate{};
  }

 private:
  const std::shared_ptr<MemoryStore> store_;
  MemoryPartition& partition_;
  const std::string group_;
  Offset position_ = 0;
  std::vector<Stored> held_;
};

class MemoryLog final : public Log {
 public:
  MemoryLog(std::shared_ptr<MemoryStore> store, const base::Clock& clock) : store_(std::move(store)), clock_(clock) {}

  base::Result<std::monostate> create_topic(const std::string& topic, const TopicOptions& options) override {
    if (!is_valid_name(topic)) return fail(Code::invalid_input, "topic names are [a-z0-9._-]{1,100}");
    BANDSTAND_TRY_VOID(check_options(options));
    const std::lock_guard lock(store_->mutex);
    const auto [found, is_new] = store_->topics.try_emplace(topic);
    if (!is_new && found->second.front().options == options) return std::monostate{};
    if (!is_new) return fail(Code::conflict, "the topic exists with other options");
    found->second.resize(options.partitions);
    for (MemoryPartition& partition : found->second) partition.options = options;
    return std::monostate{};
  }

  base::Result<std::vector<std::string>> topics() override {
    const std::lock_guard lock(store_->mutex);
    std::vector<std::string> names;
    for (const auto& [name, partitions] : store_->topics) names.push_back(name);
    return names;
  }

  base::Result<std::unique_ptr<Partition>> open_partition(const std::string& topic, std::uint32_t partition) override {
    BANDSTAND_TRY(found, find(topic, partition));
    return std::unique_ptr<Partition>(std::make_unique<MemoryWriter>(store_, *found, clock_));
  }

  base::Result<std::unique_ptr<Reader>> open_reader(const std::string& topic, std::uint32_t partition,
                                                    const std::string& group) override {
    if (!group.empty() && !is_valid_name(group)) return fail(Code::invalid_input, "group names are [a-z0-9._-]{1,100}");
    BANDSTAND_TRY(found, find(topic, partition));
    return std::unique_ptr<Reader>(std::make_unique<MemoryReader>(store_, *found, group));
  }

  [[nodiscard]] std::string trouble() const override { return ""; }

 private:
  base::Result<MemoryPartition*> find(const std::string& topic, std::uint32_t partition) {
    if (!is_valid_name(topic)) return fail(Code::invalid_input, "topic names are [a-z0-9._-]{1,100}");
    const std::lock_guard lock(store_->mutex);
    const auto found = store_->topics.find(topic);
    if (found == store_->topics.end()) return fail(Code::not_found, "no such topic");
    if (partition >= found->second.size()) return fail(Code::not_found, "the topic has fewer partitions");
    return &found->second[partition];
  }

  const std::shared_ptr<MemoryStore> store_;
  const base::Clock& clock_;
};

}  // namespace

std::shared_ptr<MemoryStore> make_memory_store() { return std::make_shared<MemoryStore>(); }

std::unique_ptr<Log> open_memory_log(std::shared_ptr<MemoryStore> store, const base::Clock& clock) {
  return std::make_unique<MemoryLog>(std::move(store), clock);
}

}  // namespace bandstand::log
