#pragma once

#include <cstdint>
#include <vector>

namespace pano::train {

// The label of what is not learnt from.
inline constexpr int32_t kNoLabel = -100;

// One sequence of tokens. What is said of each token is as long as `input_ids`, or empty. A value.
struct Sequence {
  std::vector<int32_t> input_ids;
  // What the token itself is to be: causal models predict it from those before it. Empty: the ids.
  std::vector<int32_t> labels;
  // From 0; where they do not go on from one token to the next, another text begins, which sees
  // itself alone. Empty: 0, 1, 2, ...
  std::vector<int32_t> position_ids;
  std::vector<uint8_t> attention_mask;   // 0: padding. Empty: all 1
  std::vector<int32_t> token_type_ids;   // empty: all 0
  std::vector<uint8_t> completion_mask;  // 1: of the answer that is judged. Empty: all 1
};

// Labels of one of several heads: one for a text, or one a token.
using HeadLabels = std::vector<int32_t>;

// What a task learns from at once. A value.
struct Row {
  // One sequence; of preference the chosen and the rejected one; of embedding the anchor, the
  // positive and, where there are some, negatives.
  std::vector<Sequence> sequences;
  int32_t label = kNoLabel;         // sequence classification
  std::vector<HeadLabels> heads;  // in the order of Recipe::heads, where it has some
};

}  // namespace pano::train
