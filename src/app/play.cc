// play: one loop pumps the world and its connections.
#include "app/play.h"

#include "serving/http/event_loop.h"
#include "simulation/play_http.h"

namespace bandstand::app {

base::Result<simulation::WorldReport> play_against(const std::string& address,
                                                   simulation::WorldOptions options,
                                                   domain::CatalogueSnapshot catalogue, double seconds,
                                                   const OnSecond& on_second) {
  const auto server = serving::http::Address::parse(address);
  if (!server) return base::fail(base::Code::invalid_input, "expected an address such as 127.0.0.1:8080");
  base::SystemClock clock;
  serving::http::EventLoop loop(clock);
  simulation::PlayHttp transport(loop, *server);
  options.start = clock.wall();
  simulation::World world(options, std::move(catalogue));
  const base::MonoTime start = clock.mono();
  const auto elapsed = [&] { return std::chrono::duration<double>(clock.mono() - start).count(); };
  double next_second = 1;
  bool traffic = true;
  for (;;) {
    world.run_until(clock.wall(), transport);
    loop.poll(std::chrono::milliseconds(1));
    const double now = elapsed();
    if (now >= next_second) {
      next_second += 1;
      if (on_second && !on_second(world, now)) break;
    }
    if (traffic && now >= seconds) {
      traffic = false;
      world.stop_traffic();
    }
    if (!traffic && ((world.settled() && transport.under_way() == 0) || now >= seconds + 60)) break;
  }
  return world.report();
}

}  // namespace bandstand::app
