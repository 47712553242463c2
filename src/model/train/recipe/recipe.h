#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace pano::train {

// What is learnt.
enum class Task : uint8_t {
  kCausalLm,                // the next token of a text
  kChat,                    // the answers of a conversation
  kPreference,              // chosen answers over rejected ones (DPO, Rafailov et al., 2023)
  kSequenceClassification,  // a label for a text
  kTokenClassification,     // a label for a token
  kMaskedLm,                // tokens that are hidden (Devlin et al., 2018)
  kEmbedding,               // vectors that find their pair (in-batch negatives)
  kTokenizer,               // a vocabulary
};
inline constexpr size_t kTaskCount = static_cast<size_t>(Task::kTokenizer) + 1;
std::string_view TaskName(Task task);  // as recipes write it: "causal_lm"

enum class DataFormat : uint8_t { kText, kChat, kPreference, kLabelled, kPairs, kTokens };
enum class Precision : uint8_t { kF32, kBf16, kF16 };

// One answer of an encoder, where it has several that are learnt together.
struct HeadRecipe {
  std::string name;
  Task task = Task::kSequenceClassification;  // or kTokenClassification
  std::vector<std::string> labels;
  double weight = 1.0;  // of its loss in the sum
};

// All that determines a run, read from a YAML file: docs/training.md lists the keys. A value.
struct Recipe {
  struct Model {
    std::string path;    // a Hugging Face folder or, under an adapter, a GGUF file
    json::Value config;  // in place of a path: config.json of a model with random weights
  };
  struct Data {
    std::vector<std::string> train;
    std::string validation;
    DataFormat format = DataFormat::kText;
    bool shuffle = true;
    bool pack = false;  // several texts in a row, each seeing itself alone
    int64_t length = 512;
    std::string tokenizer;  // a folder or tokenizer.json; "": the model's
  };
  struct Batch {
    int64_t sequences = 8;  // rows of a micro-batch, over all members
    int64_t accumulate = 1;
  };
  struct Optimizer {
    double lr = 1e-4;
    double beta1 = 0.9, beta2 = 0.999;
    double eps = 1e-8;
    double weight_decay = 0.01;
    // Parts of names that are not decayed, in lower case, beside or in place of the default rule.
    std::vector<std::string> no_decay;
    bool no_decay_default = true;  // norms and biases
    double clip = 1.0;             // of the gradients' norm; 0: none
    bool eight_bit = false;        // moments in 8 bits, block by block
  };
  struct Schedule {
    enum class Kind : uint8_t { kCosine, kLinear, kWsd, kConstant };
    enum class Decay : uint8_t { kLinear, kCosine, kOneMinusSqrt };
    Kind kind = Kind::kCosine;
    Decay decay = Decay::kLinear;  // of kWsd
    int64_t warmup_steps = 0;
    int64_t decay_steps = 0;  // of kWsd
    int64_t total_steps = 0;  // 0: the run's
    double min_lr_ratio = 0;
    double cycles = 0.5;  // of kCosine
  };
  struct Adapter {
    int64_t r = 8;
    double alpha = 16;
    std::vector<std::string> targets;  // ends of module names, or one text that is a pattern
    bool targets_pattern = false;      // the one entry is a regular expression
    bool all_linear = true;            // where `targets` is empty
    double dropout = 0;
    bool rslora = false;
    bool dora = false;
    std::vector<std::string> modules_to_save;
    std::string from;  // a PEFT folder to go on with
  };
  struct Checkpoint {
    int64_t every = 0;  // steps; 0: at the end and when stopped
    int64_t keep = 2;
  };
  struct Evaluate {
    int64_t every = 0;     // steps; 0: at the end
    int64_t patience = 0;  // evaluations without a better one; 0: to the end
  };
  struct Embedding {
    double scale = 20.0;
    bool cls = false;  // pooling: the first row in place of the mean
  };
  struct MaskedLm {
    double probability = 0.15;  // of a token to be hidden
  };
  // Has(key) says which of these were given: the types have other defaults.
  struct Tokenizer {
    std::string type = "byte_bpe";
    int64_t vocab = 0;
    std::vector<std::string> special;
    int64_t min_frequency = 0;
    bool prefix_space = false;
    std::string split;  // "", "gpt2", "qwen2"
    bool nfc = false;
    bool initial_alphabet = true;                 // of bytes
    std::vector<std::string> initial_characters;  // of the other types
    int64_t max_token_length = 0;
    bool lowercase = false;
    int64_t limit_alphabet = 0;
    std::string tie_rule = "ids";
  };

  std::string file;                  // that it was read from, as given
  std::string text;                  // of it
  std::map<std::string, int> lines;  // of each key that is there, by its path

  Task task = Task::kCausalLm;
  std::string name;  // of the result, in its card
  Model model;
  Data data;
  Batch batch;
  int64_t steps = 0;   // one of steps and epochs is above 0
  int64_t epochs = 0;  // passes over the rows
  int64_t seed = 0;
  Precision precision = Precision::kF32;
  double dropout = 0;               // on embeddings and on what blocks add
  std::vector<std::string> labels;  // of a classifier; empty: the model's
  std::vector<HeadRecipe> heads;
  Optimizer optimizer;
  Schedule schedule;
  std::optional<Adapter> adapter;
  double dpo_beta = 0.1;
  Embedding embedding;
  MaskedLm masked_lm;
  Checkpoint checkpoint;
  Evaluate evaluate;
  Tokenizer tokenizer;

  bool Has(std::string_view path) const { return lines.contains(std::string(path)); }
  // "FILE:LINE: key: why", InvalidArgument; the line is that of the key or of what it stands in.
  Status Wrong(std::string_view path, std::string_view why) const;
};

inline constexpr size_t kRecipeBytesMax = 1 << 20;

// InvalidArgument "FILE:LINE: key: why" for what is unknown (with the key that may have been
// meant), missing, of the wrong kind, out of range, or for another task.
Result<Recipe> ParseRecipe(std::string_view text, const std::string& file);
Result<Recipe> LoadRecipe(const std::string& path);

// The keys as a table in Markdown: docs/training.md.
std::string RecipeKeysMarkdown();

}  // namespace pano::train
