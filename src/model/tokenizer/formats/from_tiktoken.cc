#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/strings.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/models/bpe.h"
#include "model/tokenizer/pipeline.h"
#include "model/tokenizer/split/pre_tokenizer.h"
#include "model/tokenizer/split/split_patterns.h"
#include "model/tokenizer/text/byte_level.h"
#include "model/tokenizer/text/field.h"

namespace pano::tokenizer {
namespace {

// One line of the file for each entry, in any order; ranks are ids.
Status ReadRanks(std::string_view ranks, Vocabulary& vocabulary) {
  size_t number = 0;
  const size_t entries = ranks.size() / 8 + 1;   // a line has at least eight bytes
  while (!ranks.empty()) {
    const size_t end = std::min(ranks.find('\n'), ranks.size());
    const std::string_view line = Trim(ranks.substr(0, end));
    ranks.remove_prefix(std::min(end + 1, ranks.size()));
    ++number;
    if (line.empty()) continue;
    const size_t space = line.find(' ');
    const std::optional<std::string> token =
        space == std::string_view::npos ? std::nullopt : FromBase64(line.substr(0, space));
    const std::optional<int64_t> rank =
        space == std::string_view::npos ? std::nullopt : ParseInt(line.substr(space + 1));
    if (!token || token->empty() || !rank) {
      return Corruption(StrCat("line ", number, ": expected a token in base64 and its rank"));
    }
    std::string piece;
    AppendByteLevel(piece, *token);
    PANO_RETURN_IF_ERROR(vocabulary.Add(piece, *rank, entries).Wrap(StrCat("line ", number)));
  }
  return vocabulary.size() > 0 ? OkStatus() : Corruption("no ranks");
}

Status ReadSpecial(const json::Value& special, PipelineParts& parts) {
  if (special.is_null()) return {};
  const Field field(special, "special");
  PANO_RETURN_IF_ERROR(field.IsObject());
  for (const auto& [content, value] : special.as_object()) {
    PANO_ASSIGN_OR_RETURN(const int64_t id,
                          Field(value, StrCat("special['", Printable(content), "']")).Int(0, kTokenIdMax));
    // The bytes of a special token may also be a token of their own; and the piece of one that could be
    // read as bytes is written in bytes.
    std::string piece = content;
    if (FromByteLevel(content).value_or(content) != content) {
      piece.clear();
      AppendByteLevel(piece, content);
    }
    PANO_RETURN_IF_ERROR(parts.vocabulary->AddAgain(piece, id, parts.vocabulary->entry_count()));
    AddedToken token;
    token.id = static_cast<TokenId>(id);
    token.content = content;
    token.special = true;
    parts.added.push_back(std::move(token));
  }
  return {};
}

// A name stands for its published pattern.
std::string_view PatternOf(std::string_view pattern) {
  if (pattern == "cl100k") return kCl100kPattern;
  if (pattern == "o200k") return kGpt4oPattern;
  return pattern == "qwen" ? kQwen2Pattern : pattern;
}

// The token that usually ends a text.
std::optional<TokenId> EndOfText(const Vocabulary& vocabulary) { return vocabulary.Find("<|endoftext|>"); }

}  // namespace

Result<TokenizerPtr> TokenizerFromTiktoken(std::string_view ranks, std::string_view pattern,
                                           const json::Value& special) {
  PipelineParts parts;
  parts.vocabulary = std::make_unique<Vocabulary>();
  PANO_RETURN_IF_ERROR(ReadRanks(ranks, *parts.vocabulary));
  // Any two neighbours merge whose bytes together are a token, the lowest rank first: that is BPE by
  // scores. A pre-token that is a token is not merged at all.
  std::vector<float> scores;
  for (TokenId id = 0; id < parts.vocabulary->size(); ++id) scores.push_back(-static_cast<float>(id));
  BpeModel::Options options;
  options.ignore_merges = true;
  PANO_ASSIGN_OR_RETURN(parts.model, BpeModel::FromScores(*parts.vocabulary, scores, std::move(options)));
  PANO_RETURN_IF_ERROR(ReadSpecial(special, parts));
  PANO_ASSIGN_OR_RETURN(parts.pre_tokenizer, RankFilePreTokenizer(PatternOf(pattern)));
  parts.decoder = ByteLevelDecoder();
  parts.eos = EndOfText(*parts.vocabulary);
  parts.adds_special_tokens_by_default = false;
  return PipelineTokenizer::Create(std::move(parts));
}

}  // namespace pano::tokenizer
