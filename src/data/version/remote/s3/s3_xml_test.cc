#include "data/version/remote/s3/s3_xml.h"

#include <gtest/gtest.h>

#include <string>

namespace pano::remote {
namespace {

TEST(Xml, ReadsElementsTextsAndEntities) {
  const auto root = ParseXml(
      "\xef\xbb\xbf<?xml version=\"1.0\"?><!-- c --><a:R xmlns:a='x'><K>a &amp; &lt;b&gt; "
      "&#233;&#x1F600;</K><E/><D><![CDATA[<raw>]]></D></a:R>\n");
  ASSERT_TRUE(root.ok()) << root.error().message();
  EXPECT_EQ(root->name, "R");
  EXPECT_EQ(root->Text("K"), "a & <b> \xc3\xa9\xf0\x9f\x98\x80");
  EXPECT_EQ(root->Text("D"), "<raw>");
  EXPECT_NE(root->Find("E"), nullptr);
  EXPECT_EQ(XmlEscaped("a&\"<>"), "a&amp;&quot;&lt;&gt;");
}

TEST(Xml, RefusesWhatIsBroken) {
  for (const char* text :
       {"", "x", "<a>", "<a></b>", "<a b></a>", "<a b=c></a>", "<a>&nbsp;</a>", "<a>&#0;</a>",
        "<a>&x", "<a/><b/>", "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "<a><!ENTITY x></a>", "<a",
        "<a/", "<>", "<a><![CDATA[x</a>"}) {
    EXPECT_FALSE(ParseXml(text).ok()) << text;
  }
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "<a>";
  EXPECT_NE(ParseXml(deep).error().message().find("too deep"), std::string::npos);
  std::string many = "<a>";
  for (int i = 0; i < 50; ++i) many += "<b/>";
  EXPECT_NE(ParseXml(many + "</a>", {.elements_max = 20}).error().message().find("too many"),
            std::string::npos);
}

TEST(S3Xml, ReadsAnswers) {
  const auto listing = ParseListing(
      "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>a%2Fb+c</Key><Size>7</"
      "Size></Contents><IsTruncated>true</IsTruncated><NextContinuationToken>t</"
      "NextContinuationToken></ListBucketResult>");
  ASSERT_TRUE(listing.ok()) << listing.error().message();
  EXPECT_EQ(listing->objects[0].first, "a/b c");
  EXPECT_EQ(listing->next, "t");
  EXPECT_FALSE(
      ParseListing("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>").ok());
  EXPECT_FALSE(
      ParseListing("<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>").ok());
  EXPECT_FALSE(ParseListing("<Other/>").ok());
  int next = -1;
  const auto parts = ParseParts(
      "<ListPartsResult><Part><PartNumber>2</PartNumber><ETag>\"x\"</ETag><Size>5</Size></Part></"
      "ListPartsResult>",
      &next);
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ((*parts)[0].etag, "x");
  EXPECT_EQ(next, 0);
  EXPECT_FALSE(ParseParts("<ListPartsResult><Part><PartNumber>20000</PartNumber><Size>5</Size></"
                          "Part></ListPartsResult>",
                          &next)
                   .ok());
  EXPECT_EQ(
      *ParseInitiated(
          "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"),
      "u");
  EXPECT_EQ(ParseError("<Error><Code>C</Code><Message>m</Message></Error>").code, "C");
  EXPECT_EQ(ParseError("garbage").code, "");
}

}  // namespace
}  // namespace pano::remote
