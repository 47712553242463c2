#include "model/tokenizer/normalize/normalizer.h"

#include <unicode/edits.h>
#include <unicode/normalizer2.h>
#include <unicode/stringoptions.h>
#include <unicode/uniset.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/base64.h"
#include "base/check.h"
#include "base/strings.h"
#include "model/tokenizer/normalize/canonical_order.h"
#include "model/tokenizer/normalize/character_normalizers.h"
#include "model/tokenizer/normalize/precompiled.h"
#include "model/tokenizer/text/byte_level.h"
#include "model/tokenizer/text/regex.h"

namespace pano::tokenizer {
namespace {

constexpr std::string_view kSpaceMark = "\xe2\x96\x81";   // U+2581

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) >= 0; });
}

// NFC, NFD, NFKC, NFKD by ICU, for the characters of Unicode 9.0; the reference knows no newer ones and
// leaves them alone.
class UnicodeForm : public Normalizer {
 public:
  UnicodeForm(const icu::Normalizer2* form, bool compatible)
      : whole_(*form), compatible_(compatible), form_(*form, KnownCharacters()) {}

  Status Apply(std::string& text, Boundaries* boundaries) const override {
    if (IsAscii(text)) return {};
    OrderLongRuns(whole_, compatible_, KnownCharacters(), text, boundaries);
    UErrorCode error = U_ZERO_ERROR;
    std::string out;
    icu::StringByteSink<std::string> sink(&out, static_cast<int32_t>(text.size()));
    icu::Edits edits;
    form_.normalizeUTF8(0, icu::StringPiece(text.data(), static_cast<int32_t>(text.size())), sink,
                        boundaries != nullptr ? &edits : nullptr, error);
    if (U_FAILURE(error)) return Internal(StrCat("[tokenizer] ICU: ", u_errorName(error)));
    if (boundaries != nullptr) PANO_RETURN_IF_ERROR(Move(edits, out.size(), *boundaries));
    text = std::move(out);
    return {};
  }

 private:
  static Status Move(const icu::Edits& edits, size_t out_size, Boundaries& boundaries) {
    UErrorCode error = U_ZERO_ERROR;
    BoundaryMover mover(&boundaries);
    icu::Edits::Iterator spans = edits.getFineIterator();
    while (spans.next(error)) {
      const auto in_end = static_cast<size_t>(spans.sourceIndex() + spans.oldLength());
      const auto out_begin = static_cast<size_t>(spans.destinationIndex());
      const auto out_end = out_begin + static_cast<size_t>(spans.newLength());
      if (spans.hasChange()) {
        mover.Replaced(in_end, out_begin, out_end);
      } else {
        mover.Copied(in_end, out_begin);
      }
    }
    if (U_FAILURE(error)) return Internal(StrCat("[tokenizer] ICU: ", u_errorName(error)));
    mover.Finish(out_size);
    return {};
  }

  static const icu::UnicodeSet& KnownCharacters() {
    static const icu::UnicodeSet known = [] {
      UErrorCode error = U_ZERO_ERROR;
      icu::UnicodeSet set(icu::UnicodeString("[[:age=9.0:]]"), error);
      PANO_CHECK(!U_FAILURE(error));
      set.freeze();
      return set;
    }();
    return known;
  }

  const icu::Normalizer2& whole_;
  const bool compatible_;
  const icu::FilteredNormalizer2 form_;
};

// Replaces what a pattern matches by a fixed text.
class Replace : public Normalizer {
 public:
  Replace(RegexPtr regex, std::string content) : regex_(std::move(regex)), content_(std::move(content)) {}

  Status Apply(std::string& text, Boundaries* boundaries) const override {
    Regex::Matcher matcher(*regex_);
    std::vector<Match> parts;
    PANO_RETURN_IF_ERROR(matcher.FindAll(text, parts));
    std::string out;
    BoundaryMover mover(boundaries);
    for (const Match& part : parts) {
      const size_t begin = out.size();
      if (part.matched) {
        out += content_;
        mover.Replaced(part.end, begin, out.size());
      } else {
        out.append(text, part.begin, part.end - part.begin);
        mover.Copied(part.end, begin);
      }
    }
    mover.Finish(out.size());
    text = std::move(out);
    return {};
  }

