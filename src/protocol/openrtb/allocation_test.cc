// allocation_test: what the hot path allocates once it is warm: nothing.
#include <gtest/gtest.h>

#include <string>

#include "base/allocations_for_tests.h"
#include "protocol/openrtb/request_parser.h"
#include "protocol/openrtb/response_writer.h"

namespace bandstand::protocol::openrtb {
namespace {

TEST(RequestParser, AllocatesNothingAfterWarmUp) {
  RequestParser parser;
  base::Arena arena;
  ParsedRequest request;
  const std::string native =
      R"({"id":"1","imp":[{"id":"a","native":{"request":"{\"assets\":[{\"id\":1,\"title\":{\"len\":9}}]}"}},{"id":"b",)"
      R"("banner":{"w":1,"h":2}}],"site":{"page":"HTTP://A.example/"},"badv":["a","b","c"],"user":{"keywords":"x,Y"}})";
  for (int i = 0; i < 3; ++i) {
    arena.reset();
    parser.parse(native, arena, request);
  }
  const std::uint64_t before = base::allocations_for_tests;
  for (int i = 0; i < 100; ++i) {
    arena.reset();
    ASSERT_EQ(parser.parse(native, arena, request), Outcome::ok);
  }
  EXPECT_EQ(base::allocations_for_tests, before);
}

TEST(ResponseWriter, AllocatesNothingAfterWarmUp) {
  BidOut bid;
  bid.id = bid.imp_id = bid.creative_id = "1";
  bid.price = base::Nanos{1'500'000};
  bid.markup = "<a href=\"https://a.example/\">a rather long text that fits no small string</a>";
  ResponseOut response;
  response.id = "r";
  response.bids = {&bid, 1};
  std::string out;
  append_response(response, out);
  const std::uint64_t before = base::allocations_for_tests;
  for (int i = 0; i < 100; ++i) {
    out.clear();
    append_response(response, out);
  }
  EXPECT_EQ(base::allocations_for_tests, before);
}

}  // namespace
}  // namespace bandstand::protocol::openrtb
