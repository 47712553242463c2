#pragma once

#include <memory>
#include <string>

#include "app/constraints/vocabulary.h"
#include "app/models/load_settings.h"
#include "app/models/model_version.h"
#include "app/models/serving_settings.h"
#include "base/fwd.h"
#include "model/engine/fwd.h"
#include "model/engine/options.h"
#include "model/format/fwd.h"
#include "model/nn/fwd.h"
#include "model/nn/load.h"

namespace pano::models {

// A version that continues texts. Thread-safe as ModelVersion is.
struct Generator final : ModelVersion {
  Generator();
  ~Generator() override;
  const Generator* AsGenerator() const override { return this; }
  Status Start(const format::ModelFiles& files, const LoadSettings& settings, ComputePool& pool,
               engine::Observer observer) override;
  InputForm input_form() const override { return InputForm::kPrompt; }
  ModelCard Card() const override { return {.task = "generation"}; }
  std::string Summary() const override;

  serving::Service& service() const override;
  engine::Stats EngineStats() const override;

  // What a request is given that does not say: `over` the files' own. May change while it serves.
  // Thread-safe.
  GenerationSettings Defaults() const;
  void OverrideDefaults(const GenerationSettings& over) const;

  // What grammars are compiled for; null without a tokenizer.
  constraints::VocabularyPtr grammars;
  // The same of chats: control tokens that are marks of calls and reasoning are text there.
  constraints::VocabularyPtr chat_grammars;

  nn::GenerationDefaults defaults;  // the model's own parameters, where a request gives none
  nn::Compute compute = nn::Compute::kF32;  // how the model computes
  // The engine holds the models that it steps.
  std::shared_ptr<nn::Model> model;
  std::shared_ptr<nn::Model> draft_model;  // null: no second model drafts tokens
  std::shared_ptr<engine::Engine> engine;

  // Of an adapter: what its requests are computed with, in its base's engine. Requests hold the base,
  // which is then not unloaded under them; the adapter does not.
  std::shared_ptr<const nn::BoundAdapter> adapter;
  std::weak_ptr<const Generator> base;

 private:
  void LoadChatTemplate(const format::ModelFiles& files);
  void MakeVocabularies();
  // A copy for each version: a model is stepped by one engine only.
  Status LoadDraftModel(const LoadSettings& settings, ComputePool& pool);
  engine::Options EngineOptions(const engine::Options& server, const format::ModelFiles& files) const;

  mutable Mutex settings_mu_;
  mutable GenerationSettings over_ PANO_GUARDED_BY(settings_mu_);
};

}  // namespace pano::models
