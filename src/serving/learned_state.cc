// learned_state: sections out and in.
#include "serving/learned_state.h"

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/hash.h"

namespace bandstand::serving {
namespace {

constexpr const char* kFile = "learned";
constexpr const char* kNewFile = "learned.new";
constexpr std::uint32_t kMagic = 0x42534c31;  // "BSL1": bump with every change of the sections' heads
constexpr std::size_t kHeadBytes = 24;        // magic, part, size, checksum of these, checksum of the content
constexpr std::uint64_t kSectionBytesMax = 1u << 30;
constexpr std::uint64_t kExchangesMax = 1u << 16;

std::string head_of(LearnedPart part, std::string_view content) {
  std::string head;
  base::ByteWriter out(head);
  out.put(kMagic);
  out.put(part);
  out.put(static_cast<std::uint64_t>(content.size()));
  base::append_checksum(head);
  out.put(base::crc32c(content.data(), content.size()));
  return head;
}

}  // namespace

const char* name_of(LearnedPart part) noexcept {
  switch (part) {
    case LearnedPart::header: return "header";
    case LearnedPart::market: return "market";
    case LearnedPart::creative: return "creative";
    case LearnedPart::pacing: return "pacing";
    case LearnedPart::users: return "users";
    case LearnedPart::open_bids: return "open_bids";
    case LearnedPart::evidence: return "evidence";
    case LearnedPart::figures: return "figures";
    case LearnedPart::published: return "published";
    case LearnedPart::end: return "end";
  }
  return "unknown";
}

std::string LearnedHeader::encode() const {
  std::string bytes;
  base::ByteWriter out(bytes);
  out.put(at.ns);
  out.put(first_price_share);
  out.put(static_cast<std::uint64_t>(exchanges.size()));
  for (const std::string& name : exchanges) out.put_text(name);
  return bytes;
}

base::Result<LearnedHeader> LearnedHeader::decode(std::string_view bytes) {
  base::ByteReader in(bytes);
  LearnedHeader out;
  out.at.ns = in.get<std::int64_t>();
  out.first_price_share = in.get<double>();
  const auto count = in.get<std::uint64_t>();
  for (std::uint64_t i = 0; i < count && i < kExchangesMax && in.ok(); ++i)
    out.exchanges.emplace_back(in.get_text());
  if (!in.done() || !(out.first_price_share >= 0 && out.first_price_share <= 1))
    return base::fail(base::Code::corrupt, "the header is malformed");
  return out;
}

base::Result<std::monostate> LearnedWriter::begin(const LearnedHeader& header) {
  auto file = disk_.open(kNewFile, base::Open::create);
  if (!file) return file.error();
  file_ = std::move(*file);
  at_ = synced_ = sections_ = 0;
  BANDSTAND_TRY_VOID(file_->truncate(0));
  return add(LearnedPart::header, header.encode());
}

base::Result<std::monostate> LearnedWriter::add(LearnedPart part, std::string_view content) {
  buffer_ = head_of(part, content);
  buffer_.append(content);
  BANDSTAND_TRY_VOID(file_->write_at(at_, buffer_));
  at_ += buffer_.size();
  ++sections_;
  if (at_ - synced_ < kSyncBytes) return std::monostate{};
  synced_ = at_;
  return file_->sync();
}

base::Result<std::monostate> LearnedWriter::finish() {
  std::string count;
  base::ByteWriter(count).put(sections_);
  BANDSTAND_TRY_VOID(add(LearnedPart::end, count));
  BANDSTAND_TRY_VOID(file_->sync());
  file_.reset();
  BANDSTAND_TRY_VOID(disk_.rename(kNewFile, kFile));
  return disk_.sync_directory("");
}

base::Result<LearnedReader> LearnedReader::open(base::Disk& disk) {
  auto file = disk.open(kFile, base::Open::read);
  if (!file) return file.error();
  return LearnedReader(std::move(*file));
}

base::Result<std::optional<LearnedReader::Section>> LearnedReader::stop(base::Error error) {
  done_ = true;
  return error;
}

base::Result<std::optional<LearnedReader::Section>> LearnedReader::next() {
  if (done_) return std::optional<Section>{};
  if (const auto read = file_->read_at(at_, kHeadBytes, head_); !read) return stop(read.error());
  base::ByteReader in(head_);
  const auto magic = in.get<std::uint32_t>();
  const auto part = in.get<LearnedPart>();
  const auto size = in.get<std::uint64_t>();
  const auto head_sum = in.get<std::uint32_t>();
  const auto content_sum = in.get<std::uint32_t>();
  if (!in.ok()) return stop(base::fail(base::Code::corrupt, "the file ends too soon"));
  if (magic != kMagic) return stop(base::fail(base::Code::corrupt, "the file has another form"));
  if (head_sum != base::crc32c(head_.data(), 16) || size > kSectionBytesMax)
    return stop(base::fail(base::Code::corrupt, "a section's head is damaged: what follows is lost"));
  if (const auto read = file_->read_at(at_ + kHeadBytes, static_cast<std::size_t>(size), content_); !read)
    return stop(read.error());
  if (content_.size() != size) return stop(base::fail(base::Code::corrupt, "the file ends too soon"));
  at_ += kHeadBytes + size;
  if (content_sum != base::crc32c(content_.data(), content_.size())) {
    ++sections_;
    return base::fail(base::Code::corrupt, "a section's checksum is wrong");
  }
  if (part == LearnedPart::end) {
    done_ = true;
    if (base::ByteReader(content_).get<std::uint64_t>() != sections_)
      return base::fail(base::Code::corrupt, "sections are missing");
    return std::optional<Section>{};
  }
  ++sections_;
  return std::optional<Section>{Section{part, content_}};
}

}  // namespace bandstand::serving
