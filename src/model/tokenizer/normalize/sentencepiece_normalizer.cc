#include "model/tokenizer/normalize/sentencepiece_normalizer.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "model/tokenizer/text/piece_trie.h"

namespace pano::tokenizer {
namespace {

constexpr std::string_view kSpaceMark = "\xe2\x96\x81";   // U+2581
constexpr size_t kGrowthMax = 64;

class Rewriter : public Normalizer {
 public:
  Rewriter(SentencePieceRules rules, PieceTrie verbatim)
      : rules_(std::move(rules)),
        verbatim_(std::move(verbatim)),
        space_(rules_.escape_whitespaces ? kSpaceMark : std::string_view(" ")) {}

  Status Apply(std::string& text, Boundaries* boundaries) const override {
    BoundaryMover mover(boundaries);
    std::string_view rest = text;
    if (rules_.remove_extra_whitespaces) {
      for (Part part = Next(rest); part.length > 0 && part.text == " "; part = Next(rest)) {
        rest.remove_prefix(part.length);
      }
    }
    std::string out;
    if (!rest.empty()) {
      const size_t bytes_max = text.size() * kGrowthMax + (1 << 16);
      out.reserve(rest.size() * 3 / 2 + 3);
      if (rules_.add_dummy_prefix && !rules_.whitespace_as_suffix) out += space_;
      bool after_space = rules_.remove_extra_whitespaces;
      while (!rest.empty()) {
        Part part = Next(rest);
        rest.remove_prefix(part.length);
        const size_t begin = out.size();
        while (after_space && part.text.starts_with(' ')) part.text.remove_prefix(1);
        if (!part.text.empty()) {
          Append(part.text, out);
          after_space = part.text.ends_with(' ');
        }
        after_space = after_space && rules_.remove_extra_whitespaces;
        mover.Replaced(text.size() - rest.size(), begin, out.size());
        if (out.size() > bytes_max) {
          return Status(StatusCode::kExhausted, "[tokenizer] the normalised text is too long");
        }
      }
      while (rules_.remove_extra_whitespaces && out.ends_with(space_)) out.resize(out.size() - space_.size());
      if (rules_.add_dummy_prefix && rules_.whitespace_as_suffix) out += space_;
    }
    mover.Finish(out.size());
    for (size_t i = 0; boundaries != nullptr && i < boundaries->size(); ++i) {
      (*boundaries)[i] = std::min((*boundaries)[i], out.size());   // spaces at the end have gone
    }
    text = std::move(out);
    return {};
  }

 private:
  struct Part {
    std::string_view text;    // what comes out
    size_t length = 0;        // of what it stands for
  };

  // What becomes of the beginning of `text`; a length of 0 at its end.
  Part Next(std::string_view text) const {
    size_t length = 0;
    if (!verbatim_.empty()) {
      verbatim_.Prefixes(text, [&](size_t found, int32_t) { length = found; });
      if (length > 0) return {text.substr(0, length), length};
    }
    if (rules_.charsmap) {
      const Charsmap::Rule rule = rules_.charsmap->Longest(text);
      if (rule.length > 0) return {rule.replacement, rule.length};
    }
    length = text.empty() ? 0 : std::max<size_t>(Utf8Length(text), 1);
    return {text.substr(0, length), length};
  }

  void Append(std::string_view part, std::string& out) const {
    for (char c : part) {
      if (c == ' ') out += space_;
      else out += c;
    }
  }

  const SentencePieceRules rules_;
  const PieceTrie verbatim_;
  const std::string_view space_;
};

}  // namespace

Result<NormalizerPtr> SentencePieceNormalizer(SentencePieceRules rules) {
  std::vector<std::pair<std::string_view, int32_t>> pieces;
  for (const std::string& piece : rules.verbatim) pieces.emplace_back(piece, 0);
  PANO_ASSIGN_OR_RETURN(PieceTrie verbatim, PieceTrie::Build(std::move(pieces)));
  return NormalizerPtr(std::make_shared<Rewriter>(std::move(rules), std::move(verbatim)));
}

}  // namespace pano::tokenizer
