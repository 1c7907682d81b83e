// visit_reader: files of click sequences as streams of visits.
//
// Formats (docs/formats/datasets.md): `sessions`, a visit a line; also `prefix TAB target`, of which only the target is
// predicted. `rsc15`, a table of clicks with a header and tabs. `diginetica`, train-item-views of the CIKM Cup 2016.
// `yoochoose`, clicks of the RecSys Challenge 2015. In tables the clicks of a visit stand together; those of one visit are put
// in the order of their time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "learning/dataset/dataset.h"
#include "learning/sequence/visits.h"

namespace bandstand::learning {

/// A visit by the ids of the data's origin.
struct RawVisit {
  std::vector<std::uint64_t> items;
  std::uint64_t id = 0;          ///< of the visit; 0 in sessions
  std::size_t first_target = 1;  ///< as Visits::first_target
  double time = 0;               ///< of the last click, in the data's unit; within the visit alone in diginetica; 0 in sessions
};

/// A stream of visits. Memory: one visit. One thread.
class VisitReader {
 public:
  virtual ~VisitReader() = default;
  /// True with the next visit of one click or more; false at the end. Rows that cannot be read are counted and passed over.
  virtual Loaded<bool> next(RawVisit& visit) = 0;
  /// `rows` counts rows of the file, not visits.
  [[nodiscard]] virtual const Intake& intake() const = 0;
};

/// diginetica, rsc15, sessions, yoochoose.
[[nodiscard]] const std::vector<std::string>& visit_formats();

/// Errors: unknown format (names the nearest); a file that cannot be opened; a header without a column that is needed.
[[nodiscard]] Loaded<std::unique_ptr<VisitReader>> open_visits(const std::string& file, const std::string& format);
/// The same over lines from elsewhere.
[[nodiscard]] Loaded<std::unique_ptr<VisitReader>> open_visits(DatasetLines lines, const std::string& format);

/// Ids of the origin by the numbers that stand for them.
struct Vocabulary {
  std::vector<std::uint64_t> ids;  ///< of item 0, 1, ...: those of train ascending, then those seen in tests alone, ascending
  std::size_t trained = 0;         ///< items of train: 0..trained-1
};

struct VisitFile {
  Visits visits;
  std::vector<double> times;  ///< of the visits' last clicks, in rsc15 and yoochoose; elsewhere the file is in order of time
  Intake intake;
};

/// Reads all visits of at least two clicks and numbers their items. With an empty vocabulary this makes it (train); with another
/// it adds the items that are new (test; once). Errors: as open_visits; a file without such a visit.
[[nodiscard]] Loaded<VisitFile> load_visits(const std::string& file, const std::string& format, Vocabulary& vocabulary);
/// The same from a reader, whose visits have times if `timed`; `name` is for words.
[[nodiscard]] Loaded<VisitFile> load_visits(VisitReader& reader, bool timed, const std::string& name, Vocabulary& vocabulary);

}  // namespace bandstand::learning
