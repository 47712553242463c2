#include "model/nn/encoder/tower_encoder.h"

#include <algorithm>

#include "base/strings.h"
#include "model/nn/bound_adapter.h"

namespace pano::encoder {
namespace {

const std::vector<ops::AdapterRun> kNoAdapters;

bool Wanted(const EncoderBatch& batch, std::string_view name) {
  return batch.outputs.empty() || std::ranges::find(batch.outputs, name) != batch.outputs.end();
}

const Output* Find(const std::vector<Output>& outputs, std::string_view name) {
  for (const Output& output : outputs) {
    if (output.name == name) return &output;
  }
  return nullptr;
}

ops::Rows RowsOf(std::vector<float>& x, const Tower& tower) {
  return {x.data(), x.size() / tower.hidden(), tower.hidden()};
}

}  // namespace

ComputePool& TowerEncoder::pool() const {
  Tower* tower = parts_.text ? parts_.text.get() : parts_.image.get();
  return tower->ops().pool();
}

void TowerEncoder::ListAdapters(const EncoderBatch& batch, Pass& pass) {
  size_t row = 0;
  for (size_t i = 0; i < batch.texts.size(); ++i) {
    const size_t count = pass.text.rows.counts[i];
    if (const auto& adapter = batch.texts[i].adapter) {
      nn::AppendRun(pass.row_adapters, row, count, *adapter);
      nn::AppendRun(pass.text_adapters, i, 1, *adapter);
    }
    row += count;
  }
}

Result<std::vector<Output>> TowerEncoder::Encode(const EncoderBatch& batch) {
  PANO_RETURN_IF_ERROR(CheckInputs(batch));
  pass_.Clear();
  PANO_RETURN_IF_ERROR(RunTowers(batch, pass_));
  return RunHeads(batch, pass_);
}

Status TowerEncoder::CheckInputs(const EncoderBatch& batch) const {
  if (!batch.texts.empty() && !parts_.text)
    return InvalidArgument("input_ids: the model reads no text");
  if (!batch.images.empty() && !parts_.image) {
    return InvalidArgument("pixel_values: the model sees no images");
  }
  if (batch.texts.empty() && batch.images.empty()) {
    return InvalidArgument(!parts_.image  ? "input_ids are missing"
                           : !parts_.text ? "pixel_values are missing"
                                          : "input_ids or pixel_values are missing");
  }
  if (!batch.images.empty() && batch.image_shape && *batch.image_shape != *info().image) {
    const ImageInput &is = *batch.image_shape, &want = *info().image;
    return InvalidArgument(StrCat("pixel_values: images are [", is.channels, ", ", is.height, ", ",
                                  is.width, "], the model takes [", want.channels, ", ",
                                  want.height, ", ", want.width, "]"));
  }
  if (!batch.decoder_ids.empty() && !parts_.decoder) {
    return InvalidArgument("decoder_input_ids: the model has no decoder");
  }
  if (parts_.decoder && batch.decoder_ids.empty()) {
    return InvalidArgument("decoder_input_ids are missing");
  }
  if (parts_.decoder && batch.decoder_ids.size() != batch.texts.size()) {
    return InvalidArgument(StrCat("decoder_input_ids: ", batch.decoder_ids.size(), " rows for ",
                                  batch.texts.size(), " of input_ids"));
  }
  for (const std::string& name : batch.outputs) {
    if (!info().FindOutput(name)) {
      return InvalidArgument(StrCat("the model has no output '", Printable(name), "'"));
    }
  }
  return {};
}

Status TowerEncoder::RunTowers(const EncoderBatch& batch, Pass& pass) {
  if (!batch.texts.empty()) {
    PANO_ASSIGN_OR_RETURN(pass.text, PackTexts(batch.texts, *parts_.info.text, parts_.config));
  }
  if (!batch.images.empty()) PANO_RETURN_IF_ERROR(CheckImages(batch.images, *parts_.info.image));
  std::vector<TextRow> answers;
  for (const std::vector<nn::TokenId>& ids : batch.decoder_ids) answers.push_back({.ids = ids});
  if (!answers.empty()) {
    auto packed = PackTexts(answers, *parts_.info.decoder, parts_.config);
    if (!packed.ok()) return packed.error().Wrap("decoder");
    pass.decoder = std::move(*packed);
  }
  if (!batch.texts.empty()) {
    ListAdapters(batch, pass);
    const ops::AdapterScope adapters(parts_.text->ops(),
                                     std::span<const ops::AdapterRun>(pass.row_adapters));
    EmbedText(pass.text, *parts_.text, pass.text_x);
    PANO_RETURN_IF_ERROR(parts_.text->Run(pass.text.rows, {}, RowsOf(pass.text_x, *parts_.text)));
  }
  if (!batch.images.empty()) {
    PANO_ASSIGN_OR_RETURN(pass.image,
                          EmbedImages(batch.images, parts_.config.patches, parts_.patches,
                                      *parts_.image, pass.image_x));
    PANO_RETURN_IF_ERROR(parts_.image->Run(pass.image, {}, RowsOf(pass.image_x, *parts_.image)));
  }
  if (answers.empty()) return {};
  EmbedText(pass.decoder, *parts_.decoder, pass.decoder_x);
  const Memory memory{RowsOf(pass.text_x, *parts_.text), pass.text.rows.counts};
  return parts_.decoder->Run(pass.decoder.rows, memory, RowsOf(pass.decoder_x, *parts_.decoder));
}

Result<std::vector<Output>> TowerEncoder::RunHeads(const EncoderBatch& batch, const Pass& pass) {
  const bool compared = parts_.logit_scale > 0 && !batch.texts.empty() && !batch.images.empty() &&
                        Wanted(batch, "logits_per_image");
  std::vector<Output> outputs;
  for (const Head& head : parts_.heads) {
    TowerRows rows;
    Tower* tower = nullptr;
    switch (head.config.tower) {
      case TowerKind::kText:
        rows = {pass.text_x.data(), &pass.text.rows, &pass.text};
        tower = parts_.text.get();
        break;
      case TowerKind::kImage:
        rows = {pass.image_x.data(), &pass.image, nullptr};
        tower = parts_.image.get();
        break;
      case TowerKind::kDecoder:
        rows = {pass.decoder_x.data(), &pass.decoder.rows, &pass.decoder};
        tower = parts_.decoder.get();
        break;
    }
    if (rows.rows->counts.empty() || !(compared || Wanted(batch, head.config.output))) continue;
    const bool pooled = head.config.pooling != Pooling::kNone;
    const ops::AdapterScope adapters(tower->ops(),
                                     std::span<const ops::AdapterRun>(
                                         head.config.tower != TowerKind::kText ? kNoAdapters
                                         : pooled                              ? pass.text_adapters
                                                                               : pass.row_adapters));
    PANO_ASSIGN_OR_RETURN(Output output, RunHead(head, rows, *tower));
    outputs.push_back(std::move(output));
  }
  if (compared) {
    outputs.push_back(Compare(*Find(outputs, "image_embeds"), *Find(outputs, "text_embeds")));
    std::erase_if(outputs, [&](const Output& output) { return !Wanted(batch, output.name); });
  }
  return outputs;
}

// Every image with every text: products of unit vectors, scaled.
Output TowerEncoder::Compare(const Output& images, const Output& texts) const {
  Output out{"logits_per_image", false, static_cast<int64_t>(texts.rows.size()), {}};
  for (const std::vector<float>& image : images.rows) {
    std::vector<float>& row = out.rows.emplace_back();
    for (const std::vector<float>& text : texts.rows) {
      double sum = 0;
      for (size_t d = 0; d < image.size(); ++d) {
        sum += static_cast<double>(image[d]) * static_cast<double>(text[d]);
      }
      row.push_back(static_cast<float>(sum * static_cast<double>(parts_.logit_scale)));
    }
  }
  return out;
}

}  // namespace pano::encoder
