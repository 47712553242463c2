#include "model/tokenizer/normalize/character_normalizers.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "model/tokenizer/text/unicode_classes.h"

namespace pano::tokenizer {
namespace {

// Gives each character of `text` to `append(c, out)` and puts what that makes in its place.
template <typename Append>
void Rewrite(std::string& text, Boundaries* boundaries, const Append& append) {
  BoundaryMover mover(boundaries);
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  const std::string_view in = text;
  for (size_t pos = 0; pos < in.size();) {
    size_t length = 1;
    char32_t c = static_cast<unsigned char>(in[pos]);
    if (c >= 0x80) {
      length = std::max<size_t>(Utf8Length(in.substr(pos)), 1);
      c = Utf8Decode(in.substr(pos), length);
    }
    const size_t begin = out.size();
    append(c, in.substr(pos, length), out);
    pos += length;
    mover.Replaced(pos, begin, out.size());
  }
  mover.Finish(out.size());
  text = std::move(out);
}

// A normalizer that is one Rewrite.
template <typename Append>
class PerCharacter : public Normalizer {
 public:
  explicit PerCharacter(Append append) : append_(append) {}
  Status Apply(std::string& text, Boundaries* boundaries) const override {
    Rewrite(text, boundaries, append_);
    return {};
  }

 private:
  const Append append_;
};

template <typename Append>
NormalizerPtr MakePerCharacter(Append append) {
  return std::make_shared<PerCharacter<Append>>(append);
}

bool IsNmtDropped(char32_t c) {
  return (c >= 0x1 && c <= 0x8) || c == 0xb || (c >= 0xe && c <= 0x1f) || c == 0x7f || c == 0x8f || c == 0x9f;
}

bool IsNmtSpace(char32_t c) {
  return c == 0x9 || c == 0xa || c == 0xc || c == 0xd || c == 0x1680 || (c >= 0x200b && c <= 0x200f) ||
         c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xfeff || c == 0xfffd;
}

class Bert : public Normalizer {
 public:
  explicit Bert(const BertRules& rules)
      : rules_(rules), decompose_(NfdNormalizer()), lower_(LowercaseNormalizer()) {}

  Status Apply(std::string& text, Boundaries* boundaries) const override {
    if (rules_.clean_text || rules_.space_ideographs) {
      Rewrite(text, boundaries,
              [&](char32_t c, std::string_view bytes, std::string& out) { Clean(c, bytes, out); });
    }
    if (rules_.strip_accents) {
      PANO_RETURN_IF_ERROR(decompose_->Apply(text, boundaries));
      Rewrite(text, boundaries, [](char32_t c, std::string_view bytes, std::string& out) {
        if (!IsBertAccent(c)) out += bytes;
      });
    }
    return rules_.lowercase ? lower_->Apply(text, boundaries) : OkStatus();
  }

 private:
  void Clean(char32_t c, std::string_view bytes, std::string& out) const {
    if (c > 0x20 && c < 0x7f) {
      out += bytes;
    } else if (rules_.clean_text && IsBertControl(c)) {
      return;
    } else if (rules_.clean_text && IsWhiteSpace(c)) {
      out += ' ';
    } else if (rules_.space_ideographs && IsBertIdeograph(c)) {
      out += ' ';
      out += bytes;
      out += ' ';
    } else {
      out += bytes;
    }
  }

  const BertRules rules_;
  const NormalizerPtr decompose_;
  const NormalizerPtr lower_;
};

class Strip : public Normalizer {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}

  Status Apply(std::string& text, Boundaries* boundaries) const override {
    size_t first = std::string::npos;   // of what stays
    size_t last = 0;
    for (size_t pos = 0; pos < text.size();) {
      const std::string_view rest = std::string_view(text).substr(pos);
      const size_t length = std::max<size_t>(Utf8Length(rest), 1);
      if (!IsWhiteSpace(Utf8Decode(rest, length))) {
        first = std::min(first, pos);
        last = pos + length;
      }
      pos += length;
    }
    if (first == std::string::npos) first = left_ ? text.size() : 0;
    if (right_) text.resize(std::max(first, last));
    if (left_) text.erase(0, first);
    for (size_t i = 0; boundaries != nullptr && i < boundaries->size(); ++i) {
      size_t& place = (*boundaries)[i];
      place = std::min(left_ ? place - std::min(place, first) : place, text.size());
    }
    return {};
  }

 private:
  const bool left_;
  const bool right_;
};

}  // namespace

NormalizerPtr BertNormalizer(const BertRules& rules) { return std::make_shared<Bert>(rules); }

Result<NormalizerPtr> MakeBertNormalizer(const Field& field) {
  BertRules rules;
  PANO_ASSIGN_OR_RETURN(rules.clean_text, field.BoolOr("clean_text", true));
  PANO_ASSIGN_OR_RETURN(rules.space_ideographs, field.BoolOr("handle_chinese_chars", true));
  PANO_ASSIGN_OR_RETURN(rules.lowercase, field.BoolOr("lowercase", true));
  PANO_ASSIGN_OR_RETURN(rules.strip_accents, field.BoolOr("strip_accents", rules.lowercase));
  return BertNormalizer(rules);
}

NormalizerPtr LowercaseNormalizer() {
  return MakePerCharacter([](char32_t c, std::string_view, std::string& out) {
    if (c < 0x80) {
      out += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 0x20 : c);
    } else if (c == 0x130) {   // the one character whose lower case is two: i and a dot above
      out += "i\xcc\x87";
    } else {
      Utf8Append(out, static_cast<char32_t>(u_tolower(static_cast<UChar32>(c))));
    }
  });
}

NormalizerPtr StripAccentsNormalizer() {
  return MakePerCharacter([](char32_t c, std::string_view bytes, std::string& out) {
    if (!IsMark(c)) out += bytes;
  });
}

NormalizerPtr NmtNormalizer() {
  return MakePerCharacter([](char32_t c, std::string_view bytes, std::string& out) {
    if (IsNmtSpace(c)) out += ' ';
    else if (!IsNmtDropped(c)) out += bytes;
  });
}

NormalizerPtr StripNormalizer(bool left, bool right) { return std::make_shared<Strip>(left, right); }

}  // namespace pano::tokenizer
