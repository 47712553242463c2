#pragma once

#include "model/tokenizer/normalize/normalizer.h"

namespace pano::tokenizer {

struct BertRules {
  bool clean_text = true;           // control characters go, white space becomes a space
  bool space_ideographs = true;     // a space on both sides of each
  bool strip_accents = true;        // decompose, drop the marks
  bool lowercase = true;
};

// Normalizers that look at one character after the other.

NormalizerPtr BertNormalizer(const BertRules& rules);
// From the "BertNormalizer" of a tokenizer.json.
Result<NormalizerPtr> MakeBertNormalizer(const Field& field);
// Character by character, without regard to context (no final sigma), as the reference does it.
NormalizerPtr LowercaseNormalizer();
// Drops all marks; it does not decompose first.
NormalizerPtr StripAccentsNormalizer();
// What SentencePiece's "nmt" rules do before NFKC: control characters go, other space-likes are spaces.
NormalizerPtr NmtNormalizer();
// Drops white space at the ends.
NormalizerPtr StripNormalizer(bool left, bool right);

}  // namespace pano::tokenizer
