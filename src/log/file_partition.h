// file_partition: the writer's handle on a partition in files: encodes into one buffer, writes it at once, syncs once.
#pragma once

#include <memory>

#include "log/partition_files.h"

namespace bandstand::log {

/// See Partition. One thread.
class FilePartition final : public Partition {
 public:
  explicit FilePartition(std::shared_ptr<PartitionFiles> files) : files_(std::move(files)) {}
  FilePartition(const FilePartition&) = delete;
  FilePartition& operator=(const FilePartition&) = delete;
  ~FilePartition() override { files_->retire(epoch_); }

  base::Result<Ticket> append(std::string_view key, std::string_view value) override;
  base::Result<std::monostate> flush() override;
  [[nodiscard]] Ticket durable_through() const override { return durable_; }
  [[nodiscard]] Offset end() const override { return epoch_ == 0 ? files_->locate(0).end : end_; }
  [[nodiscard]] Offset begin() const override { return files_->locate(0).begin; }
  base::Result<Epoch> claim() override;

 private:
  base::Result<std::monostate> make_room(std::size_t bytes);
  /// Bytes of the whole frames from `start` on that the segment still has room for.
  [[nodiscard]] std::size_t fitting(std::size_t start) const;
  base::Result<std::monostate> write_segments();
  base::Error fenced();

  const std::shared_ptr<PartitionFiles> files_;
  std::unique_ptr<base::File> file_;
  std::uint32_t salt_ = 0;
  std::uint64_t position_ = 0;  ///< in file_, where the next batch goes
  Epoch epoch_ = 0;             ///< 0: has not claimed
  bool is_fenced_ = false;

  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t used_ = 0;
  Offset end_ = 0;       ///< with what is buffered
  Offset stored_ = 0;    ///< without
  Ticket appended_ = 0;
  Ticket durable_ = 0;
};

}  // namespace bandstand::log
