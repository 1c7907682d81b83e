// logged_data: the log that a server has left behind, opened to be read.
#pragma once

#include <iosfwd>
#include <memory>
#include <string>

#include "app/settings.h"
#include "base/clock.h"
#include "base/disk.h"
#include "log/log.h"

namespace bandstand::app {

struct LoggedData {
  Settings settings;
  std::string folder;
  base::SystemClock clock;
  std::unique_ptr<base::Disk> disk;
  std::unique_ptr<log::Log> log;
};

/// `config`: the server's settings file, empty: what `serve` has without one; `data`: its data directory, empty: as the settings
/// say. Signing keys are not read, so that whoever may read the log need not be able to sign. False, and why on `err`.
bool open_logged_data(const std::string& config, const std::string& data, LoggedData& to, std::ostream& err);

}  // namespace bandstand::app
