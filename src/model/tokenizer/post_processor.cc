#include "model/tokenizer/post_processor.h"

#include "base/strings.h"

namespace pano::tokenizer {
namespace {

// The ids of a template's special token, from its "special_tokens" table.
Status AppendSpecial(const Field& table, const std::string& name, int32_t vocab_size,
                     std::vector<TokenId>& ids) {
  if (!table.Has(name)) return table.Wrong(StrCat("'", Printable(name), "' is missing"));
  PANO_ASSIGN_OR_RETURN(const std::vector<Field> listed, table.At(name).At("ids").Elements());
  for (const Field& element : listed) {
    PANO_ASSIGN_OR_RETURN(const int64_t id, element.Int(0, vocab_size - 1));
    ids.push_back(static_cast<TokenId>(id));
  }
  return {};
}

Result<PostProcessor> MakeTemplate(const Field& field, int32_t vocab_size) {
  PostProcessor processor;
  PANO_ASSIGN_OR_RETURN(const std::vector<Field> pieces, field.At("single").Elements());
  bool seen_text = false;
  for (const Field& piece : pieces) {
    if (piece.Has("SpecialToken")) {
      PANO_ASSIGN_OR_RETURN(const std::string name, piece.At("SpecialToken").At("id").String());
      PANO_RETURN_IF_ERROR(AppendSpecial(field.At("special_tokens"), name, vocab_size,
                                         seen_text ? processor.after : processor.before));
      continue;
    }
    PANO_ASSIGN_OR_RETURN(const std::string name, piece.At("Sequence").At("id").String());
    if (name != "A" || seen_text) return piece.Unsupported("a template with another text than one A");
    seen_text = true;
  }
  if (!seen_text) return field.At("single").Unsupported("a template without the text");
  return processor;
}

// RobertaProcessing and BertProcessing: cls text sep, each given as [piece, id].
Result<PostProcessor> MakeClsSep(const Field& field, int32_t vocab_size) {
  PostProcessor processor;
  for (const auto& [key, ids] : {std::pair("cls", &processor.before), std::pair("sep", &processor.after)}) {
    PANO_ASSIGN_OR_RETURN(const std::vector<Field> pair, field.At(key).Elements());
    if (pair.size() != 2) return field.At(key).Wrong("expected [piece, id]");
    PANO_ASSIGN_OR_RETURN(const int64_t id, pair[1].Int(0, vocab_size - 1));
    ids->push_back(static_cast<TokenId>(id));
  }
  return processor;
}

}  // namespace

Result<PostProcessor> MakePostProcessor(const Field& field, int32_t vocab_size) {
  if (field.value().is_null()) return PostProcessor();
  PANO_RETURN_IF_ERROR(field.IsObject());
  PANO_ASSIGN_OR_RETURN(const std::string type, field.At("type").String());
  if (type == "ByteLevel") return PostProcessor();   // only moves offsets
  if (type == "TemplateProcessing") return MakeTemplate(field, vocab_size);
  if (type == "RobertaProcessing" || type == "BertProcessing") return MakeClsSep(field, vocab_size);
  if (type == "Sequence") {
    PostProcessor all;
    PANO_ASSIGN_OR_RETURN(const std::vector<Field> elements, field.At("processors").Elements());
    for (const Field& element : elements) {
      PANO_ASSIGN_OR_RETURN(const PostProcessor one, MakePostProcessor(element, vocab_size));
      all.before.insert(all.before.begin(), one.before.begin(), one.before.end());
      all.after.insert(all.after.end(), one.after.begin(), one.after.end());
    }
    return all;
  }
  return field.Unsupported(StrCat("the post-processor '", Printable(type), "'"));
}

}  // namespace pano::tokenizer
