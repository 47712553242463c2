#include "model/tokenizer/train/tokenizer_recipe.h"

#include <algorithm>
#include <unordered_set>

#include "base/strings.h"
#include "base/utf8.h"

namespace pano::tokenizer {
namespace {

constexpr size_t kSpecialTokensMax = 65536;
constexpr size_t kSpecialBytesMax = 1024;
constexpr int64_t kPieceCharactersMax = 64;   // of unigram: bounds the lattice's edges at each place

Status Wrong(std::string_view key, std::string_view what) {
  return InvalidArgument(StrCat(key, " ", what)).WithField(std::string(key));
}

std::string_view NameOf(TrainedType type) {
  switch (type) {
    case TrainedType::kByteBpe: return "byte_bpe";
    case TrainedType::kWordPiece: return "wordpiece";
    case TrainedType::kUnigram: return "unigram";
  }
  return "";
}

Status CheckSpecial(const std::vector<std::string>& tokens) {
  if (tokens.size() > kSpecialTokensMax) {
    return Wrong("special", StrCat("lists more than ", kSpecialTokensMax, " tokens"));
  }
  std::unordered_set<std::string_view> seen;
  for (const std::string& token : tokens) {
    if (token.empty() || token.size() > kSpecialBytesMax || !Utf8Valid(token)) {
      return Wrong("special", StrCat("holds '", Printable(token), "', allowed are 1 to ",
                                     kSpecialBytesMax, " bytes of UTF-8"));
    }
    if (!seen.insert(token).second) {
      return Wrong("special", StrCat("lists '", Printable(token), "' twice"));
    }
  }
  return {};
}

// What a key is for, where the type has no use for it.
Status CheckKeysOfType(const TokenizerRecipe& recipe) {
  const auto only = [&](std::string_view key, bool given, bool wanted) -> Status {
    if (!given || wanted) return {};
    return Wrong(key, StrCat("means nothing for type ", NameOf(recipe.type)));
  };
  const bool bytes = recipe.type == TrainedType::kByteBpe;
  const bool unigram = recipe.type == TrainedType::kUnigram;
  PANO_RETURN_IF_ERROR(only("prefix_space", recipe.prefix_space, bytes));
  PANO_RETURN_IF_ERROR(only("split", recipe.qwen2_split, bytes));
  PANO_RETURN_IF_ERROR(only("tie_rule", recipe.tie_rule != TieRule::kIds, bytes));
  PANO_RETURN_IF_ERROR(only("min_frequency", recipe.min_frequency > 1, !unigram));
  PANO_RETURN_IF_ERROR(only("limit_alphabet", recipe.limit_alphabet.has_value(), !unigram));
  if (bytes && !recipe.initial_alphabet.empty()) {
    return Wrong("initial_alphabet", "is true or false for type byte_bpe");
  }
  if (!bytes && !recipe.initial_bytes) {
    return Wrong("initial_alphabet", StrCat("is a list of characters for type ", NameOf(recipe.type)));
  }
  return {};
}

}  // namespace

Result<TrainedType> TrainedTypeOf(std::string_view name) {
  for (TrainedType type : {TrainedType::kByteBpe, TrainedType::kWordPiece, TrainedType::kUnigram}) {
    if (name == NameOf(type)) return type;
  }
  return Wrong("type", StrCat("'", Printable(name), "' is none of byte_bpe, wordpiece, unigram"));
}

Result<TieRule> TieRuleOf(std::string_view name) {
  if (name == "ids" || name == "id") return TieRule::kIds;
  if (name == "lexicographic") return TieRule::kLexicographic;
  return Wrong("tie_rule", StrCat("'", Printable(name), "' is neither ids nor lexicographic"));
}

Status CheckTokenizerRecipe(const TokenizerRecipe& recipe) {
  if (recipe.vocab < 1 || recipe.vocab > kTrainedVocabMax) {
    return Wrong("vocab", StrCat("is ", recipe.vocab, ", allowed are 1 to ", kTrainedVocabMax));
  }
  if (recipe.special) PANO_RETURN_IF_ERROR(CheckSpecial(*recipe.special));
  PANO_RETURN_IF_ERROR(CheckKeysOfType(recipe));
  if (recipe.min_frequency < 0) return Wrong("min_frequency", "is negative");
  if (recipe.limit_alphabet && *recipe.limit_alphabet < 1) {
    return Wrong("limit_alphabet", "must be at least 1");
  }
  if (recipe.max_token_length && *recipe.max_token_length < 1) {
    return Wrong("max_token_length", "must be at least 1");
  }
  if (recipe.type == TrainedType::kUnigram &&
      recipe.max_token_length.value_or(1) > kPieceCharactersMax) {
    return Wrong("max_token_length",
                 StrCat("is ", *recipe.max_token_length, ", allowed are 1 to ", kPieceCharactersMax,
                        " for type unigram"));
  }
  for (const std::string& character : recipe.initial_alphabet) {
    if (character.empty() || Utf8Length(character) != character.size()) {
      return Wrong("initial_alphabet", StrCat("holds '", Printable(character), "', not one character"));
    }
  }
  const size_t fixed = SpecialTokens(recipe).size() +
                       (recipe.type == TrainedType::kByteBpe && recipe.initial_bytes &&
                                !recipe.limit_alphabet
                            ? 256
                            : 0);
  if (static_cast<size_t>(recipe.vocab) < fixed) {
    return Wrong("vocab", StrCat("is ", recipe.vocab, ", which cannot hold the special tokens and the "
                                 "alphabet: at least ", fixed));
  }
  return {};
}

std::vector<std::string> SpecialTokens(const TokenizerRecipe& recipe) {
  std::vector<std::string> tokens;
  if (recipe.special) tokens = *recipe.special;
  else if (recipe.type == TrainedType::kWordPiece) tokens = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  const std::string unknown(UnknownToken(recipe.type));
  if (!unknown.empty() && std::find(tokens.begin(), tokens.end(), unknown) == tokens.end()) {
    tokens.insert(tokens.begin(), unknown);
  }
  return tokens;
}

std::string_view UnknownToken(TrainedType type) {
  switch (type) {
    case TrainedType::kByteBpe: return "";
    case TrainedType::kWordPiece: return "[UNK]";
    case TrainedType::kUnigram: return "<unk>";
  }
  return "";
}

bool Lowercases(const TokenizerRecipe& recipe) {
  return recipe.lowercase.value_or(recipe.type == TrainedType::kWordPiece);
}

}  // namespace pano::tokenizer
