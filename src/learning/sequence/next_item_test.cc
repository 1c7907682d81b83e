// next_item_test: counting models by hand, on the stored lists of session-rec, and on the tests of the papers.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>

#include "base/input.h"
#include "base/words.h"
#include "learning/dataset/data_for_tests.h"
#include "learning/sequence/item_pairs.h"
#include "learning/sequence/popular.h"
#include "learning/sequence/ranking.h"
#include "learning/sequence/visit_reader.h"
#include "learning/sequence/vsknn.h"

namespace bandstand::learning {
namespace {

Visits visits_of(const std::vector<std::vector<Item>>& all) {
  Visits out;
  for (const auto& visit : all) out.add(visit);
  return out;
}

std::vector<ScoredItem> top(NextItemModel& model, const std::vector<Item>& prefix, std::size_t k = 20) {
  std::vector<ScoredItem> out;
  model.top(prefix, k, out);
  return out;
}

using List = std::vector<ScoredItem>;

TEST(Popular, CountsClicksAndBreaksTiesByNumber) {
  Popular pop(visits_of({{2, 1, 1}, {0, 3}}));
  EXPECT_EQ(top(pop, {3}, 3), (List{{1, 2}, {0, 1}, {2, 1}}));
}

TEST(VisitPopular, TheVisitsOwnItemsComeFirst) {
  VisitPopular spop(visits_of({{2, 1, 1}, {0, 3}}));
  EXPECT_EQ(top(spop, {3, 0, 3, 9}, 5), (List{{3, 2}, {0, 1}, {9, 1}, {1, 0}, {2, 0}}));
}

TEST(ItemPairs, MarkovCountsWhatFollowedAtOnce) {
  ItemPairs markov(visits_of({{0, 1, 0, 2}, {0, 1}}), PairRule::markov);
  EXPECT_EQ(top(markov, {5, 0}), (List{{1, 2}, {2, 1}}));
  EXPECT_TRUE(top(markov, {0, 5}).empty());
}

TEST(ItemPairs, ItemKnnIsACosineOfVisits) {
  ItemPairs knn(visits_of({{0, 1, 1, 2}, {0, 1}, {2, 3}, {2, 3}}), PairRule::item_knn);
  EXPECT_EQ(top(knn, {0}), (List{{1, 1}, {2, 1 / std::sqrt(6.)}}));
}

TEST(ItemPairs, ArCountsBothDirectionsAndSrByDistance) {
  const Visits train = visits_of({{0, 1, 0, 2}});
  ItemPairs ar(train, PairRule::ar), sr(train, PairRule::sr);
  EXPECT_EQ(top(ar, {0}), (List{{0, 1}, {1, 1}, {2, 1}}));  // two each
  EXPECT_EQ(top(sr, {0}), (List{{2, 1}, {1, 1 / (1 + 1. / 9)}, {0, .25 / (1 + 1. / 9)}}));
}

TEST(Vsknn, TheNearestVisitsVote) {
  Vsknn vsknn(visits_of({{0, 1}, {0, 2}, {1, 3}}), {}, {.neighbours = 2, .recent = 3, .rarity = 0});
  // After 0, 1: {0, 1} has (1/4 + 1) / 2; {1, 3} has 1/2; {0, 2} has 1/8 and is left out.
  EXPECT_EQ(top(vsknn, {0, 1}), (List{{1, 1}, {0, .625 / 1.125}, {3, .5 / 1.125}}));
  EXPECT_FALSE(vsknn.tied());
}

TEST(Vsknn, TheLatestVisitsAreCompared) {
  Vsknn vsknn(visits_of({{0, 1}, {0, 2}, {0, 3}}), std::vector<double>{2, 1, 3}, {.neighbours = 5, .recent = 2, .rarity = 0});
  EXPECT_EQ(top(vsknn, {0}), (List{{0, 1}, {1, .5}, {3, .5}}));  // {0, 2} is the oldest
}

/// The test of the papers' first half against all figures of the counting models.
struct Expected {
  std::size_t hits;
  double recall, mrr;  ///< percent
};

void expect_figures(const char* data, std::size_t targets, const Expected& spop, const Expected& pop) {
  Vocabulary vocabulary;
  const std::string base = shared_data("sessions/") + data;
  const auto train = load_visits(base + "_train.txt.xz", "sessions", vocabulary).value();
  const auto test = load_visits(base + "_test_part1.txt.xz", "sessions", vocabulary).value();
  const auto check = [&](NextItemModel& model, const Expected& expected) {
    const RankFigures figures = figures_of(rank_visits(model, test.visits));
    EXPECT_EQ(figures.targets, targets);
    EXPECT_EQ(figures.hits, expected.hits);
    EXPECT_NEAR(100 * figures.recall(), expected.recall, 1e-4);
    EXPECT_NEAR(100 * figures.mrr(), expected.mrr, 1e-4);
  };
  VisitPopular visit_popular(train.visits);
  Popular popular(train.visits);
  check(visit_popular, spop);
  check(popular, pop);
}

TEST(PublishedVisits, PopAndSpopOnDigineticaExactly) {
  BANDSTAND_NEEDS_SHARED_DATA("sessions");
  expect_figures("diginetica", 30429, {6430, 21.1312, 13.6862}, {295, .9695, .2399});
}

TEST(PublishedVisits, PopAndSpopOnYooChooseExactly) {
  BANDSTAND_NEEDS_SHARED_DATA("sessions");
  expect_figures("yoochoose1_64", 27943, {8510, 30.4549, 17.6009}, {2524, 9.0327, 2.0310});
}

/// Lists that session-rec stored for the first visits of the YooChoose sample.
class StoredLists : public ::testing::Test {
 protected:
  void SetUp() override {
    BANDSTAND_NEEDS_SHARED_DATA("sessions");
    const std::string folder = shared_data("sessions/rsc15_100k/");
    train_ = load_visits(folder + "train_full.txt.xz", "rsc15", vocabulary_).value();
    auto reader = open_visits(folder + "test.txt.xz", "rsc15").value();
    RawVisit visit;
    while (reader->next(visit).value()) {
      for (const std::uint64_t id : visit.items) {
        const auto found = std::lower_bound(vocabulary_.ids.begin(), vocabulary_.ids.end(), id);
        EXPECT_TRUE(found != vocabulary_.ids.end() && *found == id);
        test_[visit.id].push_back(static_cast<Item>(found - vocabulary_.ids.begin()));
      }
    }
  }

