#include <algorithm>

#include "base/strings.h"
#include "model/tokenizer/bpe.h"
#include "model/tokenizer/field.h"
#include "model/tokenizer/pipeline.h"
#include "model/tokenizer/tokenizer.h"

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
  if (field.Has("unk_token")) {
    PANO_ASSIGN_OR_RETURN(const std::string unknown, field.At("unk_token").String());
    options.unknown = vocabulary.Find(unknown);
    if (!options.unknown) {
      return field.At("unk_token").Wrong(StrCat("'", Printable(unknown), "' is not in the vocabulary"));
    }
  }
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<BpeModel> model,
                        BpeModel::FromMerges(vocabulary, merges, std::move(options))
                            .Wrap(field.At("merges").path()));
  return std::unique_ptr<Model>(std::move(model));
}

Result<std::vector<AddedToken>> ReadAdded(const Field& field, Vocabulary& vocabulary) {
  std::vector<AddedToken> added;
  if (field.value().is_null()) return added;
  PANO_ASSIGN_OR_RETURN(const std::vector<Field> elements, field.Elements());
  for (const Field& element : elements) {
    PANO_RETURN_IF_ERROR(element.IsObject());
    AddedToken token;
    PANO_ASSIGN_OR_RETURN(const int64_t id, element.At("id").Int(0, kTokenIdMax));
    token.id = static_cast<TokenId>(id);
    PANO_ASSIGN_OR_RETURN(token.content, element.At("content").String());
    PANO_ASSIGN_OR_RETURN(token.special, element.BoolOr("special", false));
    PANO_ASSIGN_OR_RETURN(token.single_word, element.BoolOr("single_word", false));
    PANO_ASSIGN_OR_RETURN(token.lstrip, element.BoolOr("lstrip", false));
    PANO_ASSIGN_OR_RETURN(token.rstrip, element.BoolOr("rstrip", false));
    PANO_ASSIGN_OR_RETURN(token.normalized, element.BoolOr("normalized", !token.special));
    PANO_RETURN_IF_ERROR(vocabulary
                             .Add(token.content, id, vocabulary.entry_count() + elements.size())
                             .Wrap(element.path()));
    added.push_back(std::move(token));
  }
  return added;
}

// "bos_token": "<s>" or {"content": "<s>"}; nothing when it is not there or names no entry.
std::optional<TokenId> NamedToken(const json::Value& config, std::string_view key,
                                  const Vocabulary& vocabulary) {
  const json::Value* token = config.Find(key);
  if (token != nullptr && token->is_object()) token = token->Find("content");
  if (token == nullptr || !token->is_string()) return std::nullopt;
  return vocabulary.Find(token->as_string());
}

}  // namespace

Result<TokenizerPtr> TokenizerFromJson(std::string_view tokenizer_json,
                                       const json::Value& tokenizer_config) {
  PANO_ASSIGN_OR_RETURN(const json::Value value, json::Parse(tokenizer_json));
  const Field root(value, "");
  if (!value.is_object()) return Corruption(StrCat("expected an object, found ", value.kind()));
  PipelineParts parts;
  parts.vocabulary = std::make_unique<Vocabulary>();
  const Field model = root.At("model");
  PANO_RETURN_IF_ERROR(model.IsObject());
  PANO_ASSIGN_OR_RETURN(const std::string type, ModelType(model));
  if (type != "BPE") return model.Unsupported(StrCat("the model type '", Printable(type), "'"));
  PANO_ASSIGN_OR_RETURN(parts.model, MakeBpe(model, *parts.vocabulary));
  PANO_ASSIGN_OR_RETURN(parts.added, ReadAdded(root.At("added_tokens"), *parts.vocabulary));
  PANO_ASSIGN_OR_RETURN(parts.normalizer, MakeNormalizer(root.At("normalizer")));
  PANO_ASSIGN_OR_RETURN(parts.pre_tokenizer, MakePreTokenizer(root.At("pre_tokenizer")));
  PANO_ASSIGN_OR_RETURN(parts.post_processor,
                        MakePostProcessor(root.At("post_processor"), parts.vocabulary->size()));
  PANO_ASSIGN_OR_RETURN(parts.decoder, MakeDecoder(root.At("decoder")));
  parts.bos = NamedToken(tokenizer_config, "bos_token", *parts.vocabulary);
  parts.eos = NamedToken(tokenizer_config, "eos_token", *parts.vocabulary);
  return PipelineTokenizer::Create(std::move(parts));
}

}  // namespace pano::tokenizer
