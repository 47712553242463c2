#include "model/train/dataset.h"

#include "base/env.h"
#include "base/shared_folder.h"
#include "base/strings.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/tokenizer.h"
#include "model/train/ngram.h"

namespace pano::train {
namespace {

std::string DataFolder() {
  return JoinPath(SharedFolder(PANO_SOURCE_DIR), "data");
}

Status EncodeAll(const tokenizer::Tokenizer& tokenizer, const Stories& stories,
                 std::vector<TokenSequence>* out, size_t* token_count) {
  tokenizer::EncodeOptions plain;
  plain.add_special_tokens = false;
  plain.parse_special = false;
  for (const std::string& story : stories) {
    PANO_ASSIGN_OR_RETURN(TokenSequence ids, tokenizer.Encode(story, plain));
    *token_count += ids.size();
    out->push_back(std::move(ids));
  }
  return OkStatus();
}

double NgramBitsPerByte(const std::vector<TokenSequence>& train,
                        const std::vector<TokenSequence>& held_out, int order, int32_t symbol_count,
                        size_t bytes) {
  NgramModel model = NgramModel::Train(train, order, symbol_count);
  double bits = 0;
  for (const TokenSequence& sequence : held_out) bits += model.Bits(sequence);
  return bits / static_cast<double>(bytes);
}

}  // namespace

Result<Dataset> LoadDataset(const LmRecipe& recipe, const std::vector<std::string>& paths) {
  PANO_ASSIGN_OR_RETURN(std::string text, LoadText(recipe, DataFolder(), paths));
  Dataset out;
  out.stories = SplitHeldOut(SplitStories(text), recipe.held_out, recipe.seed);
  PANO_ASSIGN_OR_RETURN(out.vocabulary,
                        TrainBpe(out.stories.train, static_cast<size_t>(recipe.vocab_size)));
  PANO_ASSIGN_OR_RETURN(out.tokenizer, tokenizer::TokenizerFromJson(
                                           json::Dump(TokenizerJson(out.vocabulary)),
                                           TokenizerConfigJson(recipe.model.context_length)));
  PANO_RETURN_IF_ERROR(
      EncodeAll(*out.tokenizer, out.stories.train, &out.train, &out.train_token_count));
  PANO_RETURN_IF_ERROR(
      EncodeAll(*out.tokenizer, out.stories.held_out, &out.held_out, &out.held_out_token_count));
  return out;
}

double ByteNgramBitsPerByte(const Dataset& dataset, int order) {
  std::vector<TokenSequence> train, held_out;
  for (const std::string& story : dataset.stories.train) train.push_back(ByteSymbols(story));
  for (const std::string& story : dataset.stories.held_out) held_out.push_back(ByteSymbols(story));
  return NgramBitsPerByte(train, held_out, order, kByteSymbolCount, dataset.stories.held_out_bytes);
}

double TokenNgramBitsPerByte(const Dataset& dataset, int order) {
  auto with_end = [](std::vector<TokenSequence> stories) {
    for (TokenSequence& story : stories) story.push_back(kEndTokenId);
    return stories;
  };
  return NgramBitsPerByte(with_end(dataset.train), with_end(dataset.held_out), order,
                          static_cast<int32_t>(dataset.vocabulary.size()),
                          dataset.stories.held_out_bytes);
}

}  // namespace pano::train
