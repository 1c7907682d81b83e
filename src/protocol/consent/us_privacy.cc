// us_privacy: four characters.
#include "protocol/consent/us_privacy.h"

namespace bandstand::protocol::consent {
namespace {

/// 'Y', 'N', '-', or 0 for anything else.
char answer(char c) {
  if (c == 'Y' || c == 'y') return 'Y';
  if (c == 'N' || c == 'n') return 'N';
  return c == '-' ? '-' : '\0';
}

}  // namespace

UsPrivacy decode_us_privacy(std::string_view text) noexcept {
  UsPrivacy out;
  if (text.size() != 4 || text[0] != '1') return out;
  const char notice = answer(text[1]), opt_out = answer(text[2]), covered = answer(text[3]);
  if (notice == '\0' || opt_out == '\0' || covered == '\0') return out;
  out.valid = true;
  out.applies = notice != '-' || opt_out != '-' || covered != '-';
  out.opt_out = opt_out == 'Y';
  return out;
}

}  // namespace bandstand::protocol::consent
