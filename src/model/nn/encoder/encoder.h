#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fwd.h"
#include "base/result.h"
#include "model/format/fwd.h"
#include "model/nn/fwd.h"
#include "model/nn/load.h"

namespace pano::encoder {

class TowerEncoder;

// What a model was made for.
enum class Task : uint8_t {
  kEmbedding,  // hidden states, and vectors made of them
  kSequenceClassification,
  kTokenClassification,
  kMaskedLm,
  kImageClassification,
  kImageText,  // both as vectors of one space
  kSequenceToSequence,
};
std::string_view TaskName(Task task);  // "embedding", "sequence-classification", ...

struct TextInput {
  int64_t vocab_size = 0;
  int64_t max_length = 0;      // ids a row may have
  int64_t advised_length = 0;  // where a sentence folder says that texts are cut; 0: nowhere
  int64_t token_types = 0;     // types are below it; 0: the model has none
};

struct ImageInput {
  int64_t channels = 0, height = 0, width = 0;
  bool operator==(const ImageInput&) const = default;
};

struct OutputInfo {
  std::string name;        // of the golden sets: last_hidden_state, pooler_output,
                           // sentence_embedding, logits, image_embeds, text_embeds,
                           // logits_per_image
  bool per_token = false;  // [ids, size] a row, else [size]
  int64_t size = 0;        // 0: as many as there are texts (logits_per_image)
};

struct EncoderInfo {
  std::string architecture = {};
  Task task = Task::kEmbedding;
  std::optional<TextInput> text = {};     // input_ids, attention_mask, token_type_ids
  std::optional<ImageInput> image = {};   // pixel_values
  std::optional<TextInput> decoder = {};  // decoder_input_ids
  std::vector<OutputInfo> outputs = {};
  std::vector<std::string> labels = {};    // of the logits of classifiers, by index
  std::string problem_type = {};           // "", "single_label_classification",
                                           // "multi_label_classification", "regression"
  std::string pooling = {};                // of sentence_embedding: "mean", "cls", ...; "" = none
  std::vector<std::string> warnings = {};  // keys of the configuration that nobody knows

  const OutputInfo* FindOutput(std::string_view name) const;
};

// One text. Tokens that the mask leaves out change nothing and get zeros; the others keep their
// place.
struct TextRow {
  std::vector<nn::TokenId> ids = {};  // at least one
  std::vector<uint8_t> mask = {};     // one an id, 0 = left out; empty: all count
  std::vector<int32_t> types = {};    // one an id; empty: all 0
  // What it is computed with beside the model's weights; null: nothing. Bound to this model.
  std::shared_ptr<const nn::BoundAdapter> adapter = nullptr;
};

struct EncoderBatch {
  std::vector<TextRow> texts;
  std::vector<std::vector<float>> images;             // [channels, height, width] each, normalised
  std::optional<ImageInput> image_shape;              // of them, where it is known: is checked too
  std::vector<std::vector<nn::TokenId>> decoder_ids;  // one a text
  std::vector<std::string> outputs;  // those that are wanted; empty: all that the inputs allow
};

struct Output {
  std::string name;
  bool per_token = false;
  int64_t size = 0;
  std::vector<std::vector<float>> rows;  // one a text or image: [ids * size] or [size]
};

// A model that looks at whole inputs at once: texts, images, or both. Each row's result is
// bit-equal whatever else is in the batch, however it is padded and whatever the number of threads
// (only logits_per_image looks across rows). Confined to one thread at a time; the pool does the
// work.
class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual const EncoderInfo& info() const = 0;
  // Itself, where adapters may be bound to its weights; else null.
  virtual const TowerEncoder* AsTowers() const { return nullptr; }
  // InvalidArgument names what is wrong with an input: an id outside the vocabulary, a row that is
  // too long or wholly masked, a pixel that is no number, inputs that the model does not take or
  // lacks.
  virtual Result<std::vector<Output>> Encode(const EncoderBatch& batch) = 0;
};

// The tensors that the layers of an encoder multiply with, whole matrices only.
Result<std::vector<nn::LinearTensor>> LinearTensors(const format::ModelFiles& files);

// Whether LoadEncoder is for these files, and nn::LoadModel not: by their architecture alone.
bool IsEncoder(const format::ModelFiles& files);

// The encoder that `files` describe, with the pooling of a sentence folder's modules.json (without
// one: the mean of a bare text model's states, not normalised). Weights are kept alive by it;
// `pool` outlives it. Errors as nn::LoadModel.
Result<std::unique_ptr<Encoder>> LoadEncoder(const format::ModelFiles& files,
                                             const nn::LoadOptions& options, ComputePool& pool);

}  // namespace pano::encoder
