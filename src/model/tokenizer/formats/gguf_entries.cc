#include "model/tokenizer/formats/gguf_entries.h"

#include "model/format/gguf_end_tokens.h"

namespace pano::tokenizer {

Result<GgufEntries> ReadEntries(const GgufKeys& keys) {
  const Field tokens = keys.At("tokens");
  if (!tokens.value().is_array()) return tokens.Wrong("expected array");
  const json::Array& pieces = tokens.value().as_array();
  if (pieces.size() > static_cast<size_t>(kTokenIdMax)) return tokens.Wrong("too many entries");
  GgufEntries entries;
  entries.types.assign(pieces.size(), kNormal);
  entries.usable.assign(pieces.size(), true);
  if (keys.Has("token_type")) {
    PANO_ASSIGN_OR_RETURN(const std::vector<Field> types, keys.At("token_type").Elements());
    if (types.size() != pieces.size()) {
      return keys.At("token_type").Wrong(StrCat(types.size(), " entries for ", pieces.size(), " tokens"));
    }
    for (size_t i = 0; i < types.size(); ++i) {
      PANO_ASSIGN_OR_RETURN(entries.types[i], types[i].Int(0, 6));
      // 0, "undefined", is what old converters wrote for normal ones.
      entries.usable[i] = entries.types[i] == 0 || entries.types[i] == kNormal ||
                          entries.types[i] == kUserDefined || entries.types[i] == kUnused;
    }
  }
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (!pieces[i].is_string()) return tokens.Wrong(StrCat("entry ", i, " is no string"));
    const std::string& piece = pieces[i].as_string();
    if (piece.empty()) continue;
    // What ends an answer is a control token, whatever the converter thought of it: text that spells
    // one must not end anything.
    if (format::IsEndTokenText(piece) && (entries.types[i] == 0 || entries.types[i] == kNormal)) {
      entries.types[i] = kControl;
      entries.usable[i] = false;
    }
    if (const auto other = entries.vocabulary->Find(piece)) {
      if (entries.types[i] != kUnused) {
        return tokens.Wrong(StrCat("'", Printable(piece), "' has two ids, ", *other, " and ", i));
      }
      continue;
    }
    PANO_RETURN_IF_ERROR(entries.vocabulary->Add(piece, static_cast<int64_t>(i), pieces.size())
                             .Wrap(tokens.path()));
  }
  return entries;
}

Result<std::vector<float>> ReadScores(const GgufKeys& keys, size_t count) {
  const Field scores = keys.At("scores");
  PANO_ASSIGN_OR_RETURN(const std::vector<Field> numbers, scores.Elements());
  if (numbers.size() != count) {
    return scores.Wrong(StrCat(numbers.size(), " entries for ", count, " tokens"));
  }
  std::vector<float> values;
  values.reserve(count);
  for (const Field& number : numbers) {
    if (!number.value().is_number()) return number.Wrong("expected number");
    values.push_back(static_cast<float>(number.value().as_double()));
  }
  return values;
}

void AddTokens(const GgufEntries& entries, PipelineParts& parts) {
  for (TokenId id = 0; id < entries.vocabulary->size(); ++id) {
    const int64_t type = entries.types[static_cast<size_t>(id)];
    if (type != kControl && type != kUserDefined && type != kUnknown) continue;
    AddedToken token;
    token.id = id;
    token.content = entries.vocabulary->Piece(id);
    token.special = type != kUserDefined || format::IsEndTokenText(token.content);
    parts.added.push_back(std::move(token));
  }
}

Status ReadSpecialIds(const GgufKeys& keys, bool add_bos, bool add_eos, PipelineParts& parts) {
  const int32_t size = parts.vocabulary->size();
  PANO_ASSIGN_OR_RETURN(parts.bos, keys.Id("bos_token_id", size));
  PANO_ASSIGN_OR_RETURN(parts.eos, keys.Id("eos_token_id", size));
  PANO_ASSIGN_OR_RETURN(add_bos, keys.BoolOr("add_bos_token", add_bos));
  PANO_ASSIGN_OR_RETURN(add_eos, keys.BoolOr("add_eos_token", add_eos));
  parts.post_processor = PostProcessor::Around(add_bos ? parts.bos : std::nullopt,
                                               add_eos ? parts.eos : std::nullopt);
  return {};
}

}  // namespace pano::tokenizer
