#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/fwd.h"
#include "base/result.h"
#include "model/nn/fwd.h"
#include "pano/bench/rate.h"

namespace pano::bench {

struct DecoderOptions {
  int64_t prompt_tokens = 128;
  int64_t gen_tokens = 32;           // of a sequence that is decoded alone
  std::vector<size_t> batches = {};  // sequences decoded together
  int64_t batch_prompt = 128;        // what several sequences start from, and generate each
  int64_t batch_gen = 64;
  int64_t batch_piece = 0;           // tokens of one more sequence's prompt in each step of several
  int64_t repetitions = 3;
  uint64_t seed = 1;  // of the prompt's tokens
};

struct PrefillRow {
  int64_t tokens = 0;
  Rate tokens_per_second;
};
struct DecodeRow {
  size_t batch = 0;
  int64_t prompt = 0, generated = 0;  // of each sequence
  int64_t piece = 0;                  // tokens of another prompt in each step
  Rate tokens_per_second;             // generated, of all sequences together
};
struct DecoderRates {
  PrefillRow prefill;
  std::vector<DecodeRow> decode;
};

// Called between the parts, with how much is done and what comes next.
using OnProgress = std::function<void(double share, std::string_view next)>;

// Times a model without an engine around it. InvalidArgument when it does not fit the context,
// Internal when the answers are wrong: sequences that differ though they are equal, or go on
// otherwise in another batch or another repetition.
Result<DecoderRates> MeasureDecoder(nn::Model& model, ComputePool& pool,
                                    const DecoderOptions& options, const OnProgress& progress);

}  // namespace pano::bench
