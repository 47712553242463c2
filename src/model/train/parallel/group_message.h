#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pano::train {

// The bytes between the members of a group: docs/formats/training-group.md. Numbers are
// little-endian. Everything has a bounded size, which is checked before memory is taken for it.

inline constexpr size_t kNonceBytes = 32, kDigestBytes = 32;
using Digest = std::array<std::byte, kDigestBytes>;  // also nonces

// What a member has to know to come in: the secret of the run. HMAC-SHA-256 (RFC 2104) of `text`.
Digest Hmac(std::string_view secret, std::string_view text);
bool SameDigest(const Digest& a, const Digest& b);  // in constant time
Digest FreshNonce();
Digest DigestOf(std::string_view text);  // SHA-256

// Hub to member, when it has dialled.
struct Challenge {
  Digest nonce{};
};
// Member to hub: who it is, and that it knows the secret.
struct Hello {
  Digest nonce{};
  uint32_t rank = 0;
  uint32_t size = 0;     // members that it was told of
  Digest fingerprint{};  // of what all members must agree about: recipe, data, build
  Digest proof{};        // HMAC over the challenge's nonce and all of the above
};
// Hub to member: come in (empty `refusal`), with the hub's proof that it knows the secret too.
struct Welcome {
  Digest proof{};
  std::string refusal;  // at most kRefusalBytesMax
};
inline constexpr size_t kRefusalBytesMax = 1024;

inline constexpr size_t kChallengeBytes = 8 + kNonceBytes;
inline constexpr size_t kHelloBytes = 8 + kNonceBytes + 4 + 4 + 2 * kDigestBytes;
inline constexpr size_t kWelcomeHeadBytes = 8 + kDigestBytes + 4;

std::string Encode(const Challenge& message);
std::string Encode(const Hello& message);
std::string Encode(const Welcome& message);
// Corruption for bytes that are none; REQUIRES nothing of their size.
Result<Challenge> DecodeChallenge(std::string_view bytes);
Result<Hello> DecodeHello(std::string_view bytes);
// The head says how many bytes of text follow.
Result<Welcome> DecodeWelcomeHead(std::string_view head, uint32_t* refusal_bytes);

Digest HelloProof(std::string_view secret, const Challenge& challenge, const Hello& hello);
Digest WelcomeProof(std::string_view secret, const Challenge& challenge, const Hello& hello);

// In front of what an operation moves. Both ends make the same calls, so each knows what comes; the
// head is there to notice when that is not so.
struct FrameHead {
  enum class Kind : uint32_t { kSum = 1, kGather = 2, kBroadcast = 3, kAbort = 4 };
  Kind kind = Kind::kSum;
  uint32_t sequence = 0;  // of the operation, from 0
  uint64_t count = 0;     // floats; of kAbort the bytes of its text
};
inline constexpr size_t kFrameHeadBytes = 4 + 4 + 4 + 8;
inline constexpr size_t kAbortBytesMax = 4096;

std::string Encode(const FrameHead& head);
Result<FrameHead> DecodeFrameHead(std::string_view bytes);

}  // namespace pano::train
