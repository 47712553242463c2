#include "model/tokenizer/normalize/precompiled.h"

#include <unicode/brkiter.h>
#include <unicode/utext.h>

#include <algorithm>
#include <memory>

#include "base/strings.h"
#include "base/utf8.h"

namespace pano::tokenizer {
namespace {

constexpr size_t kClusterBytesMax = 5;
constexpr size_t kGrowthMax = 64;

class Precompiled : public Normalizer {
 public:
  explicit Precompiled(CharsmapPtr rules) : rules_(std::move(rules)) {}

  Status Apply(std::string& text, Boundaries* boundaries) const override {
    BoundaryMover mover(boundaries);
    std::string out;
    out.reserve(text.size());
    const size_t bytes_max = text.size() * kGrowthMax + (1 << 16);
    Clusters clusters(text);
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = clusters.EndOf(begin);
      const std::string_view cluster = std::string_view(text).substr(begin, end - begin);
      const size_t out_begin = out.size();
      if (cluster.size() <= kClusterBytesMax && Replace(cluster, out)) {
        mover.Replaced(end, out_begin, out.size());
      } else {
        for (size_t at = 0; at < cluster.size();) {
          const size_t length = std::max<size_t>(Utf8Length(cluster.substr(at)), 1);
          const std::string_view character = cluster.substr(at, length);
          const size_t character_begin = out.size();
          if (!Replace(character, out)) out += character;
          at += length;
          mover.Replaced(begin + at, character_begin, out.size());
        }
      }
      begin = end;
      if (out.size() > bytes_max) {
        return Status(StatusCode::kExhausted, "[tokenizer] the normalised text is too long");
      }
    }
    mover.Finish(out.size());
    text = std::move(out);
    return {};
  }

 private:
  // Extended grapheme clusters (UAX 29) by ICU, Unicode 15.0. Confined to one call.
  class Clusters {
   public:
    explicit Clusters(std::string_view text) : text_(text) {
      UErrorCode error = U_ZERO_ERROR;
      utext_ = utext_openUTF8(nullptr, text.data(), static_cast<int64_t>(text.size()), &error);
      iterator_.reset(icu::BreakIterator::createCharacterInstance(icu::Locale::getRoot(), error));
      if (!U_FAILURE(error)) iterator_->setText(utext_, error);
      if (U_FAILURE(error)) iterator_.reset();   // then each character stands alone
    }
    ~Clusters() { utext_close(utext_); }
    Clusters(const Clusters&) = delete;
    Clusters& operator=(const Clusters&) = delete;

    size_t EndOf(size_t begin) {
      const auto ascii = [&](size_t at) { return at >= text_.size() || static_cast<signed char>(text_[at]) >= 0; };
      // Two ASCII characters belong together only as CR LF.
      if (ascii(begin) && ascii(begin + 1) && text_[begin] != '\r') return begin + 1;
      if (!iterator_) return begin + std::max<size_t>(Utf8Length(text_.substr(begin)), 1);
      const int32_t end = iterator_->following(static_cast<int32_t>(begin));
      return end == icu::BreakIterator::DONE ? text_.size() : static_cast<size_t>(end);
    }

   private:
    const std::string_view text_;
    UText* utext_ = nullptr;
    std::unique_ptr<icu::BreakIterator> iterator_;
  };

  bool Replace(std::string_view part, std::string& out) const {
    const Charsmap::Rule rule = rules_->Shortest(part);
    if (rule.length == 0) return false;
    out += rule.replacement;
    return true;
  }

  const CharsmapPtr rules_;
};

}  // namespace

NormalizerPtr PrecompiledNormalizer(CharsmapPtr rules) {
  return std::make_shared<Precompiled>(std::move(rules));
}

}  // namespace pano::tokenizer
