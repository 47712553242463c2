#include "pano/bench/decoder_bench.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/random.h"
#include "base/strings.h"
#include "base/threads.h"
#include "pano/bench/sequence_batch.h"

namespace pano::bench {
namespace {

using Tokens = std::vector<nn::TokenId>;

// A sequence alone is decoded behind a short prompt: the figure is about the weights.
constexpr int64_t kPromptAlone = 16;

Status CheckContext(int64_t prompt, int64_t generated, int64_t context, std::string_view names) {
  if (prompt + generated <= context) return {};
  return InvalidArgument(StrCat(names, " together exceed the context of ", context));
}

Result<PrefillRow> MeasurePrefill(nn::Model& model, ComputePool& pool, const Tokens& prompt,
                                  int64_t repetitions) {
  const auto length = static_cast<int64_t>(prompt.size());
  PANO_ASSIGN_OR_RETURN(SequenceBatch batch, SequenceBatch::Create(model, pool, 1, length));
  std::vector<double> rates;
  for (int64_t i = 0; i < repetitions; ++i) {
    PANO_ASSIGN_OR_RETURN(const double seconds, batch.Prefill(prompt));
    rates.push_back(static_cast<double>(length) / seconds);
  }
  return PrefillRow{length, RateOf(std::move(rates))};
}

// Decodes `generated` tokens of every sequence, several times, beside `piece` (may be empty) of
// another prompt. `known` is what this prompt went on with in an earlier call; the longest one is
// kept.
Result<DecodeRow> MeasureDecode(nn::Model& model, ComputePool& pool, const Tokens& prompt,
                                size_t count, int64_t generated, const Tokens& piece,
                                int64_t repetitions, Tokens& known) {
  const auto length = static_cast<int64_t>(prompt.size());
  PANO_ASSIGN_OR_RETURN(SequenceBatch batch,
                        SequenceBatch::Create(model, pool, count, length + generated,
                                              /*guest=*/!piece.empty()));
  PANO_RETURN_IF_ERROR(batch.Prefill(prompt).status());
  std::vector<double> rates;
  for (int64_t i = 0; i < repetitions; ++i) {
    batch.Rewind();
    double sum = 0;
    for (int64_t token = 0; token < generated; ++token) {
      PANO_ASSIGN_OR_RETURN(const double seconds,
                            piece.empty() ? batch.Decode() : batch.DecodeBeside(piece));
      sum += seconds;
    }
    rates.push_back(static_cast<double>(generated) * static_cast<double>(count) / sum);
    const Tokens& now = batch.generated();
    const size_t shared = std::min(now.size(), known.size());
    if (!std::equal(now.begin(), now.begin() + static_cast<std::ptrdiff_t>(shared),
                    known.begin())) {
      return Internal(StrCat("a prompt goes on with other tokens in a batch of ", count));
    }
    if (now.size() > known.size()) known = now;
  }
  return DecodeRow{count, length, generated, static_cast<int64_t>(piece.size()),
                   RateOf(std::move(rates))};
}

}  // namespace

Result<DecoderRates> MeasureDecoder(nn::Model& model, ComputePool& pool, const DecoderOptions& o,
                                    const OnProgress& progress) {
  const int64_t context = model.context_length();
  const bool several = std::ranges::any_of(o.batches, [](size_t count) { return count > 1; });
  PANO_RETURN_IF_ERROR(
      CheckContext(o.prompt_tokens, o.gen_tokens, context, "--prompt-tokens and --gen-tokens"));
  if (several) {
    PANO_RETURN_IF_ERROR(
        CheckContext(o.batch_prompt, o.batch_gen, context, "--batch-prompt and --batch-gen"));
  }
  Random random(o.seed);
  Tokens ids(static_cast<size_t>(std::max({o.prompt_tokens, o.batch_prompt, o.batch_piece})));
  for (nn::TokenId& id : ids) {
    id = static_cast<nn::TokenId>(random.Below(static_cast<uint64_t>(model.vocab_size())));
  }
  auto first = [&](int64_t count) { return Tokens(ids.begin(), ids.begin() + count); };

  DecoderRates rates;
  progress(0, "prefill");
  PANO_ASSIGN_OR_RETURN(rates.prefill,
                        MeasurePrefill(model, pool, first(o.prompt_tokens), o.repetitions));
  std::map<size_t, Tokens> known;  // by the prompt's length
  for (size_t i = 0; i < o.batches.size(); ++i) {
    const size_t count = o.batches[i];
    progress(static_cast<double>(i + 1) / static_cast<double>(o.batches.size() + 1),
             StrCat("decode, batch ", count));
    const Tokens prompt =
        first(count > 1 ? o.batch_prompt : std::min(o.prompt_tokens, kPromptAlone));
    PANO_ASSIGN_OR_RETURN(DecodeRow row, MeasureDecode(model, pool, prompt, count,
                                                       count > 1 ? o.batch_gen : o.gen_tokens,
                                                       first(count > 1 ? o.batch_piece : 0),
                                                       o.repetitions, known[prompt.size()]));
    rates.decode.push_back(row);
  }
  return rates;
}

}  // namespace pano::bench
