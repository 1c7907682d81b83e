// arena: memory of one request, taken by bumping a pointer and given back all at once.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/check.h"

namespace bandstand::base {

/// Bump allocator. Blocks are kept over reset(), so that after warm-up nothing is allocated. One thread.
class Arena {
 public:
  explicit Arena(std::size_t block_bytes = 64 * 1024) : block_bytes_(block_bytes) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Uninitialised memory, valid until reset().
  void* take(std::size_t bytes, std::size_t align = alignof(std::max_align_t)) {
    std::size_t at = (used_ + align - 1) & ~(align - 1);
    if (current_ == nullptr || at + bytes > current_size_) {
      next_block(bytes + align);
      at = (used_ + align - 1) & ~(align - 1);
    }
    used_ = at + bytes;
    return current_ + at;
  }

  /// `count` value-initialised objects; T needs no destructor.
  template <class T>
  std::span<T> array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    if (count == 0) return {};
    T* first = static_cast<T*>(take(count * sizeof(T), alignof(T)));
    for (std::size_t i = 0; i < count; ++i) new (first + i) T();
    return {first, count};
  }

  template <class T, class... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (take(sizeof(T), alignof(T))) T{std::forward<Args>(args)...};
  }

  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* to = static_cast<char*>(take(text.size(), 1));
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  /// Everything handed out becomes invalid; the blocks stay.
  void reset() noexcept {
    index_ = 0;
    used_ = 0;
    current_ = blocks_.empty() ? nullptr : blocks_[0].memory.get();
    current_size_ = blocks_.empty() ? 0 : blocks_[0].size;
  }

 private:
  struct Block {
    std::unique_ptr<std::byte[]> memory;
    std::size_t size;
  };

  void next_block(std::size_t at_least) {
    for (std::size_t next = current_ == nullptr ? 0 : index_ + 1; next < blocks_.size(); ++next) {
      if (blocks_[next].size >= at_least) {
        use(next);
        return;
      }
    }
    const std::size_t size = at_least > block_bytes_ ? at_least : block_bytes_;
    blocks_.push_back({std::make_unique<std::byte[]>(size), size});
    use(blocks_.size() - 1);
  }

  void use(std::size_t index) {
    index_ = index;
    used_ = 0;
    current_ = blocks_[index].memory.get();
    current_size_ = blocks_[index].size;
  }

  std::size_t block_bytes_;
  std::vector<Block> blocks_;
  std::size_t index_ = 0;
  std::byte* current_ = nullptr;
  std::size_t current_size_ = 0;
  std::size_t used_ = 0;
};

/// A growing list in an arena; elements need no destructor. Growing leaves the old copy to the arena.
template <class T>
class ArenaList {
 public:
  explicit ArenaList(Arena& arena, std::size_t capacity = 8) : arena_(&arena) { grow(capacity); }

  T& push(const T& value) {
    if (size_ == items_.size()) grow(items_.size() * 2);
    return items_[size_++] = value;
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  T& operator[](std::size_t i) { return items_[i]; }
  const T& operator[](std::size_t i) const { return items_[i]; }
  T* begin() { return items_.data(); }
  T* end() { return items_.data() + size_; }
  [[nodiscard]] std::span<T> span() const { return items_.first(size_); }
  void clear() { size_ = 0; }
  void truncate(std::size_t size) {
    BANDSTAND_CHECK(size <= size_);
    size_ = size;
  }

 private:
  void grow(std::size_t capacity) {
    std::span<T> larger = arena_->array<T>(capacity < 4 ? 4 : capacity);
    for (std::size_t i = 0; i < size_; ++i) larger[i] = items_[i];
    items_ = larger;
  }

  Arena* arena_;
  std::span<T> items_;
  std::size_t size_ = 0;
};

}  // namespace bandstand::base
