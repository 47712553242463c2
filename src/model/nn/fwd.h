#pragma once

#include <cstdint>

namespace pano::nn {

using TokenId = int32_t;

class Decoder;
class Model;
class State;
struct BoundAdapter;
struct LayerConfig;
struct LinearTensor;
struct LoadOptions;
struct ModelConfig;
struct RopeConfig;
struct SequenceSlice;
struct StateLayout;
struct StepPlan;

}  // namespace pano::nn
