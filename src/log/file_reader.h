// file_reader: reads a partition in files, up to what is durable, while a writer goes on.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "log/partition_files.h"

namespace bandstand::log {

/// See Reader. One thread, which may be another than that of the partition's writer: they share the view (a mutex, held
/// for nanoseconds) and the file.
class FileReader final : public Reader {
 public:
  FileReader(std::shared_ptr<PartitionFiles> files, std::string group, Offset start)
      : files_(std::move(files)), group_(std::move(group)), position_(start) {}

  base::Result<std::size_t> poll(std::size_t max, std::vector<Record>& out) override;
  [[nodiscard]] Offset position() const override { return position_; }
  base::Result<std::monostate> seek(Offset offset) override;
  base::Result<std::monostate> commit(Offset next) override;

 private:
  /// Where position_ is, after a look at what other processes have done if need be.
  base::Result<Place> find_place();
  base::Result<std::monostate> open(const Place& place);
  base::Result<std::size_t> read(const Place& place, std::size_t max, std::vector<Record>& out);

  const std::shared_ptr<PartitionFiles> files_;
  const std::string group_;
  Offset position_;
  std::optional<FrameCursor> cursor_;
  SegmentId segment_;          ///< that cursor_ is in
  Offset cursor_offset_ = 0;   ///< of the frame that cursor_ stands before
};

}  // namespace bandstand::log
