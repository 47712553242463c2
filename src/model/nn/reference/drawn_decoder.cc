#include "model/nn/reference/drawn_decoder.h"

#include "base/check.h"
#include "base/strings.h"
#include "model/nn/model.h"

namespace pano::reference {
namespace {

constexpr size_t kSequences = 3;

std::vector<nn::TokenId> DrawTokens(Random& random, size_t count, int64_t vocab) {
  std::vector<nn::TokenId> tokens(count);
  for (nn::TokenId& token : tokens) {
    token = static_cast<nn::TokenId>(random.Below(static_cast<uint64_t>(vocab)));
  }
  return tokens;
}

// Routing: see kRoutingMargin.
void DrawSequences(const ModelTensors& tensors, Random& random, DrawnDecoder& out) {
  for (int tries = 0; out.sequences.size() < kSequences; ++tries) {
    PANO_CHECK(tries < 200);
    // Shorter ones where many tokens make a near tie likely.
    const size_t longest = static_cast<size_t>(kContext) >> (tries / 20);
    const size_t count = out.sequences.empty() ? longest : 1 + random.Below(longest);
    std::vector<nn::TokenId> tokens = DrawTokens(random, count, out.model.config.vocab_size);
    Trace trace;
    Matrix logits = DecoderLogits(out.model.config, tensors, tokens, trace);
    if (trace.routing_margin < kRoutingMargin) continue;
    out.sequences.push_back(std::move(tokens));
    out.logits.push_back(std::move(logits));
  }
}

DrawnDecoder Attempt(uint64_t seed) {
  DrawnDecoder out;
  out.model = DrawDecoder(seed);
  std::set<std::string> optional;
  if (out.model.names.rope_factors) {
    optional.insert(StrCat(out.model.names.rope_factors, ".weight"));
  }
  DrawnTensors source(seed, 1.0 - out.model.config.norm_offset, optional);
  const ModelTensors tensors = ReadDecoder(source, out.model.config, out.model.names);
  out.files.path = StrCat("decoder of seed ", seed);
  out.files.weights = source.weights();
  Random random(seed ^ 0x5EC0DE);
  DrawSequences(tensors, random, out);

  PerturbedTensors perturbed(source, seed);
  const ModelTensors rounded = ReadDecoder(perturbed, out.model.config, out.model.names);
  std::vector<Matrix> moved;
  for (const std::vector<nn::TokenId>& tokens : out.sequences) {
    Trace trace;
    moved.push_back(DecoderLogits(out.model.config, rounded, tokens, trace));
  }
  out.bound = BoundOf(Difference(moved, out.logits));
  return out;
}

}  // namespace

DrawnDecoder MakeDecoder(uint64_t seed) {
  constexpr uint64_t kTries = 50;
  for (uint64_t tries = 0; tries < kTries; ++tries) {
    DrawnDecoder out = Attempt(seed + (tries << 32));
    if (out.bound < kF32Bound) return out;
  }
  PANO_CHECK(false);
  return {};
}

std::vector<Matrix> LogitsAs(const DrawnDecoder& drawn, const nn::ModelConfig& config) {
  StoredTensors source(*drawn.files.weights);
  const ModelTensors tensors = ReadDecoder(source, config, drawn.model.names);
  std::vector<Matrix> out;
  Trace trace;
  for (const std::vector<nn::TokenId>& tokens : drawn.sequences) {
    out.push_back(DecoderLogits(config, tensors, tokens, trace));
  }
  return out;
}

}  // namespace pano::reference
