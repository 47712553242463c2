#include "app/auth/jose/algorithm.h"

namespace pano::jose {

std::string_view AlgorithmName(Algorithm algorithm) {
  constexpr std::array<std::string_view, kAlgorithms.size()> kNames = {
      "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"};
  return kNames[static_cast<size_t>(algorithm)];
}

std::optional<Algorithm> ParseAlgorithm(std::string_view name) {
  for (Algorithm algorithm : kAlgorithms) {
    if (name == AlgorithmName(algorithm)) return algorithm;
  }
  return std::nullopt;
}

bool Fits(Algorithm algorithm, KeyKind kind) {
  switch (algorithm) {
    case Algorithm::kRs256:
    case Algorithm::kRs384:
    case Algorithm::kRs512:
    case Algorithm::kPs256:
    case Algorithm::kPs384:
    case Algorithm::kPs512:
      return kind == KeyKind::kRsa;
    case Algorithm::kEs256:
      return kind == KeyKind::kP256;
    case Algorithm::kEs384:
      return kind == KeyKind::kP384;
    case Algorithm::kEs512:
      return kind == KeyKind::kP521;
    case Algorithm::kEdDsa:
      return kind == KeyKind::kEd25519 || kind == KeyKind::kEd448;
  }
  return false;
}

}  // namespace pano::jose
