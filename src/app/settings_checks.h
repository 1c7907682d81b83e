// settings_checks: what a single row cannot say: forms of texts, and settings that must fit each other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/settings_rows.h"

namespace bandstand::app {

/// What is wrong with a text for this row; "" if nothing is.
std::string wrong_text(const SettingInfo& info, std::string_view text);

/// Settings against each other; also turns rates and rollouts into what serving wants.
void check_settings(Settings& settings, std::vector<Problem>& problems);

/// Shortest form that reads back: "0.1", "3600".
std::string number_text(double number);

}  // namespace bandstand::app
