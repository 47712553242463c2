#include "model/tokenizer/train/tokenizer_json.h"

#include <utility>

#include "model/tokenizer/split/split_patterns.h"

namespace pano::tokenizer {
namespace {

constexpr int64_t kWordCharactersMax = 100;   // of WordPiece: a longer word is unknown
constexpr std::string_view kWordMark = "\u2581";

json::Value Typed(const char* type) {
  json::Value part;
  part.Set("type", type);
  return part;
}

json::Value ByteLevelJson(bool add_prefix_space, bool use_regex) {
  json::Value part = Typed("ByteLevel");
  part.Set("add_prefix_space", add_prefix_space);
  part.Set("trim_offsets", true);
  part.Set("use_regex", use_regex);
  return part;
}

json::Value MetaspaceJson() {
  json::Value part = Typed("Metaspace");
  part.Set("replacement", kWordMark);
  part.Set("prepend_scheme", "always");
  part.Set("split", true);
  return part;
}

json::Value DecoderJson(const TokenizerRecipe& recipe) {
  switch (recipe.type) {
    case TrainedType::kByteBpe: return ByteLevelJson(true, true);
    case TrainedType::kUnigram: return MetaspaceJson();
    case TrainedType::kWordPiece: break;
  }
  json::Value part = Typed("WordPiece");
  part.Set("prefix", kContinuingPrefix);
  part.Set("cleanup", false);
  return part;
}

json::Value AddedTokensJson(const TokenizerRecipe& recipe) {
  json::Value out = json::Array();
  int64_t id = 0;
  for (const std::string& content : SpecialTokens(recipe)) {
    json::Value token;
    token.Set("id", id++);
    token.Set("content", content);
    for (const char* key : {"single_word", "lstrip", "rstrip", "normalized"}) token.Set(key, false);
    token.Set("special", true);
    out.Append(std::move(token));
  }
  return out;
}

json::Value FileJson(const TokenizerRecipe& recipe, json::Value model) {
  json::Value out;
  out.Set("version", "1.0");
  out.Set("truncation", nullptr);
  out.Set("padding", nullptr);
  out.Set("added_tokens", AddedTokensJson(recipe));
  out.Set("normalizer", NormalizerJson(recipe));
  out.Set("pre_tokenizer", PreTokenizerJson(recipe));
  out.Set("post_processor", nullptr);
  out.Set("decoder", DecoderJson(recipe));
  out.Set("model", std::move(model));
  return out;
}

json::Value VocabJson(const MergedVocabulary& vocabulary) {
  json::Object members;
  int64_t id = 0;
  for (const std::string& token : vocabulary.tokens()) members.emplace_back(token, id++);
  return members;
}

}  // namespace

json::Value NormalizerJson(const TokenizerRecipe& recipe) {
  json::Value steps = json::Array();
  if (recipe.nfc) steps.Append(Typed("NFC"));
  if (recipe.type == TrainedType::kWordPiece) {
    json::Value bert = Typed("BertNormalizer");
    bert.Set("clean_text", true);
    bert.Set("handle_chinese_chars", false);
    bert.Set("strip_accents", nullptr);   // as lowercase
    bert.Set("lowercase", Lowercases(recipe));
    steps.Append(std::move(bert));
  } else if (Lowercases(recipe)) {
    steps.Append(Typed("Lowercase"));
  }
  if (steps.as_array().empty()) return nullptr;
  if (steps.as_array().size() == 1) return steps.as_array()[0];
  json::Value sequence = Typed("Sequence");
  sequence.Set("normalizers", std::move(steps));
  return sequence;
}

json::Value PreTokenizerJson(const TokenizerRecipe& recipe) {
  if (recipe.type == TrainedType::kWordPiece) return Typed("BertPreTokenizer");
  if (recipe.type == TrainedType::kUnigram) return MetaspaceJson();
  if (!recipe.qwen2_split) return ByteLevelJson(recipe.prefix_space, true);
  json::Value pattern, split = Typed("Split"), sequence = Typed("Sequence");
  pattern.Set("Regex", kQwen2Pattern);
  split.Set("pattern", std::move(pattern));
  split.Set("behavior", "Isolated");
  split.Set("invert", false);
  sequence.Set("pretokenizers",
               json::Array{std::move(split), ByteLevelJson(recipe.prefix_space, false)});
  return sequence;
}

json::Value TokenizerFileJson(const TokenizerRecipe& recipe, const MergedVocabulary& vocabulary) {
  if (recipe.type == TrainedType::kWordPiece) {
    json::Value model = Typed("WordPiece");
    model.Set("unk_token", UnknownToken(recipe.type));
    model.Set("continuing_subword_prefix", kContinuingPrefix);
    model.Set("max_input_chars_per_word", kWordCharactersMax);
    model.Set("vocab", VocabJson(vocabulary));
    return FileJson(recipe, std::move(model));
  }
  json::Value model = Typed("BPE");
  for (const char* key :
       {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"}) {
    model.Set(key, nullptr);
  }
  for (const char* key : {"fuse_unk", "byte_fallback", "ignore_merges"}) model.Set(key, false);
  json::Array merges;
  for (const auto& [left, right] : vocabulary.merges()) {
    merges.push_back(json::Array{vocabulary.tokens()[static_cast<size_t>(left)],
                                 vocabulary.tokens()[static_cast<size_t>(right)]});
  }
  model.Set("vocab", VocabJson(vocabulary));
  model.Set("merges", std::move(merges));
  return FileJson(recipe, std::move(model));
}

json::Value TokenizerFileJson(const TokenizerRecipe& recipe, const std::vector<ScoredPiece>& pieces) {
  json::Array vocab;
  int64_t unknown = 0;
  for (const ScoredPiece& piece : pieces) {
    if (piece.text == UnknownToken(recipe.type)) unknown = static_cast<int64_t>(vocab.size());
    vocab.push_back(json::Array{piece.text, piece.score});
  }
  json::Value model = Typed("Unigram");
  model.Set("unk_id", unknown);
  model.Set("vocab", std::move(vocab));
  model.Set("byte_fallback", false);
  return FileJson(recipe, std::move(model));
}

}  // namespace pano::tokenizer
