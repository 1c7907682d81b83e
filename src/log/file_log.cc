// file_log: topics as directories, their options as a note in each.
#include "log/file_log.h"

#include <charconv>
#include <map>

#include "log/file_partition.h"
#include "log/file_reader.h"
#include "log/note.h"

namespace bandstand::log {

using base::Code;
using base::fail;

namespace {

std::string text_of(const TopicOptions& options) {
  return "partitions " + std::to_string(options.partitions) + "\nsegment_bytes " + std::to_string(options.segment_bytes) +
         "\nretention_bytes " + std::to_string(options.retention_bytes) + "\nrecord_bytes_max " +
         std::to_string(options.record_bytes_max);
}

/// Reads "<name> <number>" from the front of `text`, and a line end if there is one.
template <class T>
bool take(std::string_view& text, std::string_view name, T& out) {
  if (!text.starts_with(name) || !text.substr(name.size()).starts_with(' ')) return false;
  text.remove_prefix(name.size() + 1);
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
  if (parsed.ec != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
  if (text.starts_with('\n')) text.remove_prefix(1);
  return true;
}

bool parse_options(std::string_view text, TopicOptions& out) {
  return take(text, "partitions", out.partitions) && take(text, "segment_bytes", out.segment_bytes) &&
         take(text, "retention_bytes", out.retention_bytes) && take(text, "record_bytes_max", out.record_bytes_max) &&
         text.empty() && check_options(out);
}

class FileLog final : public Log {
 public:
  FileLog(base::Disk& disk, const base::Clock& clock, const FileLogOptions& options)
      : core_(std::make_shared<FileLogCore>(disk, clock, options)) {}

  base::Result<std::monostate> create_topic(const std::string& topic, const TopicOptions& options) override {
    if (core_->is_poisoned()) return core_->poison();
    if (!is_valid_name(topic)) return fail(Code::invalid_input, "topic names are [a-z0-9._-]{1,100}");
    BANDSTAND_TRY_VOID(check_options(options));
    auto existing = options_of(topic);
    if (existing && *existing == options) return std::monostate{};
    if (existing) return fail(Code::conflict, "the topic exists with other options");
    if (existing.error().code != Code::not_found) return existing.error();
    auto made = make_durable_directory(core_->disk, topic);
    if (made) made = replace_note(core_->disk, topic, "topic", "topic", text_of(options));
    if (!made) return core_->poison(made.error(), topic + "/topic");
    return std::monostate{};
  }

  base::Result<std::vector<std::string>> topics() override {
    BANDSTAND_TRY(names, core_->disk.list(""));
    std::vector<std::string> topics;
    for (const std::string& name : names) {
      auto options = options_of(name);
      if (options) topics.push_back(name);
      if (!options && options.error().code != Code::not_found) return options.error();
    }
    return topics;
  }

  base::Result<std::unique_ptr<Partition>> open_partition(const std::string& topic, std::uint32_t partition) override {
    BANDSTAND_TRY(files, files_of(topic, partition));
    BANDSTAND_TRY_VOID(files->refresh());
    return std::unique_ptr<Partition>(std::make_unique<FilePartition>(files));
  }

  base::Result<std::unique_ptr<Reader>> open_reader(const std::string& topic, std::uint32_t partition,
                                                    const std::string& group) override {
    if (!group.empty() && !is_valid_name(group)) return fail(Code::invalid_input, "group names are [a-z0-9._-]{1,100}");
    BANDSTAND_TRY(files, files_of(topic, partition));
    BANDSTAND_TRY_VOID(files->refresh());
    const Place place = files->locate(0);
    Offset start = place.begin;
    if (!group.empty()) {
      const std::string path = files->directory() + "/group." + group;
      auto committed = read_number_note(core_->disk, path, "group");
      if (!committed && committed.error().code == Code::corrupt) {
        return core_->damaged("the group's offset is unreadable; remove the file to read from the start", path);
      }
      if (!committed && committed.error().code != Code::not_found) return committed.error();
      if (committed && *committed > place.end) {
        return core_->damaged("the group has read beyond the end: acknowledged records are missing", path);
      }
      if (committed) start = std::max(start, *committed);
    }
    return std::unique_ptr<Reader>(std::make_unique<FileReader>(files, group, start));
  }

  [[nodiscard]] std::string trouble() const override { return core_->trouble(); }

 private:
  base::Result<TopicOptions> options_of(const std::string& topic) {
    const std::string path = topic + "/topic";
    auto text = read_note(core_->disk, path, "topic");
    TopicOptions options;
    const bool is_bad = text ? !parse_options(*text, options) : text.error().code == Code::corrupt;
    if (is_bad) return core_->damaged("the topic's options are unreadable", path);
    if (!text) return text.error();
    return options;
  }

  base::Result<std::shared_ptr<PartitionFiles>> files_of(const std::string& topic, std::uint32_t partition) {
    if (!is_valid_name(topic)) return fail(Code::invalid_input, "topic names are [a-z0-9._-]{1,100}");
    const auto key = std::make_pair(topic, partition);
    if (const auto found = files_.find(key); found != files_.end()) return found->second;
    BANDSTAND_TRY(options, options_of(topic));
    if (partition >= options.partitions) return fail(Code::not_found, "the topic has fewer partitions");
    auto files = std::make_shared<PartitionFiles>(core_, topic + "/" + std::to_string(partition), options);
    files_.emplace(key, files);
    return files;
  }

  const std::shared_ptr<FileLogCore> core_;
  std::map<std::pair<std::string, std::uint32_t>, std::shared_ptr<PartitionFiles>> files_;
};

}  // namespace

std::unique_ptr<Log> open_file_log(base::Disk& disk, const base::Clock& clock, const FileLogOptions& options) {
  return std::make_unique<FileLog>(disk, clock, options);
}

}  // namespace bandstand::log
