#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "model/tokenizer/fwd.h"

namespace pano::tokenizer::testing {

// Small tokenizers made in code, for tests and benchmarks.

// The tokenizer of a tokenizer.json's text, without a configuration. REQUIRES: it is one.
TokenizerPtr FromJson(std::string_view tokenizer_json);

// The text of a tokenizer.json: byte-level BPE over all 256 bytes (ids 0-255 in the order of the
// bytes), then the pieces that `merges` make; `more` members replace ours.
std::string ByteLevelJson(const std::vector<std::pair<std::string, std::string>>& merges,
                          const std::vector<json::Value>& added_tokens = {},
                          const json::Value& more = json::Object());

// {"id", "content", "special"} with `more` members on top.
json::Value AddedTokenJson(int id, std::string_view content, bool special,
                           const json::Value& more = json::Object());

// GGUF metadata of a SentencePiece-style vocabulary: <unk> <s> </s>, 256 byte tokens, then `pieces`
// with falling scores (-1, -2, ...).
json::Value ScoredGguf(const std::vector<std::string>& pieces);

}  // namespace pano::tokenizer::testing