 private:
  const RegexPtr regex_;
  const std::string content_;
};

class ReplaceText : public Normalizer {
 public:
  ReplaceText(std::string from, std::string to) : from_(std::move(from)), to_(std::move(to)) {}

  Status Apply(std::string& text, Boundaries* boundaries) const override {
    std::string out;
    size_t done = 0;
    BoundaryMover mover(boundaries);
    for (size_t at = text.find(from_); at != std::string::npos; at = text.find(from_, done)) {
      mover.Copied(at, out.size());
      out.append(text, done, at - done);
      const size_t begin = out.size();
      out += to_;
      done = at + from_.size();
      mover.Replaced(done, begin, out.size());
    }
    mover.Copied(text.size(), out.size());
    out.append(text, done, std::string::npos);
    mover.Finish(out.size());
    text = std::move(out);
    return {};
  }

 private:
  const std::string from_;
  const std::string to_;
};

class Prepend : public Normalizer {
 public:
  explicit Prepend(std::string prefix) : prefix_(std::move(prefix)) {}
  Status Apply(std::string& text, Boundaries* boundaries) const override {
    if (text.empty()) return {};
    text.insert(0, prefix_);
    // A range that begins with the text takes the prefix in.
    for (size_t i = 0; boundaries != nullptr && i < boundaries->size(); ++i) {
      if ((*boundaries)[i] > 0) (*boundaries)[i] += prefix_.size();
    }
    return {};
  }

 private:
  const std::string prefix_;
};

class ByteLevelForm : public Normalizer {
 public:
  Status Apply(std::string& text, Boundaries* boundaries) const override {
    std::string out;
    if (boundaries == nullptr) {
      AppendByteLevel(out, text);
    } else {
      size_t done = 0;
      for (size_t& place : *boundaries) {
        AppendByteLevel(out, std::string_view(text).substr(done, place - done));
        done = place;
        place = out.size();
      }
      AppendByteLevel(out, std::string_view(text).substr(done));
    }
    text = std::move(out);
    return {};
  }
};

class NormalizerSequence : public Normalizer {
 public:
  explicit NormalizerSequence(std::vector<NormalizerPtr> steps) : steps_(std::move(steps)) {}

  Status Apply(std::string& text, Boundaries* boundaries) const override {
    // No honest normaliser makes a text this much longer; a chain of replacements could explode.
    const size_t bytes_max = text.size() * 64 + (1 << 16);
    for (const NormalizerPtr& step : steps_) {
      PANO_RETURN_IF_ERROR(step->Apply(text, boundaries));
      if (text.size() > bytes_max) {
        return Status(StatusCode::kExhausted, "[tokenizer] the normalised text is too long");
      }
    }
    return {};
  }

 private:
  const std::vector<NormalizerPtr> steps_;
};

NormalizerPtr Form(std::string_view name) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* form = nullptr;
  if (name == "NFC") form = icu::Normalizer2::getNFCInstance(error);
  if (name == "NFD") form = icu::Normalizer2::getNFDInstance(error);
  if (name == "NFKC") form = icu::Normalizer2::getNFKCInstance(error);
  if (name == "NFKD") form = icu::Normalizer2::getNFKDInstance(error);
  if (U_FAILURE(error) || !form) return nullptr;
  return std::make_shared<UnicodeForm>(form, /*compatible=*/name[2] == 'K');
}

Result<NormalizerPtr> MakePrecompiled(const Field& field) {
  const Field charsmap = field.At("precompiled_charsmap");
  if (charsmap.value().is_null()) return NormalizerPtr();
  PANO_ASSIGN_OR_RETURN(const std::string text, charsmap.String());
  if (text.empty()) return NormalizerPtr();
  const std::optional<std::string> bytes = FromBase64(text);
  if (!bytes) return charsmap.Wrong("no base64");
  PANO_ASSIGN_OR_RETURN(CharsmapPtr rules, Charsmap::Parse(*bytes).Wrap(charsmap.path()));
  return PrecompiledNormalizer(std::move(rules));
}

// The replacement may be longer than what it replaces, but not by so much that a text explodes.
constexpr size_t kContentBytesMax = 64;
constexpr size_t kStepsMax = 64;

