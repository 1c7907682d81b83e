// world_transport: the wire between the simulated world and Bandstand: bid requests out, notices and events
// out, answers back.
//
// 1. The world knows nothing of Bandstand but this interface, so the same world drives the production code in
// process
//    (answers at once, virtual time) and a server over HTTP (answers later, real time).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"

namespace bandstand::simulation {

/// POST /openrtb2/bid/{exchange} with an OpenRTB 2.6 JSON body. Views hold only during the call.
struct BidCall {
  std::string_view exchange;
  std::string_view body;
  std::uint64_t ticket = 0;  ///< comes back with the answer
  base::WallTime due;        ///< when it should leave; open loop: latency counts from here
  std::uint8_t attack = 0;   ///< the truth, for who measures; it never goes on the wire: AttackKind
  bool listed = false;       ///< of an attack: a list can know it
};

/// GET of a notice ("/n/v1/...") or an event ("/e/v1/..."). Views hold only during the call.
struct GetCall {
  std::string_view target;      ///< path and query
  std::string_view user_agent;  ///< of the browser, or of the exchange's notifier
  std::string_view address;     ///< X-Forwarded-For; empty: fired by the exchange itself
  std::uint64_t ticket = 0;
  base::WallTime due;
  std::uint8_t attack = 0;  ///< as of BidCall
};

/// What came back. `body` holds during the callback.
struct Answer {
  std::uint64_t ticket = 0;
  int status = 0;  ///< HTTP status; 0: no answer (refused, closed, timed out)
  std::string_view body;
  base::Duration latency{0};  ///< 0 in virtual time unless the transport models it
};

class AnswerHandler {
 public:
  virtual ~AnswerHandler() = default;
  virtual void on_answer(const Answer& answer) = 0;
};

/// One thread. Each call that returned true is answered exactly once, before it returns (in process) or
/// later.
class Transport {
 public:
  virtual ~Transport() = default;
  /// The world's time moves to `now` before every event: where an in-process Bandstand sets its clock and
  /// runs timers.
  virtual void advance_to(base::WallTime /*now*/) {}
  /// False: not taken (a queue is full); there will be no answer.
  virtual bool bid(const BidCall& call, AnswerHandler& handler) = 0;
  virtual bool get(const GetCall& call, AnswerHandler& handler) = 0;
};

}  // namespace bandstand::simulation
