// ring_test: mailbox and byte ring between two threads: everything arrives, in order, or is counted as refused.
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "base/byte_ring.h"
#include "base/mailbox.h"
#include "base/rng.h"

namespace bandstand::base {
namespace {

TEST(MailboxThread, DeliversInOrderAndCountsWhatItRefuses) {
  Mailbox<std::uint64_t> box(64);
  std::uint64_t sent = 0;
  std::thread producer([&] {
    for (std::uint64_t i = 1; i <= 200'000; ++i) {
      if (box.push(i)) ++sent;
    }
    while (!box.push(0)) {
    }
  });
  std::uint64_t last = 0;
  std::uint64_t received = 0;
  for (std::uint64_t value = 1; value != 0;) {
    if (!box.pop(value)) {
      value = 1;
      continue;
    }
    if (value == 0) break;
    ASSERT_GT(value, last);
    last = value;
    ++received;
  }
  producer.join();
  EXPECT_EQ(received, sent);
  EXPECT_GE(box.refused(), 200'000 - sent);
}

TEST(MailboxThread, CarriesRecordsOfEverySizeThroughAByteRing) {
  ByteRing ring(1 << 14);
  std::uint64_t sent = 0;
  std::thread producer([&] {
    Rng rng(3);
    std::string record;
    for (int i = 0; i < 100'000; ++i) {
      record.assign(rng.below(700), static_cast<char>('a' + i % 26));
      if (ring.push(record)) ++sent;
    }
    while (!ring.push("END")) {
    }
  });
  std::uint64_t received = 0;
  for (;;) {
    std::string_view record;
    if (!ring.front(record)) continue;
    if (record == "END") break;
    if (!record.empty()) {
      ASSERT_EQ(record.find_first_not_of(record[0]), std::string_view::npos);
    }
    ring.pop();
    ++received;
  }
  producer.join();
  EXPECT_EQ(received, sent);
  EXPECT_FALSE(ring.push(std::string(8000, 'x'))) << "larger than a quarter of the ring";
}

}  // namespace
}  // namespace bandstand::base
