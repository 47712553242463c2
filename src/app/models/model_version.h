#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/models/fwd.h"
#include "app/models/model_facts.h"
#include "base/clock.h"
#include "base/fwd.h"
#include "base/mapped_file.h"
#include "base/mutex.h"
#include "base/status.h"
#include "model/engine/stats.h"
#include "model/format/fwd.h"
#include "model/serving/service.h"
#include "model/template/chat_template.h"
#include "model/tokenizer/fwd.h"
#include "model/tools/tool_format.h"

namespace pano::adapter {
class BaseModules;
}

namespace pano::models {

// The simplest input that a model takes.
enum class InputForm : uint8_t {
  kPrompt,    // a text to continue
  kText,      // a text to look at
  kTokenIds,  // such a text, but there is no tokenizer
  kPixels,    // an image
};

// What a model is made for and what it gives, for lists of models. A value.
struct ModelCard {
  std::string_view task;                       // "generation", or an encoder's: see TaskName
  std::vector<std::string> outputs = {};       // tensors that can be asked for by name
  std::vector<std::string> labels = {};        // of a classifier
  std::string pooling = {};                    // how tokens become one embedding; "": not at all
  std::optional<int64_t> embedding_size = {};  // of a text's embedding
  std::vector<int64_t> image_shape = {};       // channels, height, width; empty: takes no images
};

// One version of a model, ready to answer. What does not depend on the kind of its answers is here;
// Generator and Predictor, the two kinds, add what they are asked through. Immutable once it is in
// the host, apart from what runs inside, which is thread-safe.
struct ModelVersion {
  virtual ~ModelVersion() = default;

  // This version as one kind; null when it is the other. Only for Find functions that refuse the
  // wrong kind by name: what works with any kind asks the functions below.
  virtual const Generator* AsGenerator() const { return nullptr; }
  virtual const Predictor* AsPredictor() const { return nullptr; }

  // Loads the weights and starts what answers; names and tokenizer are there already. Once. `pool`
  // outlives it.
  virtual Status Start(const format::ModelFiles& files, const LoadSettings& settings,
                       ComputePool& pool, engine::Observer observer) = 0;

  virtual InputForm input_form() const = 0;
  virtual ModelCard Card() const = 0;
  // What the log says when it has been loaded: ", context 512, vocabulary 2048".
  virtual std::string Summary() const = 0;

  // What runs inside: to drain, watch, cancel, and to ask when to come back.
  virtual serving::Service& service() const = 0;
  // Its figures as an engine's; a predictor has no KV blocks and drafts nothing.
  virtual engine::Stats EngineStats() const { return {.serving = service().GetStats()}; }

  // Unavailable, for good, when a file of its weights was changed in place since it was loaded: what it
  // would answer is nonsense. Looks at the files once a second at most. Thread-safe.
  Status CheckFiles() const;
  // The same without looking at the files: after computing, whether what was read was there.
  Status CheckFaults() const;

  std::string FullName() const { return id + "@" + version; }

  // A call has taken this version: what is used last goes last. Thread-safe.
  void CountUse() const { uses_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t uses() const { return uses_.load(std::memory_order_relaxed); }

  std::string id;
  std::string version = "1";
  std::string label;  // in metrics: id, or id@version where it has several
  std::string path;
  // Of an adapter: the id of the model beside whose weights it computes; "": a model of its own.
  std::string parent;
  ModelFacts facts;
  int64_t created = 0;         // Unix seconds, when it was loaded
  uint64_t weight_bytes = 0;   // of its files
  uint64_t state_bytes = 0;    // that it keeps for keys and values; taken from LoadSettings::memory
  int64_t vocab_size = 0;      // 0: takes no text
  int64_t context_length = 0;  // tokens of one input; 0: takes no text
  // Longer texts cannot fit into the context whatever they are; 0: not known.
  size_t text_bytes_max = 0;

  tokenizer::TokenizerPtr tokenizer;     // null: no text in or out
  jinja::ChatTemplatePtr chat_template;  // null: contents are joined by newlines
  jinja::ChatTemplatePtr tool_template;  // of conversations with tools; null: the same
  // How answers to what each of them renders write calls and reasoning; null without the template.
  tools::ToolFormatPtr tool_format, tool_template_format;
  std::vector<std::weak_ptr<const MappedFile>> mapped_files;  // that it reads its weights from
  // The modules that adapters may be made for, by its own files; null, and why, where that is not known.
  std::shared_ptr<const adapter::BaseModules> modules;
  Status no_modules = {};
  std::string chat_template_error;       // it has a template that does not parse: chat is refused

 private:
  Status Look(bool only_faults) const;
  Status Changed(Status why) const;
  mutable std::atomic<uint64_t> uses_{0};
  mutable Mutex mu_;
  mutable Status changed_ PANO_GUARDED_BY(mu_);         // once it is known
  mutable TimePoint looked_ PANO_GUARDED_BY(mu_) = {};  // at the files
};

}  // namespace pano::models
