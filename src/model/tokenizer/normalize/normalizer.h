#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "model/tokenizer/normalize/boundaries.h"
#include "model/tokenizer/text/field.h"

namespace pano::tokenizer {

// Rewrites a text before it is split, in time linear in it. Immutable, so thread-safe.
class Normalizer {
 public:
  virtual ~Normalizer() = default;
  // `text` is well-formed UTF-8 before and after.
  Status Apply(std::string& text) const { return Apply(text, nullptr); }
  // Moves `boundaries` (null: none) to where the same places of the normalised text are.
  virtual Status Apply(std::string& text, Boundaries* boundaries) const = 0;
};

using NormalizerPtr = std::shared_ptr<const Normalizer>;

// From the "normalizer" of a tokenizer.json; null for null. Unimplemented for a type we do not have.
Result<NormalizerPtr> MakeNormalizer(const Field& field);

NormalizerPtr NfcNormalizer();
NormalizerPtr NfdNormalizer();
// What SentencePiece does: spaces become U+2581, with one in front where `prefix`.
NormalizerPtr SpaceNormalizer(bool prefix);

}  // namespace pano::tokenizer
