#include "model/tokenizer/split/pre_tokenizer.h"

#include "base/strings.h"
#include "base/utf8.h"
#include "model/tokenizer/split/class_split.h"
#include "model/tokenizer/split/split.h"
#include "model/tokenizer/split/split_patterns.h"
#include "model/tokenizer/text/byte_level.h"

namespace pano::tokenizer {
namespace {

constexpr size_t kStepsMax = 64;

Status Charge(Pieces& pieces, size_t bytes) {
  if (bytes > pieces.bytes_max) {
    return Status(StatusCode::kExhausted, "[tokenizer] splitting makes the text too long");
  }
  pieces.bytes_max -= bytes;
  return {};
}

// Gives every piece that does not begin with `prefix` one in front, where `wanted` says so.
template <typename Wanted>
Status PrependTo(Pieces& pieces, std::string_view prefix, const Wanted& wanted) {
  for (Pieces::Piece& piece : pieces.list) {
    if (!wanted(piece) || piece.text.starts_with(prefix)) continue;
    piece.text = pieces.storage.emplace_back(StrCat(prefix, piece.text));
    PANO_RETURN_IF_ERROR(Charge(pieces, piece.text.size()));
  }
  return {};
}

// Rewrites every piece by `append(out, text)` into one new buffer.
template <typename Append>
Status RewriteAll(Pieces& pieces, const Append& append) {
  std::string& buffer = pieces.storage.emplace_back();
  std::vector<size_t> ends;
  ends.reserve(pieces.list.size());
  for (const Pieces::Piece& piece : pieces.list) {
    append(buffer, piece.text);
    ends.push_back(buffer.size());
  }
  size_t begin = 0;
  for (size_t i = 0; i < ends.size(); ++i) {
    pieces.list[i].text = std::string_view(buffer).substr(begin, ends[i] - begin);
    begin = ends[i];
  }
  return Charge(pieces, buffer.size());
}

// Bytes as characters, with an optional leading space.
class ByteLevel : public PreTokenizer {
 public:
  ByteLevel(bool add_prefix_space, PreTokenizerPtr split)
      : steps_{add_prefix_space, split, split ? split->scanner() : nullptr} {}

  Status Apply(Pieces& pieces) const override {
    if (steps_.add_prefix_space) {
      PANO_RETURN_IF_ERROR(PrependTo(pieces, " ", [](const auto&) { return true; }));
    }
    if (steps_.split) PANO_RETURN_IF_ERROR(steps_.split->Apply(pieces));
    return RewriteAll(pieces,
                      [](std::string& out, std::string_view text) { AppendByteLevel(out, text); });
  }
  const ByteLevelSplit* byte_level() const override { return &steps_; }

 private:
  const ByteLevelSplit steps_;
};

// SentencePiece's spaces: each becomes the mark that its word begins with.
class Metaspace : public PreTokenizer {
 public:
  enum class Scheme { kAlways, kFirst, kNever };

  Metaspace(std::string mark, Scheme scheme, PreTokenizerPtr split)
      : mark_(std::move(mark)), scheme_(scheme), split_(std::move(split)) {}

  Status Apply(Pieces& pieces) const override {
    PANO_RETURN_IF_ERROR(RewriteAll(pieces, [&](std::string& out, std::string_view text) {
      for (char c : text) {
        if (c == ' ') out += mark_;
        else out += c;
      }
    }));
    PANO_RETURN_IF_ERROR(PrependTo(pieces, mark_, [&](const Pieces::Piece& piece) {
      return scheme_ == Scheme::kAlways || (scheme_ == Scheme::kFirst && piece.at_start);
    }));
    return split_ ? split_->Apply(pieces) : OkStatus();
  }

 private:
  const std::string mark_;
  const Scheme scheme_;
  const PreTokenizerPtr split_;   // may be null
};

class PreTokenizerSequence : public PreTokenizer {
 public:
  explicit PreTokenizerSequence(std::vector<PreTokenizerPtr> steps) : steps_(std::move(steps)) {
    std::vector<ScannerPtr> scanners;
    for (const PreTokenizerPtr& step : steps_) {
      scanners.push_back(step->scanner());
      if (!scanners.back()) return;
    }
    scanner_ = ChainScanners(std::move(scanners));
  }
  Status Apply(Pieces& pieces) const override {
    for (const PreTokenizerPtr& step : steps_) PANO_RETURN_IF_ERROR(step->Apply(pieces));
    return {};
  }
  ScannerPtr scanner() const override { return scanner_; }

