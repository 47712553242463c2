#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"

namespace pano::tokenizer {

// How a family of byte-level tokenizers splits, as GGUF's "tokenizer.ggml.pre" names it.
struct SplitPatterns {
  std::vector<std::string_view> patterns;   // see ByteLevelPreTokenizer
  bool ignore_merges = false;
  bool add_bos = false;
  bool nfc = false;                         // the family's own tokenizer normalises first
};

// Unimplemented for a name that we do not know: another family's pattern would give wrong ids.
Result<SplitPatterns> FindSplitPatterns(std::string_view name);

}  // namespace pano::tokenizer
