#include "model/tokenizer/formats/json_models.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "model/tokenizer/models/bpe.h"
#include "model/tokenizer/models/unigram.h"
#include "model/tokenizer/models/word_level.h"
#include "model/tokenizer/models/wordpiece.h"

namespace pano::tokenizer {
namespace {

constexpr size_t kEntriesMax = 8 << 20;

Status ReadVocabulary(const Field& field, Vocabulary& vocabulary) {
  PANO_RETURN_IF_ERROR(field.IsObject());
  const json::Object& entries = field.value().as_object();
  if (entries.size() > kEntriesMax) return field.Wrong(StrCat(entries.size(), " entries are too many"));
  for (const auto& [piece, id] : entries) {
    if (!id.is_int()) {
      return field.Wrong(StrCat("'", Printable(piece), "': expected integer, found ", id.kind()));
    }
    PANO_RETURN_IF_ERROR(vocabulary.Add(piece, id.as_int(), entries.size()).Wrap(field.path()));
  }
  return {};
}

// ["a", "b"] or, in older files, "a b".
Result<std::vector<std::pair<std::string, std::string>>> ReadMerges(const Field& field) {
  if (!field.value().is_array()) return field.Wrong(StrCat("expected array, found ", field.value().kind()));
  std::vector<std::pair<std::string, std::string>> merges;
  merges.reserve(field.value().as_array().size());
  for (const json::Value& rule : field.value().as_array()) {
    const std::string where = StrCat("rule ", merges.size());
    if (rule.is_array() && rule.as_array().size() == 2 && rule.as_array()[0].is_string() &&
        rule.as_array()[1].is_string()) {
      merges.emplace_back(rule.as_array()[0].as_string(), rule.as_array()[1].as_string());
      continue;
    }
    if (!rule.is_string()) return field.Wrong(StrCat(where, ": expected two pieces"));
    const std::vector<std::string_view> parts = Split(rule.as_string(), ' ');
    if (parts.size() != 2) return field.Wrong(StrCat(where, ": expected two pieces and one space"));
    merges.emplace_back(parts[0], parts[1]);
  }
  return merges;
}

// Files from before the type was written have only its fields.
Result<std::string> ModelType(const Field& field) {
  if (field.Has("type")) return field.At("type").String();
  if (field.Has("merges")) return std::string("BPE");
  if (field.Has("max_input_chars_per_word")) return std::string("WordPiece");
  if (field.Has("unk_id")) return std::string("Unigram");
  return std::string("WordLevel");
}

// The id of "unk_token"; nothing where none is named.
Result<std::optional<TokenId>> UnknownToken(const Field& field, const Vocabulary& vocabulary) {
  if (!field.Has("unk_token")) return std::optional<TokenId>();
  PANO_ASSIGN_OR_RETURN(const std::string unknown, field.At("unk_token").String());
  const std::optional<TokenId> id = vocabulary.Find(unknown);
  if (!id) return field.At("unk_token").Wrong(StrCat("'", Printable(unknown), "' is not in the vocabulary"));
  return id;
}

Result<std::unique_ptr<Model>> MakeBpe(const Field& field, Vocabulary& vocabulary) {
  if (field.Has("dropout") && field.At("dropout").value() != json::Value(0.0) &&
      field.At("dropout").value() != json::Value(0)) {
    return field.At("dropout").Unsupported("dropout");
  }
  PANO_RETURN_IF_ERROR(ReadVocabulary(field.At("vocab"), vocabulary));
  PANO_ASSIGN_OR_RETURN(auto merges, ReadMerges(field.At("merges")));
  BpeModel::Options options;
  PANO_ASSIGN_OR_RETURN(options.fuse_unknown, field.BoolOr("fuse_unk", false));
  PANO_ASSIGN_OR_RETURN(options.byte_fallback, field.BoolOr("byte_fallback", false));
  PANO_ASSIGN_OR_RETURN(options.ignore_merges, field.BoolOr("ignore_merges", false));
  PANO_ASSIGN_OR_RETURN(options.continuing_prefix, field.StringOr("continuing_subword_prefix", ""));
  PANO_ASSIGN_OR_RETURN(options.end_suffix, field.StringOr("end_of_word_suffix", ""));
  if (options.continuing_prefix.size() + options.end_suffix.size() > 64) {
    return field.Unsupported("a subword prefix or word suffix of this length");
  }
  PANO_ASSIGN_OR_RETURN(options.unknown, UnknownToken(field, vocabulary));
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<BpeModel> model,
                        BpeModel::FromMerges(vocabulary, merges, std::move(options))
                            .Wrap(field.At("merges").path()));
  return std::unique_ptr<Model>(std::move(model));
}

Result<std::unique_ptr<Model>> MakeWordPiece(const Field& field, Vocabulary& vocabulary) {
  PANO_RETURN_IF_ERROR(ReadVocabulary(field.At("vocab"), vocabulary));
  PANO_ASSIGN_OR_RETURN(const std::optional<TokenId> unknown, UnknownToken(field, vocabulary));
  if (!unknown) return field.At("unk_token").Wrong("expected string, found nothing");
  WordPieceModel::Options options;
  options.unknown = *unknown;
  PANO_ASSIGN_OR_RETURN(options.continuing_prefix, field.StringOr("continuing_subword_prefix", "##"));
  if (field.Has("max_input_chars_per_word")) {
    PANO_ASSIGN_OR_RETURN(const int64_t max, field.At("max_input_chars_per_word").Int(0, INT64_MAX));
    options.word_characters_max = static_cast<size_t>(max);
  }
  PANO_ASSIGN_OR_RETURN(auto model, WordPieceModel::Create(vocabulary, std::move(options)).Wrap(field.path()));
  return std::unique_ptr<Model>(std::move(model));
}

Result<std::unique_ptr<Model>> MakeWordLevel(const Field& field, Vocabulary& vocabulary) {
  PANO_RETURN_IF_ERROR(ReadVocabulary(field.At("vocab"), vocabulary));
  if (vocabulary.size() == 0) return field.At("vocab").Wrong("no entries");
  PANO_ASSIGN_OR_RETURN(const std::optional<TokenId> unknown, UnknownToken(field, vocabulary));
  return std::unique_ptr<Model>(std::make_unique<WordLevelModel>(vocabulary, unknown));
}

// The vocabulary is a list of [piece, score]; ids count from 0.
Result<std::unique_ptr<Model>> MakeUnigram(const Field& field, Vocabulary& vocabulary) {
  const Field list = field.At("vocab");
  if (!list.value().is_array()) return list.Wrong(StrCat("expected array, found ", list.value().kind()));
  const json::Array& pairs = list.value().as_array();
  if (pairs.size() > kEntriesMax) return list.Wrong(StrCat(pairs.size(), " entries are too many"));
  std::vector<UnigramModel::Entry> entries;
  entries.reserve(pairs.size());
  for (const json::Value& pair : pairs) {
    const auto id = static_cast<TokenId>(entries.size());
    if (!pair.is_array() || pair.as_array().size() != 2 || !pair.as_array()[0].is_string() ||
        !pair.as_array()[1].is_number()) {
      return list.Wrong(StrCat("entry ", id, ": expected a piece and its score"));
    }
    PANO_RETURN_IF_ERROR(
        vocabulary.Add(pair.as_array()[0].as_string(), id, pairs.size()).Wrap(list.path()));
    entries.push_back({id, pair.as_array()[1].as_double(), false});
  }
  UnigramModel::Options options;
  if (field.Has("unk_id")) {
    PANO_ASSIGN_OR_RETURN(const int64_t unknown,
                          field.At("unk_id").Int(0, static_cast<int64_t>(entries.size()) - 1));
    options.unknown = static_cast<TokenId>(unknown);
  }
  PANO_ASSIGN_OR_RETURN(options.byte_fallback, field.BoolOr("byte_fallback", false));
  PANO_ASSIGN_OR_RETURN(auto model, UnigramModel::Create(vocabulary, entries, options).Wrap(list.path()));
  return std::unique_ptr<Model>(std::move(model));
}

}  // namespace

Result<std::unique_ptr<Model>> MakeModel(const Field& field, Vocabulary& vocabulary) {
  PANO_ASSIGN_OR_RETURN(const std::string type, ModelType(field));
  if (type == "BPE") return MakeBpe(field, vocabulary);
  if (type == "WordPiece") return MakeWordPiece(field, vocabulary);
  if (type == "Unigram") return MakeUnigram(field, vocabulary);
  if (type == "WordLevel") return MakeWordLevel(field, vocabulary);
  return field.Unsupported(StrCat("the model type '", Printable(type), "'"));
}

}  // namespace pano::tokenizer
