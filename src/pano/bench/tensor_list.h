#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/format/fwd.h"
#include "model/tensor/tensor.h"

namespace pano::bench {

// One tensor of a model: what it is, and how a token uses it.
struct ModelTensor {
  enum class Part : uint8_t {
    kVector,    // norms and biases
    kTable,     // rows are looked up: embeddings, positions, token types
    kSmall,     // a matrix that no converter quantises: routers, relative biases, norms by head
    kMatrix,    // of a layer: every token is multiplied with it
    kHead,      // with it only what is read off the last layer is multiplied
    kTiedHead,  // the embedding where it is the head too
  };
  std::string name;
  tensor::Shape shape;
  Part part = Part::kMatrix;
  double used_share = 1.0;  // of it for one token: experts used by experts there are
  // Random values that keep activations near one through any number of layers.
  float mean = 0.0f;
  float deviation = 0.0f;

  bool is_matrix() const { return part != Part::kVector && part != Part::kSmall; }
};

// The tensors that the loader asks for, by the family's own table of names: of a decoder or of an
// encoder of texts. `files.weights` may be null; where it is not, it says which of several names a
// tensor has. Unimplemented for images and for encoders with a decoder; Corruption and
// InvalidArgument for sizes that cannot be.
Result<std::vector<ModelTensor>> ListTensors(const format::ModelFiles& files);

}  // namespace pano::bench
