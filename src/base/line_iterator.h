// line_iterator: walks over a text and counts the lines passed, wherever a parser copies it, so that a fault can say where it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace bandstand::base {

class LineIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  /// `line` is shared by all copies, and outlives them.
  LineIterator(const char* at, std::uint32_t* line) : at_(at), line_(line) {}
  reference operator*() const { return *at_; }
  LineIterator& operator++() {
    if (*at_++ == '\n') ++*line_;
    return *this;
  }
  LineIterator operator++(int) {
    const LineIterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const LineIterator& a, const LineIterator& b) { return a.at_ == b.at_; }

 private:
  const char* at_;
  std::uint32_t* line_;
};

}  // namespace bandstand::base
