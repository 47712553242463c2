// Examples that the standards themselves publish: RFC 7515, 7517, 7519, 7520, 7638, 7797, 8037.
#include <gtest/gtest.h>

#include "app/auth/jose/base64url.h"
#include "app/auth/jose/compact_jws.h"
#include "app/auth/jose/key_set.h"
#include "app/auth/jose/signing_key.h"
#include "base/strings.h"

namespace pano::jose {
namespace {

constexpr std::string_view kJoe =   // the claims of RFC 7515, A.1 and RFC 7519, 3.1
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
constexpr std::string_view kFrodo =   // the payload of RFC 7520, 4
    "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwg"
    "YW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9m"
    "ZiB0by4";

// RFC 7520, figure 3.
constexpr std::string_view kBilboRsa = R"({"kty":"RSA","kid":"bilbo.baggins@hobbiton.example","use":"sig","e":"AQAB","n":")"
    "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwG"
    "U_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3u"
    "hGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHd"
    "rNP5zw\"}";
// RFC 7520, figure 1.
constexpr std::string_view kBilboEc = R"({"kty":"EC","kid":"bilbo.baggins@hobbiton.example","use":"sig","crv":"P-521",)"
    R"("x":"AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt",)"
    R"("y":"AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1"})";
// RFC 7517, A.1 (its RSA key is RFC 7638, 3.1's).
constexpr std::string_view kKeysOf7517 = R"({"keys":[{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",)"
    R"("y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"enc","kid":"1"},{"kty":"RSA","n":")"
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj"
    "hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ"
    "vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK"
    R"(nqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}]})";
// RFC 8037, A.2.
constexpr std::string_view kEd = R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";

struct Vector {
  const char* name;
  std::string key;
  std::string jws;
};

std::vector<Vector> Vectors() {
  return {
      {"RFC 7515 A.2 RS256",
       R"({"kty":"RSA","e":"AQAB","n":")"
       "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pC"
       "gNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg6"
       "65xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRW"
       "yuXpoQ\"}",
       StrCat("eyJhbGciOiJSUzI1NiJ9.", kJoe,
              ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9C"
              "UAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_"
              "dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0ig"
              "cN_IoypGlUPQGe77Rw")},
      {"RFC 7515 A.3 ES256",
       R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
       R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})",
       StrCat("eyJhbGciOiJFUzI1NiJ9.", kJoe,
              ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")},
      {"RFC 7515 A.4 ES512",
       R"({"kty":"EC","crv":"P-521",)"
       R"("x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",)"
       R"("y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"})",
       "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO"
       "0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn"},
      {"RFC 7520 4.1 RS256", std::string(kBilboRsa),
       StrCat("eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.", kFrodo,
              ".MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BD"
              "koBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9Uz"
              "pERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogo"
              "ree7vjbU5y18kDquDg")},
      {"RFC 7520 4.2 PS384", std::string(kBilboRsa),
       StrCat("eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.", kFrodo,
              ".cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1O"
              "LPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9sh"
              "nr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6"
              "oD4ifKo8DYM-X72Eaw")},
      {"RFC 7520 4.3 ES512", std::string(kBilboEc),
       StrCat("eyJhbGciOiJFUzUxMiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.", kFrodo,
              ".AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7KRTzoNEuT4Va2cmL1eJAQy3mtPBu_u_sDDyYjn"
              "AMDxXPn7XrT0lw-kvAD890jl8e2puQens_IEKBpHABlsbEPX6sFY8OcGDqoRuBomu9xQ2")},
      {"RFC 8037 A.5 EdDSA", std::string(kEd),
       "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4"
       "iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"},
  };
}

KeySet SetOf(std::string_view key) {
  Result<KeySet> set = KeySet::Parse(StrCat(R"({"keys":[)", key, "]}"));
  EXPECT_TRUE(set.ok() && set->keys().size() == 1) << key;
  return std::move(set).value();
}

TEST(RfcVectors, SignaturesAreGood) {
  for (const Vector& vector : Vectors()) {
    const KeySet keys = SetOf(vector.key);
    Result<CompactJws> jws = ParseCompactJws(vector.jws);
    ASSERT_TRUE(jws.ok()) << vector.name << ": " << jws.error().message();
    EXPECT_EQ(VerifyJws(*jws, keys), &keys.keys()[0]) << vector.name;
  }
}

TEST(RfcVectors, OneBitOfAnyPartMakesThemBad) {
  for (const Vector& vector : Vectors()) {
    const KeySet keys = SetOf(vector.key);
    CompactJws jws = std::move(ParseCompactJws(vector.jws)).value();
    const std::string good_signature = jws.signature;
    for (size_t at : {size_t{0}, good_signature.size() / 2, good_signature.size() - 1}) {
      jws.signature = good_signature;
      jws.signature[at] = static_cast<char>(jws.signature[at] ^ 1);
      EXPECT_EQ(VerifyJws(jws, keys), nullptr) << vector.name << " byte " << at;
    }
    jws.signature = good_signature;
    const std::string other = StrCat(jws.signed_text, "A");
    jws.signed_text = other;
    EXPECT_EQ(VerifyJws(jws, keys), nullptr) << vector.name;
  }
}

TEST(RfcVectors, Ed25519SignsAsInRfc8037) {
  json::Value key = std::move(json::Parse(kEd)).value();
  key.Set("d", "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
  const SigningKey signing = std::move(SigningKey::FromJwk(key, Algorithm::kEdDsa)).value();
  const std::string signature = signing.Sign("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc").value();
  EXPECT_EQ(EncodeBase64Url(signature),
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
}

TEST(RfcVectors, ThumbprintsAreThoseOfRfc7638AndRfc8037) {
  const KeySet set = std::move(KeySet::Parse(kKeysOf7517)).value();
  ASSERT_EQ(set.keys().size(), 1u);   // the other is for encryption
  EXPECT_EQ(set.skipped().size(), 1u);
  EXPECT_EQ(set.keys()[0].thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  EXPECT_EQ(set.keys()[0].kid(), "2011-04-29");
  EXPECT_FALSE(set.keys()[0].Allows(Algorithm::kPs256));
  EXPECT_EQ(SetOf(kEd).keys()[0].thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

// What the standards show and this server takes from nobody.
TEST(RfcVectors, ExamplesWithoutAPublicKeyAreRefused) {
  const std::string refused[] = {
      // RFC 7519, 6.1: unsecured
      StrCat("eyJhbGciOiJub25lIn0.", kJoe, "."),
      // RFC 7519, 3.1: HMAC
      StrCat("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.", kJoe, ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
      // RFC 7797, 4.2: a payload that is not encoded
      "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19..A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY",
      // RFC 7515, E: crit with a name that nobody knows
      "eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQogImh0dHA6Ly9leGFtcGxlLmNvbS9VTkRF"
      "RklORUQiOnRydWUNCn0.RkFJTA."};
  for (const std::string& text : refused) EXPECT_FALSE(ParseCompactJws(text).ok()) << text;
}

}  // namespace
}  // namespace pano::jose
