#include "model/tokenizer/decode/decoder.h"

#include <utility>

#include "base/strings.h"
#include "base/utf8.h"
#include "model/tokenizer/decode/decoder_steps.h"
#include "model/tokenizer/normalize/normalizer.h"

namespace pano::tokenizer {
namespace {

constexpr size_t kStepsMax = 64;
constexpr std::string_view kSpaceMark = "\xe2\x96\x81";   // U+2581

// What the steps read so far have made of the pieces.
struct Built {
  std::vector<DecoderStepPtr> steps;
  bool fused = false;        // pieces are chunks of one text
  bool bytes = false;        // pieces may be cut inside a character
};

Status AppendReplace(const Field& field, Built& built) {
  // A match could span two chunks of a fused text, unless it is one character.
  if (built.fused) {
    const Field pattern = field.At("pattern");
    PANO_ASSIGN_OR_RETURN(const std::string text, pattern.At("String").String());
    if (text.empty() || Utf8Length(text) != text.size()) {
      return field.Unsupported("replacing more than one character after Fuse");
    }
  }
  PANO_ASSIGN_OR_RETURN(NormalizerPtr replace, MakeNormalizer(field));
  built.steps.push_back(ReplaceStep(std::move(replace)));
  return {};
}

Status AppendStrip(const Field& field, Built& built) {
  PANO_ASSIGN_OR_RETURN(std::string content, field.At("content").String());
  if (content.empty() || Utf8Length(content) != content.size()) {
    return field.At("content").Wrong("expected one character");
  }
  PANO_ASSIGN_OR_RETURN(const int64_t start, field.At("start").Int(0, 1 << 16));
  PANO_ASSIGN_OR_RETURN(const int64_t stop, field.At("stop").Int(0, 1 << 16));
  built.steps.push_back(StripStep(std::move(content), static_cast<size_t>(start),
                                  static_cast<size_t>(stop), built.fused));
  return {};
}

Status AppendMetaspace(const Field& field, Built& built) {
  if (built.fused) return field.Unsupported("Metaspace after Fuse");
  PANO_ASSIGN_OR_RETURN(std::string mark, field.At("replacement").String());
  if (mark.empty() || Utf8Length(mark) != mark.size()) {
    return field.At("replacement").Wrong("expected one character");
  }
  PANO_ASSIGN_OR_RETURN(const bool prefix, field.BoolOr("add_prefix_space", true));
  PANO_ASSIGN_OR_RETURN(const std::string scheme,
                        field.StringOr("prepend_scheme", prefix ? "always" : "never"));
  built.steps.push_back(MetaspaceStep(std::move(mark), scheme != "never"));
  return {};
}

// BPEDecoder's "</w>", WordPiece's "##": short, not empty.
Result<std::string> Affix(const Field& field) {
  PANO_ASSIGN_OR_RETURN(std::string affix, field.String());
  if (affix.empty() || affix.size() > 64) return field.Unsupported("an affix of this length");
  return affix;
}

Status AppendWordPiece(const Field& field, Built& built) {
  if (built.fused) return field.Unsupported("WordPiece after Fuse");
  PANO_ASSIGN_OR_RETURN(std::string prefix, Affix(field.At("prefix")));
  PANO_ASSIGN_OR_RETURN(const bool cleanup, field.BoolOr("cleanup", true));
  built.steps.push_back(WordPieceStep(std::move(prefix), cleanup));
  return {};
}

Status AppendWordEnd(const Field& field, Built& built) {
  if (built.fused) return field.Unsupported("BPEDecoder after Fuse");
  PANO_ASSIGN_OR_RETURN(std::string suffix, Affix(field.At("suffix")));
  built.steps.push_back(WordEndStep(std::move(suffix)));
  return {};
}

Status Append(const Field& field, Built& built) {
  PANO_RETURN_IF_ERROR(field.IsObject());
  PANO_ASSIGN_OR_RETURN(const std::string type, field.At("type").String());
  if (built.steps.size() >= kStepsMax) return field.Unsupported("a sequence this long");
  if (type == "Sequence") {
    PANO_ASSIGN_OR_RETURN(const std::vector<Field> elements, field.At("decoders").Elements());
    for (const Field& element : elements) PANO_RETURN_IF_ERROR(Append(element, built));
    return {};
  }
  if (type == "Fuse") {
    built.fused = true;
    return {};
  }
  if (built.bytes) return field.Unsupported(StrCat("'", Printable(type), "' after ByteLevel"));
  if (type == "ByteLevel") {
    if (built.fused) return field.Unsupported("ByteLevel after Fuse");
    built.fused = built.bytes = true;
    built.steps.push_back(ByteLevelStep());
    return {};
  }
  if (type == "ByteFallback") {
    if (built.fused) return field.Unsupported("ByteFallback after Fuse");
    built.steps.push_back(ByteFallbackStep());
    return {};
  }
  if (type == "WordPiece") return AppendWordPiece(field, built);
  if (type == "BPEDecoder") return AppendWordEnd(field, built);
  if (type == "Replace") return AppendReplace(field, built);
  if (type == "Strip") return AppendStrip(field, built);
  if (type == "Metaspace") return AppendMetaspace(field, built);
  return field.Unsupported(StrCat("the decoder '", Printable(type), "'"));
}

}  // namespace

Decoder::Run::Run(const Decoder& decoder, bool early) : join_(!decoder.given_) {
  for (const DecoderStepPtr& step : decoder.steps_) stages_.push_back(step->Start(early));
}

void Decoder::Run::Pass(size_t stage, std::vector<std::string> pieces, std::string& text) {
  for (; stage < stages_.size(); ++stage) {
    std::vector<std::string> next;
    for (const std::string& piece : pieces) stages_[stage]->Push(piece, next);
    pieces = std::move(next);
  }
  for (const std::string& piece : pieces) text += piece;
}

void Decoder::Run::Push(std::string_view piece, std::string& text) {
  if (join_) {
    if (!std::exchange(first_, false)) text += ' ';
    text += piece;
    return;
  }
  Pass(0, {std::string(piece)}, text);
}

void Decoder::Run::Flush(std::string& text) {
  for (size_t stage = 0; stage < stages_.size(); ++stage) {
    std::vector<std::string> rest;
    stages_[stage]->Flush(rest);
    Pass(stage + 1, std::move(rest), text);
  }
}

std::string Decoder::Inner(std::string_view piece) const {
  std::string text(piece);
  for (const DecoderStepPtr& step : steps_) text = step->Inner(std::move(text));
  return text;
}

Result<Decoder> MakeDecoder(const Field& field) {
  if (field.value().is_null()) return Decoder();
  Built built;
  PANO_RETURN_IF_ERROR(Append(field, built));
  return Decoder(std::move(built.steps));
}

Decoder ByteLevelDecoder() { return Decoder({ByteLevelStep()}); }

Decoder SentencePieceDecoder(bool strip) {
  json::Value replace;
  replace.Set("type", "Replace");
  replace.Set("pattern", json::Object{{"String", json::Value(kSpaceMark)}});
  replace.Set("content", " ");
  Result<NormalizerPtr> spaces = MakeNormalizer(Field(replace, "decoder"));
  std::vector<DecoderStepPtr> steps = {ReplaceStep(std::move(spaces).value()), ByteFallbackStep()};
  if (strip) steps.push_back(StripStep(" ", 1, 0, /*fused=*/true));
  return Decoder(std::move(steps));
}

}  // namespace pano::tokenizer
