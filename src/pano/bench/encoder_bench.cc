#include "pano/bench/encoder_bench.h"

#include <chrono>
#include <utility>

#include "base/random.h"
#include "base/strings.h"

namespace pano::bench {
namespace {

// The answer to one row, whatever the others are.
Status CheckAlike(const encoder::Output& output, const std::vector<float>& alone) {
  for (const std::vector<float>& row : output.rows) {
    if (row != alone) {
      return Internal(StrCat(output.name, " differs between equal rows of batches"));
    }
  }
  return {};
}

}  // namespace

Result<std::vector<EncoderRow>> MeasureEncoder(encoder::Encoder& model, const EncoderOptions& o,
                                               const OnProgress& progress) {
  const encoder::EncoderInfo& info = model.info();
  if (!info.text || info.image || info.decoder) {
    return InvalidArgument("only encoders of texts alone are measured");
  }
  if (o.tokens > info.text->max_length) {
    return InvalidArgument(
        StrCat("--prompt-tokens: the model takes at most ", info.text->max_length));
  }
  encoder::TextRow text;
  Random random(o.seed);
  for (int64_t i = 0; i < o.tokens; ++i) {
    text.ids.push_back(
        static_cast<nn::TokenId>(random.Below(static_cast<uint64_t>(info.text->vocab_size))));
  }
  encoder::EncoderBatch batch;
  // A vector a text is what encoders are asked for most; else whatever comes first.
  batch.outputs = {info.FindOutput("sentence_embedding") ? "sentence_embedding"
                                                         : info.outputs.front().name};
  batch.texts = {text};
  PANO_ASSIGN_OR_RETURN(const std::vector<encoder::Output> one, model.Encode(batch));
  const std::vector<float>& alone = one.front().rows.front();

  std::vector<EncoderRow> rows;
  for (size_t count : o.batches) {
    progress(static_cast<double>(rows.size()) / static_cast<double>(o.batches.size()),
             StrCat("encode, batch ", count));
    batch.texts.assign(count, text);
    PANO_RETURN_IF_ERROR(model.Encode(batch).status());  // the first of a size takes memory
    std::vector<double> rates;
    for (int64_t i = 0; i < o.repetitions; ++i) {
      double seconds = 0, done = 0;
      while (seconds < o.seconds || done == 0) {
        const auto start = std::chrono::steady_clock::now();
        PANO_ASSIGN_OR_RETURN(const std::vector<encoder::Output> outputs, model.Encode(batch));
        seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        done += static_cast<double>(count);
        PANO_RETURN_IF_ERROR(CheckAlike(outputs.front(), alone));
      }
      rates.push_back(done / seconds);
    }
    rows.push_back({count, o.tokens, RateOf(std::move(rates))});
  }
  return rows;
}

}  // namespace pano::bench
