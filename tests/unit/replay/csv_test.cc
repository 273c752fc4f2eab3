// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tideline::replay {
namespace {

using testing::HasSubstr;

constexpr absl::string_view kAB[] = {"a", "b"};

CsvReader Reader(absl::string_view text) { return CsvReader(FromText(text)); }

// All rows as "a|b", or the error's message as the last element.
std::vector<std::string> Rows(absl::string_view text) {
  CsvReader reader = Reader(text);
  std::vector<std::string> rows;
  if (absl::Status header = reader.Header(kAB); !header.ok()) {
    return {std::string(header.message())};
  }
  while (true) {
    absl::StatusOr<bool> more = reader.Next();
    if (!more.ok()) rows.push_back(std::string(more.status().message()));
    if (!more.ok() || !*more) return rows;
    rows.push_back(std::string(reader[0]) + "|" + std::string(reader[1]));
  }
}

using Texts = std::vector<std::string>;

TEST(CsvReader, FindsColumnsByNameWhateverTheirOrder) {
  EXPECT_EQ(Rows("b,x,a\n1,2,3\n"), Texts({"3|1"}));
}

TEST(CsvReader, SkipsAByteOrderMarkAndTakesBothLineEnds) {
  EXPECT_EQ(Rows("\xef\xbb\xbf"
                 "a,b\r\n1,2\r\n3,4"),
            Texts({"1|2", "3|4"}));
}

TEST(CsvReader, ReadsQuotedFieldsWithCommasQuotesAndLineBreaks) {
  EXPECT_EQ(Rows("a,b\n\"1,\"\"x\"\"\",\"2\n3\"\n4,\n"), Texts({"1,\"x\"|2\n3", "4|"}));
}

TEST(CsvReader, KeepsBytesThatAreNotAscii) {
  EXPECT_EQ(Rows("a,b\n\xe2\x89\x88se,\xc3\xa5\n"), Texts({"\xe2\x89\x88se|\xc3\xa5"}));
}

TEST(CsvReader, NamesTheLineOfARowThatIsTooShortOrTooLong) {
  EXPECT_EQ(Rows("a,b\n1,2\n3\n").back(), "line 3: has 1 fields where the header has 2");
  EXPECT_EQ(Rows("a,b\n1,2,3\n").back(), "line 2: has 3 fields where the header has 2");
}

TEST(CsvReader, CountsLinesInsideQuotes) {
  EXPECT_EQ(Rows("a,b\n\"1\n1\",2\n3\n").back(), "line 4: has 1 fields where the header has 2");
}

TEST(CsvReader, RefusesStrayQuotes) {
  EXPECT_THAT(Rows("a,b\n1\"1,2\n").back(), HasSubstr("line 2: a quote inside a field"));
  EXPECT_THAT(Rows("a,b\n\"1\"1,2\n").back(), HasSubstr("line 2: text after a closing quote"));
  EXPECT_THAT(Rows("a,b\n\"1,2\n").back(), HasSubstr("line 2: a quoted field does not end"));
}

TEST(CsvReader, RefusesAFieldOverTheLimitAndTakesOneAtIt) {
  const std::string at(CsvReader::kMaxFieldBytes, 'x');
  EXPECT_EQ(Rows("a,b\n1," + at + "\n").back().size(), at.size() + 2);
  EXPECT_THAT(Rows("a,b\n1," + at + "xx\n").back(), HasSubstr("over 64 KiB"));
}

TEST(CsvReader, NamesAColumnThatIsMissingOrDoubled) {
  EXPECT_EQ(Rows("a,c\n"), Texts({"line 1: no column is called 'b'"}));
  EXPECT_EQ(Rows("a,b,a\n"), Texts({"line 1: two columns are called 'a'"}));
  EXPECT_THAT(Rows("").back(), HasSubstr("empty"));
}

TEST(CsvReader, ReadsFieldsThatCrossItsBuffer) {
  std::string text = "a,b\n";
  for (int i = 0; i < 20000; ++i) text += std::to_string(i) + ",\"x" + std::to_string(i) + "\"\n";
  const std::vector<std::string> rows = Rows(text);
  ASSERT_EQ(rows.size(), 20000u);
  EXPECT_EQ(rows.back(), "19999|x19999");
}

}  // namespace
}  // namespace tideline::replay
