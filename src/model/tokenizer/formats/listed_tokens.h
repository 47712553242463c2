#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/tokenizer/added_tokens.h"
#include "model/tokenizer/models/vocabulary.h"

namespace pano::tokenizer {

// Added tokens that a folder lists beside its tokenizer file. Many folders keep the markers of their
// chats only there; without them a marker in a prompt would be cut into pieces of text.

// tokenizer_config.json of a folder, with what older versions of transformers wrote into files of
// their own where it is silent: special_tokens_map.json (bos_token and the like) and added_tokens.json,
// which becomes "added_tokens_decoder". Null where there is none of the three.
Result<json::Value> ReadTokenizerConfig(const std::string& folder);

// The "added_tokens_decoder" of a tokenizer configuration (may be null) in the order of the ids.
Result<std::vector<AddedToken>> ListedTokens(const json::Value& config);

// What "bos_token" and the like name: "<s>" or {"content": "<s>"}; nothing when it is not there or
// names no entry.
std::optional<TokenId> NamedToken(const json::Value& config, std::string_view key,
                                  const Vocabulary& vocabulary);

// Adds to the "added_tokens" of a parsed tokenizer.json what the configuration lists and the file does
// not: with the id that the vocabulary has for the text, else with the one that the list gives or, where
// that is another piece's, with the next free one. What the configuration names as a special token
// (bos_token, additional_special_tokens, ...) and the vocabulary has becomes one likewise.
Status AddListedTokens(const json::Value& config, json::Value& tokenizer);

}  // namespace pano::tokenizer