 private:
  const std::vector<PreTokenizerPtr> steps_;
  ScannerPtr scanner_;   // null where a step has none, or there are no steps
};

// Steps before one that ends byte-level become part of it.
PreTokenizerPtr Sequence(std::vector<PreTokenizerPtr> steps) {
  const ByteLevelSplit* last = steps.empty() ? nullptr : steps.back()->byte_level();
  if (last == nullptr || last->add_prefix_space) {
    return std::make_shared<PreTokenizerSequence>(std::move(steps));
  }
  const PreTokenizerPtr byte_level = std::move(steps.back());
  steps.pop_back();
  if (last->split) steps.push_back(last->split);
  PreTokenizerPtr split = steps.empty() ? nullptr : Sequence(std::move(steps));
  return std::make_shared<ByteLevel>(false, std::move(split));
}

// A split by a pattern, which the regex engine reads where we have no scanner for it.
Result<PreTokenizerPtr> FileSplit(std::string_view pattern,
                                  SplitBehavior behavior = SplitBehavior::kIsolated, bool invert = false) {
  const bool single = pattern == kNumberPattern || pattern == kSignPattern;
  const bool contiguous = behavior == SplitBehavior::kContiguous && single;
  ScannerPtr scanner = FindScanner(contiguous ? StrCat(pattern, "+") : pattern);
  const bool only_matches = behavior == SplitBehavior::kRemoved && invert;
  if (scanner && (contiguous || behavior == SplitBehavior::kIsolated ||
                  (only_matches && scanner->covers()))) {
    return PreTokenizerPtr(std::make_shared<ScannerPreTokenizer>(std::move(scanner)));
  }
  PANO_ASSIGN_OR_RETURN(RegexPtr regex, Regex::Compile(pattern));
  return PreTokenizerPtr(std::make_shared<SplitPreTokenizer>(std::move(regex), behavior, invert));
}

Result<SplitBehavior> BehaviorOf(const Field& field) {
  PANO_ASSIGN_OR_RETURN(const std::string name, field.String());
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  return field.Wrong(StrCat("no such behavior: '", Printable(name), "'"));
}

Result<PreTokenizerPtr> MakeSplit(const Field& field) {
  PANO_ASSIGN_OR_RETURN(const SplitBehavior behavior, BehaviorOf(field.At("behavior")));
  PANO_ASSIGN_OR_RETURN(const bool invert, field.BoolOr("invert", false));
  const Field pattern = field.At("pattern");
  if (pattern.Has("String")) {
    PANO_ASSIGN_OR_RETURN(std::string text, pattern.At("String").String());
    if (text.empty()) return pattern.Unsupported("an empty pattern");
    return PreTokenizerPtr(std::make_shared<TextSplitPreTokenizer>(std::move(text), behavior, invert));
  }
  PANO_ASSIGN_OR_RETURN(const std::string text, pattern.At("Regex").String());
  return FileSplit(text, behavior, invert).Wrap(pattern.path());
}

Result<PreTokenizerPtr> MakeByteLevel(const Field& field) {
  PANO_ASSIGN_OR_RETURN(const bool prefix, field.At("add_prefix_space").Bool());
  PANO_ASSIGN_OR_RETURN(const bool use_regex, field.BoolOr("use_regex", true));
  PreTokenizerPtr split;
  if (use_regex) {
    PANO_ASSIGN_OR_RETURN(split, FileSplit(kGpt2Pattern));
  }
  return PreTokenizerPtr(std::make_shared<ByteLevel>(prefix, std::move(split)));
}

Result<PreTokenizerPtr> MakeMetaspace(const Field& field) {
  PANO_ASSIGN_OR_RETURN(std::string mark, field.At("replacement").String());
  if (mark.empty() || Utf8Length(mark) != mark.size()) {
    return field.At("replacement").Wrong("expected one character");
  }
  PANO_ASSIGN_OR_RETURN(const bool prefix, field.BoolOr("add_prefix_space", true));
  PANO_ASSIGN_OR_RETURN(const std::string name,
                        field.StringOr("prepend_scheme", prefix ? "always" : "never"));
  Metaspace::Scheme scheme = Metaspace::Scheme::kAlways;
  if (name == "first") scheme = Metaspace::Scheme::kFirst;
  else if (name == "never") scheme = Metaspace::Scheme::kNever;
  else if (name != "always") return field.At("prepend_scheme").Unsupported(StrCat("'", Printable(name), "'"));
  if (!prefix && scheme != Metaspace::Scheme::kNever) {
    return field.Wrong("add_prefix_space and prepend_scheme contradict each other");
  }
  PANO_ASSIGN_OR_RETURN(const bool split_words, field.BoolOr("split", true));
  PreTokenizerPtr split;
  if (split_words) {
    split = std::make_shared<TextSplitPreTokenizer>(mark, SplitBehavior::kMergedWithNext, false);
  }
  return PreTokenizerPtr(std::make_shared<Metaspace>(std::move(mark), scheme, std::move(split)));
}

// The steps of a sequence, those of sequences inside it in place.
Status AppendSteps(const Field& field, std::vector<PreTokenizerPtr>& steps) {
  PANO_ASSIGN_OR_RETURN(const std::vector<Field> elements, field.At("pretokenizers").Elements());
  for (const Field& element : elements) {
    const json::Value* type = element.value().Find("type");
    if (type != nullptr && *type == json::Value("Sequence")) {
      PANO_RETURN_IF_ERROR(AppendSteps(element, steps));
      continue;
    }
    PANO_ASSIGN_OR_RETURN(PreTokenizerPtr step, MakePreTokenizer(element));
    if (step) steps.push_back(std::move(step));
    if (steps.size() > kStepsMax) return field.Unsupported("a sequence this long");
  }
  return {};
}

}  // namespace

Result<PreTokenizerPtr> MakePreTokenizer(const Field& field) {
  if (field.value().is_null()) return PreTokenizerPtr();
  PANO_RETURN_IF_ERROR(field.IsObject());
  PANO_ASSIGN_OR_RETURN(const std::string type, field.At("type").String());
  if (type == "Sequence") {
    std::vector<PreTokenizerPtr> steps;
    PANO_RETURN_IF_ERROR(AppendSteps(field, steps));
    return Sequence(std::move(steps));
  }
  if (type == "ByteLevel") return MakeByteLevel(field);
  if (type == "Split") return MakeSplit(field);
  if (type == "Metaspace") return MakeMetaspace(field);
  if (type == "CharDelimiterSplit") {
    PANO_ASSIGN_OR_RETURN(std::string text, field.At("delimiter").String());
    if (text.empty()) return field.Unsupported("an empty delimiter");
    return PreTokenizerPtr(
        std::make_shared<TextSplitPreTokenizer>(std::move(text), SplitBehavior::kRemoved, false));
  }
  if (type == "Punctuation") {
    SplitBehavior behavior = SplitBehavior::kIsolated;
    if (field.Has("behavior")) {
      PANO_ASSIGN_OR_RETURN(behavior, BehaviorOf(field.At("behavior")));
    }
    return PunctuationSplit(behavior);
  }
  PANO_ASSIGN_OR_RETURN(PreTokenizerPtr classes, MakeClassSplit(type, field));
  if (classes) return classes;
  return field.Unsupported(StrCat("the pre-tokenizer '", Printable(type), "'"));
}

Result<PreTokenizerPtr> ByteLevelPreTokenizer(const std::vector<std::string_view>& patterns) {
  std::vector<PreTokenizerPtr> steps;
  for (std::string_view pattern : patterns) {
    PANO_ASSIGN_OR_RETURN(PreTokenizerPtr step, FileSplit(pattern));
    steps.push_back(std::move(step));
  }
  return PreTokenizerPtr(std::make_shared<ByteLevel>(false, Sequence(std::move(steps))));
}

Result<PreTokenizerPtr> RankFilePreTokenizer(std::string_view pattern) {
  PreTokenizerPtr split;
  if (ScannerPtr scanner = FindRankFileScanner(pattern); scanner && scanner->covers()) {
    split = std::make_shared<ScannerPreTokenizer>(std::move(scanner));
  } else {
    PANO_ASSIGN_OR_RETURN(RegexPtr regex, Regex::CompileRust(pattern));
    split = std::make_shared<SplitPreTokenizer>(std::move(regex), SplitBehavior::kRemoved, /*invert=*/true);
  }
  return PreTokenizerPtr(std::make_shared<ByteLevel>(false, std::move(split)));
}

}  // namespace pano::tokenizer
