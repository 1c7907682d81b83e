// bit_writer_for_tests: writes bit fields as base64url text, independently of the reader that is tested with
// it.
#pragma once

#include <cstdint>
#include <string>

namespace bandstand::protocol::consent {

class BitWriter {
 public:
  void put(std::uint32_t value, int count) {
    for (int i = count - 1; i >= 0; --i) bits_.push_back((value >> i & 1) != 0 ? '1' : '0');
  }
  /// Fibonacci code of a number from 1: the greedy (Zeckendorf) sum, lowest first, closed by a 1.
  void put_fibonacci(std::uint32_t value) {
    std::uint32_t fibonacci[32] = {1, 2};
    int top = 1;
    while (fibonacci[top] <= value) {
      fibonacci[top + 1] = fibonacci[top] + fibonacci[top - 1];
      ++top;
    }
    std::string code;
    for (int i = top - 1; i >= 0; --i) {
      const bool take = fibonacci[i] <= value;
      if (take) value -= fibonacci[i];
      if (take || !code.empty()) code.insert(code.begin(), take ? '1' : '0');
    }
    bits_ += code + "1";
  }
  [[nodiscard]] std::string text() const {
    static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string bits = bits_, out;
    while (bits.size() % 6 != 0) bits.push_back('0');
    for (std::size_t i = 0; i < bits.size(); i += 6)
      out.push_back(kAlphabet[std::stoul(bits.substr(i, 6), nullptr, 2)]);
    return out;
  }

 private:
  std::string bits_;
};

}  // namespace bandstand::protocol::consent
