#include "app/api/tfserving/predict_answer.h"

#include "app/api/failure.h"
#include "app/inference/tensor_json.h"
#include "base/json.h"
#include "base/strings.h"

namespace pano::api::tfserving {

using inference::Tensor;

Result<std::string> WriteRows(const std::vector<Tensor>& outputs) {
  if (outputs.empty()) return BadField("instances", "these inputs lead to no output");
  const int64_t rows = outputs[0].shape[0];
  for (const Tensor& output : outputs) {
    if (output.shape[0] == rows) continue;
    return BadField("instances", StrCat("the output '", output.name, "' has ", output.shape[0], " rows, and '", outputs[0].name,
                                        "' ", rows, ": ask with 'inputs', column by column"));
  }
  std::string text = "{\"predictions\":[";
  for (int64_t row = 0; row < rows; ++row) {
    if (row > 0) text += ',';
    if (outputs.size() > 1) text += '{';
    for (const Tensor& output : outputs) {
      if (&output != &outputs[0]) text += ',';
      if (outputs.size() > 1) {
        json::AppendQuoted(text, output.name);
        text += ':';
      }
      inference::AppendRowJson(output, row, text);
    }
    if (outputs.size() > 1) text += '}';
  }
  return text + "]}";
}

std::string WriteColumns(const std::vector<Tensor>& outputs) {
  std::string text = "{\"outputs\":";
  if (outputs.size() == 1) {
    inference::AppendNestedJson(outputs[0], text);
    return text + "}";
  }
  text += '{';
  for (const Tensor& output : outputs) {
    if (text.back() != '{') text += ',';
    json::AppendQuoted(text, output.name);
    text += ':';
    inference::AppendNestedJson(output, text);
  }
  return text + "}}";
}

}  // namespace pano::api::tfserving
