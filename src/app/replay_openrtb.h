// replay_openrtb: sends recorded bid requests to a server as they came, and says how it answered.
#pragma once

#include <iosfwd>
#include <string>

namespace bandstand::app {

struct ReplayOpenrtbOptions {
  std::string file;                ///< lines, plain or compressed; "-" is standard input
  std::string server;              ///< http://ADDRESS:PORT[/openrtb2/bid/EXCHANGE]
  std::string speed = "recorded";  ///< recorded; max; or how many times faster than recorded, such as 10
  std::size_t limit = 0;           ///< first so many lines; 0 = all
  std::size_t connections = 16;
  bool json = false;
  bool progress = true;  ///< a line a second to `err`
};

/// recorded and N are open loop: each request leaves when it is due, however late the answers are, and
/// latency counts from then, so a stall shows in every request that it delays. max keeps one request under
/// way on each connection; latency counts from sending. All lines are held in memory (about 2 KB each),
/// sorted by time.
///
/// The reasons of no-bids (nbr) can be read only from an exchange whose setting `nbr_in_200` is on; else they
/// are 204. Errors are: no answer, a status of 400 and above, a 200 that is no answer to its request.
///
/// Exit codes: 0 all answered, 1 there were errors, 2 wrong usage or input.
int replay_openrtb(const ReplayOpenrtbOptions& options, std::ostream& out, std::ostream& err);

}  // namespace bandstand::app
