#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "model/adapter/adapter.h"

namespace pano::adapter {

// What an adapter does to one linear layer as the inventory lists it: queries, keys and values
// apart where the original fuses them, rows in the order of the base's file.
struct LinearChange {
  Stack stack = Stack::kText;
  uint32_t entry = 0;  // index into BaseModules::entries(stack): the layer's weight
  int64_t out = 0, in = 0;

  // y += scale * B (A x). rank 0: nothing is added.
  int64_t rank = 0;
  double scale = 0;
  std::shared_ptr<const std::vector<float>> a;  // [rank, in]; the parts of a fused layer share it
  std::vector<float> b;                         // [out, rank]

  // Empty where there is none.
  std::vector<float> b_bias;     // [out]: y += scale * b_bias
  std::vector<float> magnitude;  // [out]: DoRA, see ModuleChange
  std::vector<float> weight;     // [out, in]: in place of the base's
  std::vector<float> bias;       // [out]: in place of the base's
};

struct LinearChanges {
  std::vector<LinearChange> linear;
  // What the adapter changes besides: embeddings, norms, heads of encoders.
  std::vector<const ModuleChange*> others;
};

// The changes of `adapter` by entries of its base's inventory. `others` points into the adapter.
LinearChanges ByEntry(const Adapter& adapter);

}  // namespace pano::adapter
