#include "model/tokenizer/train/train_tokenizer.h"

#include "model/tokenizer/train/merged_vocabulary.h"
#include "model/tokenizer/train/tokenizer_json.h"
#include "model/tokenizer/train/unigram_trainer.h"

namespace pano::tokenizer {

Result<TrainedTokenizer> TrainTokenizer(SequenceSource& source, const TokenizerRecipe& recipe,
                                        const TrainTokenizerOptions& options) {
  PANO_RETURN_IF_ERROR(CheckTokenizerRecipe(recipe));
  ComputePool pool(options.threads);
  PANO_ASSIGN_OR_RETURN(const WordCounts words,
                        CountWords(source, NormalizerJson(recipe), PreTokenizerJson(recipe),
                                   options.limits, pool, options.progress));
  if (words.words.empty()) return InvalidArgument("the text has no words to learn from");
  TrainedTokenizer out;
  out.sequences = words.sequences;
  out.bytes = words.bytes;
  out.distinct_words = words.words.size();
  if (recipe.type == TrainedType::kUnigram) {
    PANO_ASSIGN_OR_RETURN(const std::vector<ScoredPiece> pieces,
                          LearnUnigram(words, recipe, pool, options.progress));
    out.vocab_size = static_cast<int64_t>(pieces.size());
    out.file = TokenizerFileJson(recipe, pieces);
    return out;
  }
  const auto learn = recipe.type == TrainedType::kByteBpe ? LearnByteBpe : LearnWordPiece;
  PANO_ASSIGN_OR_RETURN(const MergedVocabulary vocabulary, learn(words, recipe, options.progress));
  out.vocab_size = static_cast<int64_t>(vocabulary.size());
  out.merge_count = static_cast<int64_t>(vocabulary.merges().size());
  out.file = TokenizerFileJson(recipe, vocabulary);
  return out;
}

}  // namespace pano::tokenizer
