#include "app/api/batches/multipart.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace pano::api::batches {
namespace {

constexpr char kType[] = "multipart/form-data; boundary=X";

std::string Read(std::string_view body, std::string_view type = kType) {
  Result<std::vector<FormPart>> parts = ParseMultipart(type, body);
  if (!parts.ok()) return parts.error().message();
  std::string text;
  for (const FormPart& part : *parts) {
    text += StrCat(part.name, part.is_file ? StrCat("@", part.filename) : "", "=", part.content, "|");
  }
  return text;
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
  for (size_t i = 0; i <= kPartsMax; ++i) many += Part("name=a", "x");
  EXPECT_EQ(Read(many + "--X--"), StrCat(is_none, "it has more than 32 parts"));
}

}  // namespace
}  // namespace pano::api::batches
