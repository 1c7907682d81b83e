// pattern_list: atoms by trigram, then RE2.
#include "protocol/device/pattern_list.h"

#include <re2/re2.h>

#include <algorithm>

namespace bandstand::protocol::device {
namespace {

std::uint32_t trigram(const char* p) {
  const auto byte = [&](int i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(p[i])); };
  return byte(0) | byte(1) << 8 | byte(2) << 16;
}

}  // namespace

base::Result<bool> PatternList::add(const std::string& pattern, bool ignore_case) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(!ignore_case);
  int id = 0;
  if (patterns_.Add(pattern, options, &id) != RE2::NoError) {
    return base::fail(base::Code::invalid_input, "user agents: a pattern does not compile");
  }
  return true;
}

void PatternList::finish() {
  std::vector<std::string> atoms;
  patterns_.Compile(&atoms);
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    atoms_[trigram(atoms[i].data())].push_back({atoms[i], static_cast<int>(i)});
  }
  found_at_.assign(atoms.size(), 0);
}

void PatternList::find_atoms(std::string_view text) {
  lower_.assign(text);  // atoms are in lower case
  for (char& c : lower_) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  found_.clear();
  ++search_;
  const std::string_view lower = lower_;
  for (std::size_t i = 0; i + kAtomBytesMin <= lower.size(); ++i) {
    const auto bucket = atoms_.find(trigram(lower.data() + i));
    if (bucket == atoms_.end()) continue;
    for (const Atom& atom : bucket->second) {
      std::uint32_t& seen = found_at_[static_cast<std::size_t>(atom.index)];
      if (seen == search_ || !lower.substr(i).starts_with(atom.text)) continue;
      seen = search_;
      found_.push_back(atom.index);
    }
  }
}

int PatternList::first_match(std::string_view text, Groups& groups) {
  find_atoms(text);
  candidates_.clear();
  patterns_.AllPotentials(found_, &candidates_);
  std::sort(candidates_.begin(), candidates_.end());
  std::array<re2::StringPiece, kGroupsMax> pieces;
  for (const int index : candidates_) {
    const RE2& pattern = patterns_.GetRE2(index);
    const int wanted = std::min(pattern.NumberOfCapturingGroups() + 1, kGroupsMax);
    if (!pattern.Match({text.data(), text.size()}, 0, text.size(), RE2::UNANCHORED, pieces.data(), wanted))
      continue;
    for (int i = 0; i < kGroupsMax; ++i) {
      const re2::StringPiece& piece = pieces[static_cast<std::size_t>(i)];
      groups[static_cast<std::size_t>(i)] = i < wanted && piece.data() != nullptr
                                                ? std::string_view(piece.data(), piece.size())
                                                : std::string_view{};
    }
    return index;
  }
  return -1;
}

}  // namespace bandstand::protocol::device