Result<NormalizerPtr> MakeReplace(const Field& field) {
  PANO_ASSIGN_OR_RETURN(std::string content, field.At("content").String());
  if (content.size() > kContentBytesMax) return field.Unsupported("a replacement of this length");
  const Field pattern = field.At("pattern");
  if (pattern.Has("String")) {
    PANO_ASSIGN_OR_RETURN(std::string from, pattern.At("String").String());
    if (from.empty()) return pattern.Unsupported("an empty pattern");
    return NormalizerPtr(std::make_shared<ReplaceText>(std::move(from), std::move(content)));
  }
  PANO_ASSIGN_OR_RETURN(const std::string text, pattern.At("Regex").String());
  PANO_ASSIGN_OR_RETURN(RegexPtr regex, Regex::Compile(text).Wrap(pattern.path()));
  return NormalizerPtr(std::make_shared<Replace>(std::move(regex), std::move(content)));
}

Result<NormalizerPtr> MakeStrip(const Field& field) {
  PANO_ASSIGN_OR_RETURN(const bool left, field.At("strip_left").Bool());
  PANO_ASSIGN_OR_RETURN(const bool right, field.At("strip_right").Bool());
  return StripNormalizer(left, right);
}

// The steps of a sequence, those of sequences inside it in place.
Status AppendSteps(const Field& field, std::vector<NormalizerPtr>& steps) {
  PANO_ASSIGN_OR_RETURN(const std::vector<Field> elements, field.At("normalizers").Elements());
  for (const Field& element : elements) {
    const json::Value* type = element.value().Find("type");
    if (type != nullptr && *type == json::Value("Sequence")) {
      PANO_RETURN_IF_ERROR(AppendSteps(element, steps));
      continue;
    }
    PANO_ASSIGN_OR_RETURN(NormalizerPtr step, MakeNormalizer(element));
    if (step) steps.push_back(std::move(step));
    if (steps.size() > kStepsMax) return field.Unsupported("a sequence this long");
  }
  return {};
}

}  // namespace

Result<NormalizerPtr> MakeNormalizer(const Field& field) {
  if (field.value().is_null()) return NormalizerPtr();
  PANO_RETURN_IF_ERROR(field.IsObject());
  PANO_ASSIGN_OR_RETURN(const std::string type, field.At("type").String());
  if (NormalizerPtr form = Form(type)) return form;
  if (type == "Sequence") {
    std::vector<NormalizerPtr> steps;
    PANO_RETURN_IF_ERROR(AppendSteps(field, steps));
    return NormalizerPtr(std::make_shared<NormalizerSequence>(std::move(steps)));
  }
  if (type == "BertNormalizer") return MakeBertNormalizer(field);
  if (type == "Precompiled") return MakePrecompiled(field);
  if (type == "Nmt") return NmtNormalizer();
  if (type == "StripAccents") return StripAccentsNormalizer();
  if (type == "Replace") return MakeReplace(field);
  if (type == "Strip") return MakeStrip(field);
  if (type == "Lowercase") return LowercaseNormalizer();
  if (type == "ByteLevel") return NormalizerPtr(std::make_shared<ByteLevelForm>());
  if (type == "Prepend") {
    PANO_ASSIGN_OR_RETURN(std::string prefix, field.At("prepend").String());
    if (prefix.size() > kContentBytesMax) return field.Unsupported("a prefix of this length");
    return NormalizerPtr(std::make_shared<Prepend>(std::move(prefix)));
  }
  return field.Unsupported(StrCat("the normalizer '", Printable(type), "'"));
}

NormalizerPtr NfcNormalizer() { return Form("NFC"); }
NormalizerPtr NfdNormalizer() { return Form("NFD"); }

NormalizerPtr SpaceNormalizer(bool prefix) {
  std::vector<NormalizerPtr> steps;
  if (prefix) steps.push_back(std::make_shared<Prepend>(std::string(kSpaceMark)));
  steps.push_back(std::make_shared<ReplaceText>(" ", std::string(kSpaceMark)));
  return std::make_shared<NormalizerSequence>(std::move(steps));
}

}  // namespace pano::tokenizer
