#pragma once

#include <cstdint>

namespace pano::nn {

using TokenId = int32_t;

class Model;
class State;
struct LayerConfig;
struct LinearTensor;
struct LoadOptions;
struct ModelConfig;
struct RopeConfig;
struct SequenceSlice;
struct StateLayout;
struct StepPlan;

}  // namespace pano::nn
