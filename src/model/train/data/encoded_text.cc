#include "model/train/data/encoded_text.h"

#include <algorithm>

#include "base/strings.h"

namespace pano::train {

Result<TextEncoder> TextEncoder::Create(tokenizer::TokenizerPtr tokenizer, int64_t length) {
  PANO_ASSIGN_OR_RETURN(Surroundings surroundings, SurroundingsOf(*tokenizer));
  if (length <= static_cast<int64_t>(surroundings.size())) {
    return InvalidArgument(StrCat("leaves no room beside the ", surroundings.size(), " special tokens of a text"))
        .WithField("data.length");
  }
  tokenizer::EncodeOptions plain;
  plain.add_special_tokens = false;
  PANO_ASSIGN_OR_RETURN(std::vector<int32_t> both, tokenizer->Encode("a", plain));
  PANO_ASSIGN_OR_RETURN(const std::vector<int32_t> spaced, tokenizer->Encode(" a", plain));
  const bool space_matters = both != spaced;
  both.insert(both.end(), both.begin(), both.end());
  const Result<std::string> joined = tokenizer->Decode(both, false);
  const bool joins = space_matters && joined.ok() && *joined == "aa";
  return TextEncoder(std::move(tokenizer), length, std::move(surroundings), joins);
}

Result<Sequence> TextEncoder::Encode(std::string_view text) const {
  tokenizer::EncodeOptions plain;
  plain.add_special_tokens = false;
  plain.parse_special = false;
  Sequence out;
  PANO_ASSIGN_OR_RETURN(std::vector<int32_t> ids, tokenizer_->Encode(text, plain));
  ids.resize(std::min(ids.size(), room()));
  out.input_ids = surroundings_.before;
  out.input_ids.insert(out.input_ids.end(), ids.begin(), ids.end());
  out.input_ids.insert(out.input_ids.end(), surroundings_.behind.begin(), surroundings_.behind.end());
  if (out.input_ids.empty()) return InvalidArgument("a text has no tokens");
  return out;
}

Result<Sequence> TextEncoder::EncodePair(std::string_view text, std::string_view second) const {
  tokenizer::EncodeOptions options;
  options.parse_special = false;
  PANO_ASSIGN_OR_RETURN(tokenizer::Encoding encoding, tokenizer_->EncodePair(text, second, options));
  if (static_cast<int64_t>(encoding.ids.size()) > length_) {
    return InvalidArgument(StrCat("the two texts have ", encoding.ids.size(), " tokens, data.length is ", length_));
  }
  Sequence out;
  out.input_ids = std::move(encoding.ids);
  out.token_type_ids = std::move(encoding.type_ids);
  return out;
}

Result<Sequence> TextEncoder::EncodeWords(const std::vector<std::string>& words,
                                          const std::vector<int32_t>& tags) const {
  tokenizer::EncodeOptions plain;
  plain.add_special_tokens = false;
  plain.parse_special = false;
  Sequence out;
  out.input_ids = surroundings_.before;
  out.labels.assign(out.input_ids.size(), kNoLabel);
  const size_t end = static_cast<size_t>(length_) - surroundings_.behind.size();
  for (size_t w = 0; w < words.size() && out.input_ids.size() < end; ++w) {
    const bool space = w > 0 && space_between_;
    PANO_ASSIGN_OR_RETURN(const std::vector<int32_t> ids,
                          tokenizer_->Encode(space ? StrCat(" ", words[w]) : words[w], plain));
    for (size_t i = 0; i < ids.size() && out.input_ids.size() < end; ++i) {
      out.input_ids.push_back(ids[i]);
      out.labels.push_back(i == 0 && w < tags.size() ? tags[w] : kNoLabel);
    }
  }
  out.input_ids.insert(out.input_ids.end(), surroundings_.behind.begin(), surroundings_.behind.end());
  out.labels.resize(out.input_ids.size(), kNoLabel);
  if (out.input_ids.empty()) return InvalidArgument("the words have no tokens");
  return out;
}

Result<std::string> StringOf(const json::Value& line, std::string_view key) {
  const json::Value* value = line.Find(key);
  if (value == nullptr || !value->is_string()) {
    return InvalidArgument(StrCat("has no \"", key, "\" that is a string"));
  }
  return value->as_string();
}

Result<std::vector<std::string>> StringsOf(const json::Value& line, std::string_view key) {
  const json::Value* value = line.Find(key);
  std::vector<std::string> out;
  if (value != nullptr && value->is_array()) {
    for (const json::Value& entry : value->as_array()) {
      if (!entry.is_string()) break;
      out.push_back(entry.as_string());
    }
    if (out.size() == value->as_array().size()) return out;
  }
  return InvalidArgument(StrCat("has no \"", key, "\" that is a list of strings"));
}

}  // namespace pano::train
