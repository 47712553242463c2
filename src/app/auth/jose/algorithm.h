#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pano::jose {

// How a JWS is signed (RFC 7518, 3.1; RFC 8037). Public keys only: `none` and HMAC are no algorithms
// here, so nothing can ask for them.
enum class Algorithm : uint8_t { kRs256, kRs384, kRs512, kPs256, kPs384, kPs512, kEs256, kEs384, kEs512, kEdDsa };

inline constexpr std::array kAlgorithms = {
    Algorithm::kRs256, Algorithm::kRs384, Algorithm::kRs512, Algorithm::kPs256, Algorithm::kPs384,
    Algorithm::kPs512, Algorithm::kEs256, Algorithm::kEs384, Algorithm::kEs512, Algorithm::kEdDsa};

// "RS256".
std::string_view AlgorithmName(Algorithm algorithm);
// Names are compared to the letter.
std::optional<Algorithm> ParseAlgorithm(std::string_view name);

// What a key is: the kty of its JWK and, where it has one, its curve.
enum class KeyKind : uint8_t { kRsa, kP256, kP384, kP521, kEd25519, kEd448 };
bool Fits(Algorithm algorithm, KeyKind kind);

}  // namespace pano::jose