  struct Stored {
    std::uint64_t visit = 0;
    std::size_t position = 0;  ///< of the last click seen, from 0
    std::vector<std::pair<std::uint64_t, double>> list;  ///< id of the origin, score
  };
  static std::vector<Stored> stored(const std::string& model) {
    const std::string folder = shared_data("sessions/rsc15_100k/");
    auto lines = base::LineReader::open(folder + "reference_recommendations_" + model + ".csv.xz").value();
    std::vector<Stored> out;
    std::string_view line;
    EXPECT_TRUE(lines.next(line).value());
    while (lines.next(line).value()) {
      std::vector<std::string_view> cells;
      for (std::size_t end = 0; end != std::string_view::npos; line.remove_prefix(std::min(end + 1, line.size()))) {
        end = line.find(';');
        cells.push_back(line.substr(0, end));
      }
      EXPECT_EQ(cells.size(), 4u);
      Stored one;
      EXPECT_TRUE(base::read_number(cells[0], one.visit));
      EXPECT_TRUE(base::read_number(cells[1], one.position));
      const auto next = [](std::string_view& rest) {
        const auto end = std::min(rest.find(','), rest.size());
        const auto word = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        return word;
      };
      while (!cells[2].empty()) {
        std::uint64_t id = 0;
        double score = 0;
        EXPECT_TRUE(base::read_number(next(cells[2]), id));
        EXPECT_TRUE(base::read_number(next(cells[3]), score));
        one.list.emplace_back(id, score);
      }
      out.push_back(std::move(one));
    }
    return out;
  }

  /// Positions in which all scores agree: by place, and by item above the lowest score, where ties are free.
  std::size_t agreeing(NextItemModel& model, const std::vector<Stored>& expected) {
    std::size_t agree = 0;
    std::vector<ScoredItem> list;
    for (const Stored& one : expected) {
      const std::vector<Item>& visit = test_.at(one.visit);
      model.top(std::span(visit).first(one.position + 1), 20, list);
      figures_.add(rank_of(visit.at(one.position + 1), list));
      agree += same(list, one) ? 1 : 0;
    }
    agreed_ += agree;
    return agree;
  }

  static std::uint32_t rank_of(Item target, const std::vector<ScoredItem>& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (list[i].item == target) return static_cast<std::uint32_t>(i) + 1;
    }
    return 0;
  }

  [[nodiscard]] bool same(const std::vector<ScoredItem>& list, const Stored& expected) const {
    std::map<std::uint64_t, double> scores(expected.list.begin(), expected.list.end());
    for (std::size_t i = 0; i < std::max<std::size_t>(list.size(), 20); ++i) {
      const double theirs = i < expected.list.size() ? expected.list[i].second : 0;
      if (std::abs((i < list.size() ? list[i].score : 0) - theirs) > 1e-6) return false;
      if (i < list.size() && list[i].score > list.back().score + 1e-6) {
        const auto found = scores.find(vocabulary_.ids[list[i].item]);
        if (found == scores.end() || std::abs(found->second - list[i].score) > 1e-6) return false;
      }
    }
    return true;
  }

  Vocabulary vocabulary_;
  VisitFile train_;
  std::map<std::uint64_t, std::vector<Item>> test_;
  RankFigures figures_;
  std::size_t agreed_ = 0;
};

TEST_F(StoredLists, ArAgreesEverywhere) {
  ItemPairs ar(train_.visits, PairRule::ar);
  EXPECT_EQ(agreeing(ar, stored("ar")), 387u);
  EXPECT_EQ(figures_.targets, 387u);
  EXPECT_NEAR(figures_.recall(), .5917, .005);
}

TEST_F(StoredLists, SrAgreesEverywhere) {
  ItemPairs sr(train_.visits, PairRule::sr);
  EXPECT_EQ(agreeing(sr, stored("sr")), 387u);
  EXPECT_NEAR(figures_.recall(), .5607, .005);
}

TEST_F(StoredLists, VsknnContradictsNone) {
  Vsknn vsknn(train_.visits, train_.times, {});
  std::size_t ties = 0;  // in which visits as similar stand on both sides of the cut, and session-rec took others of them
  for (const Stored& one : stored("vsknn")) ties += agreeing(vsknn, {one}) == 0 && vsknn.tied() ? 1 : 0;
  EXPECT_EQ(agreed_ + ties, 387u);
  EXPECT_GT(agreed_, 290u);
  EXPECT_NEAR(figures_.recall(), .6098, 1e-4);
  EXPECT_NEAR(figures_.mrr(), .3342, 1e-3);
  std::printf("%zu lists agree, %zu are a choice among ties: %.4f / %.4f\n", agreed_, ties, figures_.recall(), figures_.mrr());
}

}  // namespace
}  // namespace bandstand::learning
