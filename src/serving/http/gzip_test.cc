// gzip_test: there and back, and no further than the limits.
#include "serving/http/gzip.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace bandstand::serving::http {
namespace {

std::string noise(std::size_t size) {
  base::Rng rng(7);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(rng.below(256));
  return out;
}

TEST(Gzip, BringsBackWhatWasDeflated) {
  Inflater inflater({4u << 20, 10, 64 * 1024});
  Deflater deflater;
  for (const std::size_t size : {0u, 1u, 100u, 16'320u, 16'321u, 60'000u}) {
    const std::string body = size < 20'000 ? noise(size) : std::string(size, 'a');
    const auto inflated = inflater.inflate(deflater.deflate(body));
    ASSERT_TRUE(inflated) << size;
    EXPECT_EQ(*inflated, body);
  }
}

TEST(Gzip, StopsABombAtTheRatioAndAtTheLimit) {
  Deflater deflater;
  Inflater by_ratio({4u << 20, 10, 64 * 1024});
  const std::string at_floor(64 * 1024, 'a');
  EXPECT_TRUE(by_ratio.inflate(deflater.deflate(at_floor)));
  const std::string beyond(64 * 1024 + 1, 'a');
  const auto refused = by_ratio.inflate(deflater.deflate(beyond));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::exhausted);
  Inflater by_size({100'000, 1'000'000, 0});
  EXPECT_TRUE(by_size.inflate(deflater.deflate(std::string(100'000, 'a'))));
  EXPECT_FALSE(by_size.inflate(deflater.deflate(std::string(100'001, 'a'))));
  const std::string dense = noise(200'000);
  Inflater ample({4u << 20, 10, 64 * 1024});
  const auto inflated = ample.inflate(deflater.deflate(dense));
  ASSERT_TRUE(inflated) << "large without swelling";
  EXPECT_EQ(*inflated, dense);
}

TEST(Gzip, RefusesEveryPrefixAndWhateverFollows) {
  Deflater deflater;
  Inflater inflater({4u << 20, 10, 64 * 1024});
  const std::string zipped(deflater.deflate(noise(300)));
  for (std::size_t size = 0; size < zipped.size(); ++size) {
    const auto refused = inflater.inflate(std::string_view(zipped).substr(0, size));
    ASSERT_FALSE(refused) << size;
    EXPECT_EQ(refused.error().code, base::Code::invalid_input);
  }
  EXPECT_FALSE(inflater.inflate(zipped + "x"));
  EXPECT_FALSE(inflater.inflate(zipped + zipped));
  std::string altered = zipped;
  altered[altered.size() - 6] ^= 1;  // the checksum
  EXPECT_FALSE(inflater.inflate(altered));
  EXPECT_TRUE(inflater.inflate(zipped)) << "and it is none the worse";
}

TEST(Gzip, ReadsAcceptEncoding) {
  for (const char* yes : {"gzip", "x-gzip", "deflate, gzip", "br;q=1.0, gzip;q=0.8", "*", "identity, *;q=0.1",
                          " gzip ; q=0.001"}) {
    EXPECT_TRUE(accepts_gzip(yes)) << yes;
  }
  for (const char* no : {"", "identity", "br", "gzip;q=0", "gzip;q=0.0, *", "*;q=0", "gzipped"}) {
    EXPECT_FALSE(accepts_gzip(no)) << no;
  }
}

}  // namespace
}  // namespace bandstand::serving::http
