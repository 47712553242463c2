#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/nn/encoder/encoder.h"
#include "model/nn/model_config.h"
#include "model/nn/weights/weight_names.h"

namespace pano::encoder {

// A stack of layers with the embedding in front of it, and what its tensors are called.
struct TowerConfig {
  nn::ModelConfig model;
  nn::WeightNames names;
};

// How an image becomes rows: a vector of its own in front, then its square patches row by row, each
// times one matrix (Dosovitskiy et al., "An image is worth 16x16 words", 2021).
struct PatchConfig {
  ImageInput image;
  int64_t patch = 0;  // pixels on a side; divides the image's
  bool bias = false;
  std::string matrix;            // without ".weight"; [hidden, channels, patch, patch]
  std::string first, positions;  // whole names
  tensor::Shape first_shape, positions_shape;
  int64_t count() const { return image.height / patch * (image.width / patch); }
};

// How the rows of a text become one vector.
enum class Pooling : uint8_t {
  kNone,  // they stay rows
  kFirst,
  kMean,
  kMeanSqrt,  // the sum divided by the root of their number
  kMax,
  kLast,
  kEnd,  // the row of the end token
};

// A step from what a stack gives to what the model answers.
struct Stage {
  enum class Kind : uint8_t {
    kDense,      // the matrix `name`; its bias under `bias_name` where that is not empty
    kEmbedding,  // the word embeddings as matrix
    kActivation,
    kTanh,
    kNorm,
    kScale,
    kUnitLength,  // divided by its Euclidean norm
  };
  Kind kind = Kind::kDense;
  std::string name = {};
  int64_t size = 0;            // components after it; kDense, kEmbedding
  std::string bias_name = {};  // the whole name, or "a|b": whichever there is
  ops::Activation activation = ops::Activation::kGelu;
  float factor = 1.0f;
  bool or_embedding = false;  // kDense: the word embeddings where the file lacks the matrix

  static Stage Dense(std::string name, int64_t size, bool bias) {
    Stage stage{.name = name, .size = size};
    if (bias) stage.bias_name = name + ".bias";
    return stage;
  }
  static Stage Embedding(int64_t size, std::string bias_name) {
    return {.kind = Kind::kEmbedding, .size = size, .bias_name = std::move(bias_name)};
  }
  static Stage Activate(ops::Activation f) {
    return {.kind = Kind::kActivation, .activation = f};
  }
  static Stage Tanh() { return {.kind = Kind::kTanh}; }
  static Stage Norm(std::string name) { return {.kind = Kind::kNorm, .name = std::move(name)}; }
  static Stage Scale(float factor) { return {.kind = Kind::kScale, .factor = factor}; }
  static Stage UnitLength() { return {.kind = Kind::kUnitLength}; }
};

enum class TowerKind : uint8_t { kText, kImage, kDecoder };

// One answer of the model: rows of a stack, pooled or not, through stages.
struct HeadConfig {
  std::string output = {};  // OutputInfo::name
  TowerKind tower = TowerKind::kText;
  Pooling pooling = Pooling::kNone;
  std::vector<Stage> stages = {};
  bool optional = false;  // left out where the file lacks its first matrix
};

// What an encoder is, for every family; filled by the family's mapping file.
struct EncoderConfig {
  std::string architecture;
  Task task = Task::kEmbedding;
  std::optional<TowerConfig> text, image, decoder;
  PatchConfig patches;  // of `image`
  std::vector<HeadConfig> heads;
  std::string logit_scale;  // of image times text, whole name; "" = none
  int64_t max_length = 0;   // of texts and, where there is one, of the decoder's

  // Positions count the ids that are not this one, and stay there at it (as in fairseq).
  std::optional<nn::TokenId> position_pad;
  // kFirst or kEnd where a head takes that row of a text: it is computed even where the mask leaves
  // it out.
  Pooling text_pooling = Pooling::kNone;
  // kEnd pools at the first of these; none: at the largest id.
  std::optional<nn::TokenId> end_token;

  std::vector<std::string> labels;
  std::string problem_type, pooling;
  int64_t advised_length = 0;
  std::string optional_prefix;         // some files leave it out of every name
  std::vector<std::string> ignorable;  // beginnings of tensors that play no part
  std::vector<std::string> warnings;
};

}  // namespace pano::encoder
