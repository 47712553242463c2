#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "model/format/fwd.h"
#include "model/tokenizer/fwd.h"

namespace pano::tokenizer {

// Tokenizers from files. All functions are thread-safe; whatever is wrong with the bytes of a file ends
// in a Status that names the field, never in a crash.

// From the text of tokenizer.json; `tokenizer_config` (may be null) names bos and eos.
Result<TokenizerPtr> TokenizerFromJson(std::string_view tokenizer_json,
                                       const json::Value& tokenizer_config);
// From GGUF metadata (tokenizer.ggml.*).
Result<TokenizerPtr> TokenizerFromGguf(const json::Value& metadata);
// From the bytes of a SentencePiece model file (BPE and unigram). It adds a BOS where the model has one,
// else an EOS; "add_bos_token" and "add_eos_token" of `tokenizer_config` (may be null) say otherwise.
Result<TokenizerPtr> TokenizerFromSentencePiece(std::string_view model, const json::Value& tokenizer_config);
// From the text of a .tiktoken file (a token in base64 and its rank on each line). `pattern`: "cl100k",
// "o200k", "qwen" or a regex. `special`: an object token -> id, or null.
Result<TokenizerPtr> TokenizerFromTiktoken(std::string_view ranks, std::string_view pattern,
                                           const json::Value& special);

// What a .tiktoken file does not say itself.
struct LoadOptions {
  std::string pattern;      // empty: by the name of the file (cl100k_base, o200k_base, qwen)
  json::Value special;
};

// From a path: folder (tokenizer.json, else tokenizer.model), tokenizer.json, .gguf, .model, .tiktoken.
// NotFound where a folder has no tokenizer.
Result<TokenizerPtr> LoadTokenizer(const std::string& path, const LoadOptions& options = {});
// Of a model that is open already: GGUF metadata is not read a second time.
Result<TokenizerPtr> LoadTokenizer(const format::ModelFiles& files);

}  // namespace pano::tokenizer
