#include "pano/auth/auth_verify.h"

#include <gtest/gtest.h>

#include "app/auth/jose/signing_key.h"
#include "base/strings.h"

namespace pano::cli {
namespace {

struct Signer {
  jose::SigningKey key = std::move(jose::SigningKey::Generate(jose::Algorithm::kEs256)).value();
  jose::KeySet keys =
      std::move(jose::KeySet::Parse(StrCat(R"({"keys":[)", json::Dump(key.PublicJwk()), "]}"))).value();
  std::string Line(std::string_view payload) const {
    json::Value line;
    line.Set("jws", jose::SignCompact(key, "", payload).value());
    return json::Dump(line);
  }
};

TEST(AuthVerify, ShowsThePayloadOfAGoodSignature) {
  const Signer signer;
  json::Value answer = VerifyLine(signer.keys, signer.Line("It\xe2\x80\x99s a text"));
  EXPECT_TRUE(answer.Find("valid")->as_bool());
  EXPECT_EQ(answer.Find("payload")->as_string(), "It\xe2\x80\x99s a text");
  answer = VerifyLine(signer.keys, signer.Line("\xff\xfe"));
  EXPECT_TRUE(answer.Find("valid")->as_bool());
  EXPECT_EQ(answer.Find("payload_base64url")->as_string(), "__4");
}

TEST(AuthVerify, SaysWhatIsWrongAndShowsNothingOfABadOne) {
  const Signer signer, other;
  for (const std::string& line :
       {other.Line("secret"), std::string("{}"), std::string("[1]"), std::string("no json"), std::string(R"({"jws":1})"),
        std::string(R"({"jws":"a.b.c"})"), std::string(R"({"jws":""})")}) {
    const json::Value answer = VerifyLine(signer.keys, line);
    EXPECT_FALSE(answer.Find("valid")->as_bool()) << line;
    EXPECT_TRUE(answer.Find("payload")->is_null()) << line;
    EXPECT_FALSE(answer.Find("error")->as_string().empty()) << line;
  }
}

}  // namespace
}  // namespace pano::cli
