// file_reader: poll, seek and commit.
#include "log/file_reader.h"

#include "log/note.h"

namespace bandstand::log {

using base::Code;
using base::fail;

base::Result<Place> FileReader::find_place() {
  Place place = files_->locate(position_);
  if (!place.found && position_ >= place.end) {
    BANDSTAND_TRY_VOID(files_->refresh());
    place = files_->locate(position_);
  }
  if (position_ < place.begin) {
    position_ = place.begin;
    place = files_->locate(position_);
  }
  return place;
}

base::Result<std::monostate> FileReader::open(const Place& place) {
  if (cursor_ && segment_ == place.segment && cursor_offset_ <= position_) return std::monostate{};
  cursor_.reset();
  BANDSTAND_TRY(cursor, files_->open_segment(place.segment, base::Open::read));
  cursor_.emplace(std::move(cursor));
  segment_ = place.segment;
  cursor_offset_ = place.segment.base;
  return std::monostate{};
}

base::Result<std::size_t> FileReader::poll(std::size_t max, std::vector<Record>& out) {
  out.clear();
  if (max == 0) return std::size_t{0};
  for (int attempt = 0; attempt < 3; ++attempt) {
    BANDSTAND_TRY(place, find_place());
    if (!place.found) return std::size_t{0};
    auto opened = open(place);
    if (opened) return read(place, max, out);
    if (opened.error().code != Code::not_found) return opened.error();
    // Retention took the segment between the look and the opening: look again.
    BANDSTAND_TRY_VOID(files_->refresh());
  }
  return files_->core().damaged("a segment is missing", files_->path_of(files_->locate(position_).segment));
}

base::Result<std::size_t> FileReader::read(const Place& place, std::size_t max, std::vector<Record>& out) {
  if (place.segment_bytes > cursor_->position()) cursor_->set_read_ahead(place.segment_bytes - cursor_->position());
  Frame frame;
  do {
    const std::uint64_t at = cursor_->position();
    BANDSTAND_TRY(valid, cursor_->next(frame));
    if (!valid || frame.record.offset != cursor_offset_) {
      cursor_->move_to(at);
      return files_->core().damaged("a record is damaged or missing",
                                    files_->path_of(segment_) + ", byte " + std::to_string(at));
    }
  } while (cursor_offset_++ < position_);
  out.push_back(frame.record);
  // The rest without reading, so that the views of the earlier ones stay good.
  while (out.size() < max && cursor_offset_ < place.segment_end) {
    const std::uint64_t at = cursor_->position();
    if (!cursor_->next_buffered(frame)) break;
    if (frame.record.offset != cursor_offset_) {
      cursor_->move_to(at);
      break;
    }
    ++cursor_offset_;
    out.push_back(frame.record);
  }
  position_ = cursor_offset_;
  return out.size();
}

base::Result<std::monostate> FileReader::seek(Offset offset) {
  Place place = files_->locate(offset);
  if (offset > place.end) {
    BANDSTAND_TRY_VOID(files_->refresh());
    place = files_->locate(offset);
    if (offset > place.end) return fail(Code::invalid_input, "seek beyond the end");
  }
  position_ = std::max(offset, place.begin);
  return std::monostate{};
}

base::Result<std::monostate> FileReader::commit(Offset next) {
  FileLogCore& core = files_->core();
  if (core.is_poisoned()) return core.poison();
  if (group_.empty()) return fail(Code::invalid_input, "a reader without a group has no place to commit to");
  if (next > files_->locate(0).end) return fail(Code::invalid_input, "commit beyond the end");
  auto noted = replace_note(core.disk, files_->directory(), "group." + group_, "group", std::to_string(next));
  if (!noted) return core.poison(noted.error(), files_->directory() + "/group." + group_);
  return std::monostate{};
}

}  // namespace bandstand::log
