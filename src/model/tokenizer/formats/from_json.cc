#include "base/strings.h"
#include "model/tokenizer/formats/json_models.h"
#include "model/tokenizer/formats/listed_tokens.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/pipeline.h"
#include "model/tokenizer/text/field.h"

namespace pano::tokenizer {
namespace {

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

}  // namespace

Result<TokenizerPtr> TokenizerFromJson(std::string_view tokenizer_json,
                                       const json::Value& tokenizer_config) {
  PANO_ASSIGN_OR_RETURN(json::Value value, json::Parse(tokenizer_json, {.allow_nan = true}));
  PANO_RETURN_IF_ERROR(AddListedTokens(tokenizer_config, value));
  const Field root(value, "");
  if (!value.is_object()) return Corruption(StrCat("expected an object, found ", value.kind()));
  PipelineParts parts;
  parts.vocabulary = std::make_unique<Vocabulary>();
  const Field model = root.At("model");
  PANO_RETURN_IF_ERROR(model.IsObject());
  PANO_ASSIGN_OR_RETURN(parts.model, MakeModel(model, *parts.vocabulary));
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
