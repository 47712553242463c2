#include "model/tokenizer/post_processor.h"

#include <optional>
#include <string>

#include "base/strings.h"

namespace pano::tokenizer {
namespace {

constexpr size_t kSlotsMax = 64;
constexpr int64_t kTypeIdMax = 1 << 16;

using Slots = PostProcessor::Slots;

// The ids of a template's special token, from its "special_tokens" table.
Status AppendSpecial(const Field& table, const std::string& name, int32_t type_id, int32_t vocab_size,
                     Slots& slots) {
  if (!table.Has(name)) return table.Wrong(StrCat("'", Printable(name), "' is missing"));
  PANO_ASSIGN_OR_RETURN(const std::vector<Field> listed, table.At(name).At("ids").Elements());
  for (const Field& element : listed) {
    PANO_ASSIGN_OR_RETURN(const int64_t id, element.Int(0, vocab_size - 1));
    slots.push_back(PostProcessor::Token(static_cast<TokenId>(id), type_id));
  }
  return {};
}

// The slots of "single" or, where `with_second`, of "pair".
Result<Slots> ReadTemplate(const Field& field, const Field& specials, bool with_second, int32_t vocab_size) {
  Slots slots;
  PANO_ASSIGN_OR_RETURN(const std::vector<Field> pieces, field.Elements());
  for (const Field& piece : pieces) {
    const bool special = piece.Has("SpecialToken");
    const Field inside = piece.At(special ? "SpecialToken" : "Sequence");
    PANO_ASSIGN_OR_RETURN(const std::string name, inside.At("id").String());
    int64_t type_id = 0;
    if (inside.Has("type_id")) {
      PANO_ASSIGN_OR_RETURN(type_id, inside.At("type_id").Int(0, kTypeIdMax));
    }
    const auto type = static_cast<int32_t>(type_id);
    if (special) {
      PANO_RETURN_IF_ERROR(AppendSpecial(specials, name, type, vocab_size, slots));
    } else if (name == "A") {
      slots.push_back(PostProcessor::First(type));
    } else if (name == "B" && with_second) {
      slots.push_back(PostProcessor::Second(type));
    } else {
      return piece.Unsupported(StrCat("the text '", Printable(name), "' in this template"));
    }
    if (slots.size() > kSlotsMax) return field.Unsupported("a template this long");
  }
  return slots;
}

Result<PostProcessor> MakeTemplate(const Field& field, int32_t vocab_size) {
  PostProcessor processor;
  const Field specials = field.At("special_tokens");
  PANO_ASSIGN_OR_RETURN(processor.single, ReadTemplate(field.At("single"), specials, false, vocab_size));
  if (field.Has("pair")) {
    PANO_ASSIGN_OR_RETURN(processor.pair, ReadTemplate(field.At("pair"), specials, true, vocab_size));
  }
  return processor;
}

// [piece, id].
Result<TokenId> ReadNamed(const Field& field, int32_t vocab_size) {
  PANO_ASSIGN_OR_RETURN(const std::vector<Field> pair, field.Elements());
  if (pair.size() != 2) return field.Wrong("expected [piece, id]");
  PANO_ASSIGN_OR_RETURN(const int64_t id, pair[1].Int(0, vocab_size - 1));
  return static_cast<TokenId>(id);
}

// cls text sep, and for pairs text sep (BERT, of type 1) or sep text sep (RoBERTa, all of type 0).
Result<PostProcessor> MakeClsSep(const Field& field, bool roberta, int32_t vocab_size) {
  PANO_ASSIGN_OR_RETURN(const TokenId cls, ReadNamed(field.At("cls"), vocab_size));
  PANO_ASSIGN_OR_RETURN(const TokenId sep, ReadNamed(field.At("sep"), vocab_size));
  using P = PostProcessor;
  P processor;
  processor.single = {P::Token(cls), P::First(), P::Token(sep)};
  processor.pair = processor.single;
  if (roberta) processor.pair.push_back(P::Token(sep));
  processor.pair.push_back(P::Second(roberta ? 0 : 1));
  processor.pair.push_back(P::Token(sep, roberta ? 0 : 1));
  return processor;
}

Result<PostProcessor> MakeSequence(const Field& field, int32_t vocab_size) {
  PANO_ASSIGN_OR_RETURN(const std::vector<Field> elements, field.At("processors").Elements());
  std::optional<PostProcessor> adding;   // the one that is no ByteLevel
  for (const Field& element : elements) {
    const json::Value* type = element.value().Find("type");
    if (type != nullptr && *type == json::Value("ByteLevel")) continue;
    if (adding) return element.Unsupported("a second processor that adds tokens");
    PANO_ASSIGN_OR_RETURN(adding, MakePostProcessor(element, vocab_size));
  }
  return adding.value_or(PostProcessor());
}

}  // namespace

PostProcessor PostProcessor::Around(std::optional<TokenId> before, std::optional<TokenId> after) {
  const auto around = [&](Slot text) {
    Slots slots;
    if (before) slots.push_back(Token(*before, text.type_id));
    slots.push_back(text);
    if (after) slots.push_back(Token(*after, text.type_id));
    return slots;
  };
  PostProcessor processor;
  processor.single = around(First());
  processor.pair = around(First());
  for (const Slot& slot : around(Second())) processor.pair.push_back(slot);
  return processor;
}

Result<PostProcessor> MakePostProcessor(const Field& field, int32_t vocab_size) {
  if (field.value().is_null()) return PostProcessor();
  PANO_RETURN_IF_ERROR(field.IsObject());
  PANO_ASSIGN_OR_RETURN(const std::string type, field.At("type").String());
  if (type == "ByteLevel") return PostProcessor();   // only moves offsets
  if (type == "TemplateProcessing") return MakeTemplate(field, vocab_size);
  if (type == "RobertaProcessing") return MakeClsSep(field, /*roberta=*/true, vocab_size);
  if (type == "BertProcessing") return MakeClsSep(field, /*roberta=*/false, vocab_size);
  if (type == "Sequence") return MakeSequence(field, vocab_size);
  return field.Unsupported(StrCat("the post-processor '", Printable(type), "'"));
}

}  // namespace pano::tokenizer
