#include "app/api/batches/multipart.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace pano::api::batches {
namespace {

constexpr char kType[] = "multipart/form-data; boundary=X";

// "name@filename=content|" of each part.
class Joined final : public FormSink {
 public:
  Status OnPart(FormPart part) override {
    text += StrCat(text.empty() ? "" : "|", part.name, part.is_file ? StrCat("@", part.filename) : "", "=");
    return {};
  }
  Status OnContent(std::string_view piece) override {
    EXPECT_FALSE(piece.empty());
    text += piece;
    return {};
  }
  std::string text;
};

std::string ReadCut(std::string_view body, std::string_view type, size_t piece) {
  Result<MultipartReader> reader = MultipartReader::Create(type);
  if (!reader.ok()) return reader.error().message();
  Joined parts;
  Status status;
  for (size_t at = 0; at < body.size() && status.ok(); at += piece) status = reader->Feed(body.substr(at, piece), parts);
  if (status.ok()) status = reader->Finish();
  if (!status.ok()) return status.message();
  return parts.text.empty() ? "" : parts.text + "|";
}

// However it is cut.
std::string Read(std::string_view body, std::string_view type = kType) {
  const std::string whole = ReadCut(body, type, body.size() + 1);
  for (size_t piece : {size_t{1}, size_t{2}, size_t{3}, size_t{7}}) EXPECT_EQ(ReadCut(body, type, piece), whole) << body;
  return whole;
}

std::string Part(std::string_view disposition, std::string_view content) {
  return StrCat("--X\r\nContent-Disposition: form-data; ", disposition, "\r\n\r\n", content, "\r\n");
}

TEST(Multipart, FieldsAndFiles) {
  EXPECT_EQ(Read(Part("name=\"purpose\"", "batch") + Part("name=\"file\"; filename=\"in.jsonl\"", "{}\r\n{}\n") + "--X--\r\n"),
            "purpose=batch|file@in.jsonl={}\r\n{}\n|");
  EXPECT_EQ(Read("preamble\r\n" + Part("name=a", "") + "--X--epilogue"), "a=|");
  EXPECT_EQ(Read("--X--"), "");
  EXPECT_EQ(Read(StrCat("--a b\r\ncontent-disposition:form-data;name=\"q\\\"uote\";FILENAME=\"\"\r\nContent-Type: x/y\r\n\r\n-\r\n--a b--"),
                 "Multipart/Form-Data; charset=utf-8; boundary=\"a b\""),
            "q\"uote@=-|");
  // A boundary that does not begin a line is content.
  EXPECT_EQ(Read(Part("name=a", "a--X\n--X--") + "--X--"), "a=a--X\n--X--|");
}

TEST(Multipart, WhatASinkRefusesEndsIt) {
  class Refusing final : public FormSink {
   public:
    Status OnPart(FormPart part) override { return part.name == "b" ? NotFound("no b") : OkStatus(); }
    Status OnContent(std::string_view) override { return {}; }
  } sink;
  MultipartReader reader = MultipartReader::Create(kType).value();
  EXPECT_TRUE(reader.Feed(Part("name=a", "x"), sink).ok());
  EXPECT_EQ(reader.Feed(Part("name=b", "x"), sink).message(), "no b");
  EXPECT_EQ(reader.Feed("--X--", sink).message(), "no b");
  EXPECT_EQ(reader.Finish().message(), "no b");
}

// A content that is nearly a boundary all the time costs no more than any other.
TEST(Multipart, HoldsNoMoreThanABoundary) {
  class Counting final : public FormSink {
   public:
    Status OnPart(FormPart) override { return {}; }
    Status OnContent(std::string_view piece) override {
      bytes += piece.size();
      return {};
    }
    size_t bytes = 0;
  } sink;
  const std::string type = StrCat("multipart/form-data; boundary=", std::string(70, '-'));
  MultipartReader reader = MultipartReader::Create(type).value();
  const std::string mark = StrCat("--", std::string(70, '-'));
  ASSERT_TRUE(reader.Feed(StrCat(mark, "\r\nContent-Disposition: form-data; name=a\r\n\r\n"), sink).ok());
  const std::string piece = StrCat("\r\n", std::string(71, '-'), "x");
  for (int i = 0; i < 20'000; ++i) ASSERT_TRUE(reader.Feed(piece, sink).ok());
  EXPECT_GE(sink.bytes + mark.size() + 2, 20'000 * piece.size());
  ASSERT_TRUE(reader.Feed(StrCat("\r\n", mark, "--"), sink).ok());
  EXPECT_TRUE(reader.Finish().ok());
  EXPECT_EQ(sink.bytes, 20'000 * piece.size());
}

TEST(Multipart, APartMayBeEmptyWithoutALineOfItsOwn) {
  EXPECT_EQ(Read("--X\r\nContent-Disposition: form-data; name=a\r\n\r\n--X--"), "a=|");
}

TEST(Multipart, SaysWhatIsWrong) {
  const std::string_view is_none = "the body is no multipart/form-data: ";
  for (const auto& [type, body, what] : std::initializer_list<std::tuple<std::string, std::string, std::string>>{
           {"application/json", "", "of another Content-Type"},
           {"multipart/form-data", "", "the Content-Type names no boundary"},
           {"multipart/form-data; boundary=\"X", "", "the Content-Type names no boundary"},
           {"multipart/form-data; boundary=" + std::string(71, 'x'), "", "its boundary has no good length"},
           {kType, "", "its boundary is not in it"},
           {kType, "--X\r\n", "the head of a part has no end, or is too long"},
           {kType, "--Xy\r\n", "a boundary does not end its line"},
           {kType, "--X\r\nA: b\r\n\r\nx\r\n--X--", "a part has no name"},
           {kType, "--X\r\nnonsense\r\n\r\nx\r\n--X--", "a line in the head of a part has no colon"},
           {kType, "--X\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--X--", "a part is no form-data"},
           {kType, Part("name=a", "x"), "a part does not end with the boundary"},
           {kType, "--X\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--X--",
            "a part has a transfer encoding"},
           {kType, "--X\r\nA: " + std::string(5000, 'x') + "\r\n\r\n", "the head of a part has no end, or is too long"}}) {
    EXPECT_EQ(Read(body, type), StrCat(is_none, what)) << body;
  }
  std::string many;
  for (size_t i = 0; i <= MultipartReader::kPartsMax; ++i) many += Part("name=a", "x");
  EXPECT_EQ(Read(many + "--X--"), StrCat(is_none, "it has more than 32 parts"));
}

}  // namespace
}  // namespace pano::api::batches
