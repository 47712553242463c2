#include "app/models/predictor.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "base/threads.h"
#include "model/engine/engine.h"
#include "model/format/weights.h"

namespace pano::models {

const encoder::OutputInfo* EmbeddingOutput(const encoder::EncoderInfo& info) {
  if (!info.text) return nullptr;
  return info.FindOutput(info.task == encoder::Task::kImageText ? "text_embeds"
                                                                : "sentence_embedding");
}

InputForm Predictor::input_form() const {
  if (!info().text) return InputForm::kPixels;
  return tokenizer ? InputForm::kText : InputForm::kTokenIds;
}

ModelCard Predictor::Card() const {
  ModelCard card{.task = encoder::TaskName(info().task)};
  for (const encoder::OutputInfo& output : info().outputs) card.outputs.push_back(output.name);
  card.labels = info().labels;
  card.pooling = info().pooling;
  if (const encoder::OutputInfo* output = EmbeddingOutput(info())) {
    card.embedding_size = output->size;
  }
  if (info().image) {
    const encoder::ImageInput& image = *info().image;
    card.image_shape = {image.channels, image.height, image.width};
  }
  return card;
}

std::string Predictor::Summary() const {
  return StrCat(
      ", ", encoder::TaskName(info().task),
      info().text ? StrCat(", texts of ", context_length, " tokens, vocabulary ", vocab_size) : "",
      info().image ? StrCat(", images of ", info().image->channels, " x ", info().image->height,
                            " x ", info().image->width)
                   : "");
}

Status Predictor::Start(const format::ModelFiles& files, const LoadSettings& settings,
                        ComputePool& pool, engine::Observer observer) {
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<encoder::Encoder> loaded,
                        encoder::LoadEncoder(files, settings.load, pool));
  encoder = loaded.get();
  compute = settings.load.compute;
  batch::PredictorOptions options = settings.predictor;
  if (loaded->info().text) {
    const encoder::TextInput& text = *loaded->info().text;
    vocab_size = text.vocab_size;
    context_length = text.max_length;
    int64_t most = settings.engine.context_max;
    if (most > 0) context_length = std::min(most, text.max_length);
    options.limits.length_max = context_length;
  }
  PANO_ASSIGN_OR_RETURN(predictor,
                        batch::Predictor::Create(std::move(loaded), options, observer.serving));
  return OkStatus();
}

}  // namespace pano::models
