// mapping_test: mapping files, and the field that is wrong in them.
#include "learning/dataset/mapping.h"

#include <gtest/gtest.h>

#include "learning/dataset/data_for_tests.h"

namespace bandstand::learning {
namespace {

std::string error_of(const std::string& text) {
  const auto mapping = parse_mapping(text, "m.json");
  return mapping ? "" : mapping.error();
}

TEST(Mapping, ReadsATableWithoutAHeader) {
  const auto mapping = parse_mapping(
      R"({"separator": "tab", "header": false,
          "columns": {"when": "time", "y": "label", "age": "number", "site": "categorical"}})", "m");
  ASSERT_TRUE(mapping) << mapping.error();
  const std::string text = "1413853200\t1\t37\ta\n1413853201\t0\t38\ta\n";
  auto reader = table_of(text, *mapping).value();
  Row a, b;
  ASSERT_TRUE(*reader->next(a));
  ASSERT_TRUE(*reader->next(b));
  EXPECT_EQ(a.time_s, 1413853200);
  EXPECT_EQ(reader->fields(), (std::vector<std::string>{"age", "site"}));
  EXPECT_EQ(a.features[0].hash, b.features[0].hash);  // one bucket
}

TEST(Mapping, CrossesColumnsIntoFurtherFields) {
  const auto mapping = parse_mapping(
      R"({"columns": {"y": "label", "a": "categorical", "b": "categorical"}, "crosses": [["a", "b"]]})", "m").value();
  const std::string text = "a,b,y\n1,2,0\n1,3,0\n1,2,1\n2,1,1\n";
  auto reader = table_of(text, mapping).value();
  std::vector<std::uint64_t> crossed;
  Row row;
  while (*reader->next(row)) crossed.push_back(row.features[2].hash);
  EXPECT_EQ(reader->fields()[2], "a*b");
  EXPECT_EQ(crossed[0], crossed[2]);
  EXPECT_NE(crossed[0], crossed[1]);
  EXPECT_NE(crossed[0], crossed[3]);
}

TEST(Mapping, AFeatureKeepsItsHashWhereverItsColumnStands) {
  const auto hash = [](const std::string& text) {
    auto reader = table_of(text, parse_mapping(R"({"columns": {"y": "label", "site": "categorical"}})", "m").value()).value();
    Row row;
    EXPECT_TRUE(*reader->next(row));
    return row.features[0].hash;
  };
  EXPECT_EQ(hash("y,site\n1,a\n"), hash("site,other,y\na,7,0\n"));
}

TEST(Mapping, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(error_of("[]"), "m.json: not a JSON object");
  EXPECT_EQ(error_of("{"), "m.json: not a JSON object");
  EXPECT_EQ(error_of(R"({"columns": {"y": "lable"}})"), "m.json: column 'y': no role 'lable'; did you mean 'label'?");
  EXPECT_EQ(error_of(R"({"columns": {"y": 1}})"), "m.json: column 'y': expected the name of a role");
  EXPECT_EQ(error_of(R"({"columns": {"y": "number"}})"), "m.json: field 'columns': expected exactly one label");
  EXPECT_EQ(error_of(R"({"columns": {"y": "label", "a": "time", "b": "time"}})"), "m.json: field 'columns': more than one time");
  EXPECT_EQ(error_of(R"({"separator": "x"})"), "m.json: field 'separator': expected comma, tab, space, semicolon or pipe");
  EXPECT_EQ(error_of(R"({"colums": {}})"), "m.json: no field 'colums' in a mapping: separator, header, columns, crosses");
  EXPECT_EQ(error_of(R"({"columns": {"y": "label", "a": "time"}, "crosses": [["a", "y"]]})"),
            "m.json: field 'crosses': \"a\" is no categorical or number column");
}

}  // namespace
}  // namespace bandstand::learning
