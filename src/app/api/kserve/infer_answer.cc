#include "app/api/kserve/infer_answer.h"

#include <string>
#include <utility>

#include "app/inference/tensor_json.h"
#include "base/json.h"
#include "base/strings.h"

namespace pano::api::kserve {
namespace {

using inference::Tensor;

void AppendMember(std::string_view name, std::string_view value, std::string& out) {
  json::AppendQuoted(out, name);
  out += ':';
  out += json::Dump(json::Value(value));
}

// The numbers go straight into the text: as JSON values they would take ten times the memory.
void AppendOutput(const Tensor& tensor, bool binary, std::string& out) {
  out += '{';
  AppendMember("name", tensor.name, out);
  out += ',';
  AppendMember("datatype", inference::DatatypeName(tensor.datatype), out);
  out += StrCat(",\"shape\":", inference::ShapeText(tensor.shape));
  if (binary) {
    out += StrCat(",\"parameters\":{\"binary_data_size\":", inference::RawBytes(tensor), "}}");
    return;
  }
  out += ",\"data\":";
  inference::AppendJson(tensor, out);
  out += '}';
}

}  // namespace

http::Response WriteInferAnswer(const inference::InferResponse& response, const OutputForms& forms) {
  std::string body = "{";
  AppendMember("model_name", response.model_name, body);
  body += ',';
  AppendMember("model_version", response.model_version, body);
  body += ',';
  AppendMember("id", response.id, body);
  body += ",\"outputs\":[";
  bool any_binary = false;
  for (const Tensor& tensor : response.outputs) {
    const bool binary = forms.IsBinary(tensor.name);
    any_binary = any_binary || binary;
    if (body.back() != '[') body += ',';
    AppendOutput(tensor, binary, body);
  }
  body += "]}";
  http::Response answer;
  answer.headers.emplace_back("Content-Type", any_binary ? "application/octet-stream" : "application/json");
  if (any_binary) answer.headers.emplace_back("Inference-Header-Content-Length", StrCat(body.size()));
  for (const Tensor& tensor : response.outputs) {
    if (forms.IsBinary(tensor.name)) inference::AppendRaw(tensor, body);
  }
  answer.body = std::move(body);
  return answer;
}

}  // namespace pano::api::kserve
