#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/tokenizer/normalize/charsmap.h"
#include "model/tokenizer/normalize/normalizer.h"

namespace pano::tokenizer {

// SentencePiece's normaliser (NormalizerSpec of its model file).
struct SentencePieceRules {
  CharsmapPtr charsmap;                      // may be null
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;      // runs of spaces become one, those at both ends none
  bool escape_whitespaces = true;            // a space becomes U+2581
  bool whitespace_as_suffix = false;         // the dummy space is appended, not prepended
  std::vector<std::string> verbatim;         // user-defined pieces: no rule applies inside them
};

Result<NormalizerPtr> SentencePieceNormalizer(SentencePieceRules rules);

}  // namespace pano::tokenizer
