#include "model/tokenizer/formats/lowercased.h"

#include <utility>

#include "base/env.h"
#include "base/json.h"
#include "base/path_exists.h"
#include "base/strings.h"
#include "base/utf8.h"
#include "model/tokenizer/normalize/character_normalizers.h"

namespace pano::tokenizer {
namespace {

constexpr size_t kConfigBytesMax = 1 << 20;
constexpr size_t kTextBytesMax = 1ull << 30;

class LowercasedTokenizer final : public Tokenizer {
 public:
  explicit LowercasedTokenizer(TokenizerPtr inner) : inner_(std::move(inner)) {}

  Result<std::vector<TokenId>> Encode(std::string_view text,
                                      const EncodeOptions& options) const override {
    PANO_ASSIGN_OR_RETURN(const Encoding encoding, EncodePair(text, std::nullopt, options));
    return encoding.ids;
  }
  // Lengths change, so where a part of the text is plain all of it is.
  Result<Encoding> EncodePair(std::string_view text, std::optional<std::string_view> second,
                              const EncodeOptions& options) const override {
    PANO_ASSIGN_OR_RETURN(const std::string lower, Lower(text));
    PANO_ASSIGN_OR_RETURN(const std::string lower_second, Lower(second.value_or("")));
    const ByteRange all{0, lower.size()};
    EncodeOptions inside = options;
    if (!options.plain.empty()) inside.plain = {&all, 1};
    if (!second) return inner_->EncodePair(lower, std::nullopt, inside);
    return inner_->EncodePair(lower, lower_second, inside);
  }
  Result<std::string> Decode(std::span<const TokenId> ids, bool skip_special) const override {
    return inner_->Decode(ids, skip_special);
  }
  std::unique_ptr<StreamDecoder> Stream(bool skip_special) const override {
    return inner_->Stream(skip_special);
  }
  int32_t vocab_size() const override { return inner_->vocab_size(); }
  std::string_view Piece(TokenId id) const override { return inner_->Piece(id); }
  std::string Bytes(TokenId id) const override { return inner_->Bytes(id); }
  bool IsSpecial(TokenId id) const override { return inner_->IsSpecial(id); }
  std::optional<TokenId> Find(std::string_view piece) const override { return inner_->Find(piece); }
  std::optional<TokenId> bos() const override { return inner_->bos(); }
  std::optional<TokenId> eos() const override { return inner_->eos(); }
  bool adds_special_tokens_by_default() const override {
    return inner_->adds_special_tokens_by_default();
  }
  bool parses_special_by_default() const override { return inner_->parses_special_by_default(); }

 private:
  static Result<std::string> Lower(std::string_view text) {
    if (text.size() > kTextBytesMax) {
      return InvalidArgument(StrCat("[tokenizer] a text of ", text.size(), " bytes is too long"));
    }
    static const NormalizerPtr lower = LowercaseNormalizer();
    std::string out = Utf8Valid(text) ? std::string(text) : Utf8Sanitize(text);
    PANO_RETURN_IF_ERROR(lower->Apply(out));
    return out;
  }

  const TokenizerPtr inner_;
};

}  // namespace

Result<bool> LowersTexts(const std::string& folder) {
  const std::string path = JoinPath(folder, "sentence_bert_config.json");
  PANO_ASSIGN_OR_RETURN(const bool there, Exists(path));
  PANO_ASSIGN_OR_RETURN(const bool is_sentence_folder, Exists(JoinPath(folder, "modules.json")));
  if (!there || !is_sentence_folder) return false;
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kConfigBytesMax));
  PANO_ASSIGN_OR_RETURN(const json::Value config,
                        json::Parse(text, {.allow_nan = true}).Wrap(path));
  const json::Value* lower = config.Find("do_lower_case");
  if (!lower || lower->is_null()) return false;
  if (!lower->is_bool()) {
    return Corruption(StrCat(path, ": do_lower_case: expected bool, found ", lower->kind()));
  }
  return lower->as_bool();
}

TokenizerPtr Lowercased(TokenizerPtr inner) {
  return std::make_shared<LowercasedTokenizer>(std::move(inner));
}

}  // namespace pano::tokenizer
