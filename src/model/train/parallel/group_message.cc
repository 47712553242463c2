#include "model/train/parallel/group_message.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstring>

#include "base/check.h"
#include "base/strings.h"

namespace pano::train {
namespace {

constexpr std::string_view kChallengeMagic = "PANOGRP1", kHelloMagic = "PANOGRPH",
                           kWelcomeMagic = "PANOGRPW";
constexpr uint32_t kFrameMagic = 0x46474E50;  // "PNGF"

std::string_view TextOf(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

template <typename T>
void AppendNumber(std::string& out, T value) {
  for (size_t i = 0; i < sizeof value; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

// Takes parts off the front of bytes whose size was checked.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  std::string_view Text(size_t count) {
    const std::string_view text = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return text;
  }
  Digest ReadDigest() {
    Digest digest;
    std::memcpy(digest.data(), Text(digest.size()).data(), digest.size());
    return digest;
  }
  template <typename T>
  T Number() {
    const std::string_view text = Text(sizeof(T));
    T value = 0;
    for (size_t i = 0; i < sizeof value; ++i) {
      value |= static_cast<T>(static_cast<T>(static_cast<unsigned char>(text[i])) << (8 * i));
    }
    return value;
  }

 private:
  std::string_view bytes_;
};

Status NoMessage(std::string_view what) {
  return Corruption(StrCat("[group] what came is no ", what,
                           ": another program, or another version, is on the other end"));
}

std::string Claims(const Challenge& challenge, const Hello& hello) {
  std::string out = StrCat(TextOf(challenge.nonce), TextOf(hello.nonce));
  AppendNumber(out, hello.rank);
  AppendNumber(out, hello.size);
  return out.append(TextOf(hello.fingerprint));
}

}  // namespace

Digest Hmac(std::string_view secret, std::string_view text) {
  Digest digest;
  unsigned length = 0;
  PANO_CHECK(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
                  reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                  reinterpret_cast<unsigned char*>(digest.data()), &length) != nullptr &&
             length == digest.size());
  return digest;
}

bool SameDigest(const Digest& a, const Digest& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Digest FreshNonce() {
  Digest nonce;
  PANO_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(nonce.data()),
                        static_cast<int>(nonce.size())) == 1);
  return nonce;
}

Digest DigestOf(std::string_view text) {
  Digest digest;
  unsigned length = 0;
  PANO_CHECK(EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()),
                        &length, EVP_sha256(), nullptr) == 1);
  return digest;
}

std::string Encode(const Challenge& message) {
  return StrCat(kChallengeMagic, TextOf(message.nonce));
}

std::string Encode(const Hello& message) {
  std::string out = StrCat(kHelloMagic, TextOf(message.nonce));
  AppendNumber(out, message.rank);
  AppendNumber(out, message.size);
  return StrCat(out, TextOf(message.fingerprint), TextOf(message.proof));
}

std::string Encode(const Welcome& message) {
  std::string out = StrCat(kWelcomeMagic, TextOf(message.proof));
  const std::string_view text =
      std::string_view(message.refusal).substr(0, kRefusalBytesMax);
  AppendNumber(out, static_cast<uint32_t>(text.size()));
  return out.append(text);
}

Result<Challenge> DecodeChallenge(std::string_view bytes) {
  if (bytes.size() != kChallengeBytes) return NoMessage("challenge");
  Reader reader(bytes);
  if (reader.Text(kChallengeMagic.size()) != kChallengeMagic) return NoMessage("challenge");
  return Challenge{reader.ReadDigest()};
}

Result<Hello> DecodeHello(std::string_view bytes) {
  if (bytes.size() != kHelloBytes) return NoMessage("hello");
  Reader reader(bytes);
  if (reader.Text(kHelloMagic.size()) != kHelloMagic) return NoMessage("hello");
  Hello hello;
  hello.nonce = reader.ReadDigest();
  hello.rank = reader.Number<uint32_t>();
  hello.size = reader.Number<uint32_t>();
  hello.fingerprint = reader.ReadDigest();
  hello.proof = reader.ReadDigest();
  return hello;
}

Result<Welcome> DecodeWelcomeHead(std::string_view head, uint32_t* refusal_bytes) {
  if (head.size() != kWelcomeHeadBytes) return NoMessage("welcome");
  Reader reader(head);
  if (reader.Text(kWelcomeMagic.size()) != kWelcomeMagic) return NoMessage("welcome");
  Welcome welcome;
  welcome.proof = reader.ReadDigest();
  *refusal_bytes = reader.Number<uint32_t>();
  if (*refusal_bytes > kRefusalBytesMax) return NoMessage("welcome");
  return welcome;
}

Digest HelloProof(std::string_view secret, const Challenge& challenge, const Hello& hello) {
  return Hmac(secret, StrCat("member", Claims(challenge, hello)));
}

Digest WelcomeProof(std::string_view secret, const Challenge& challenge, const Hello& hello) {
  return Hmac(secret, StrCat("hub", Claims(challenge, hello)));
}

std::string Encode(const FrameHead& head) {
  std::string out;
  AppendNumber(out, kFrameMagic);
  AppendNumber(out, static_cast<uint32_t>(head.kind));
  AppendNumber(out, head.sequence);
  AppendNumber(out, head.count);
  return out;
}

Result<FrameHead> DecodeFrameHead(std::string_view bytes) {
  if (bytes.size() != kFrameHeadBytes) return NoMessage("frame");
  Reader reader(bytes);
  if (reader.Number<uint32_t>() != kFrameMagic) return NoMessage("frame");
  FrameHead head;
  const auto kind = reader.Number<uint32_t>();
  if (kind < 1 || kind > static_cast<uint32_t>(FrameHead::Kind::kAbort)) return NoMessage("frame");
  head.kind = static_cast<FrameHead::Kind>(kind);
  head.sequence = reader.Number<uint32_t>();
  head.count = reader.Number<uint64_t>();
  if (head.kind == FrameHead::Kind::kAbort && head.count > kAbortBytesMax) {
    return NoMessage("frame");
  }
  return head;
}

}  // namespace pano::train
