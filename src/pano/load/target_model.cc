#include "pano/load/target_model.h"

#include "base/json.h"
#include "base/strings.h"
#include "pano/load/answer_reader.h"

namespace pano::load {
namespace {

std::optional<TargetModel> FindIn(const json::Value& list, const std::string& wanted) {
  const json::Value* data = list.Find("data");
  if (data == nullptr || !data->is_array()) return std::nullopt;
  for (const json::Value& entry : data->as_array()) {
    const json::Value* id = entry.Find("id");
    if (id == nullptr || !id->is_string()) continue;
    if (!wanted.empty() && id->as_string() != wanted) continue;
    TargetModel model{id->as_string(), std::nullopt};
    const json::Value* vocab = entry.Find("vocab_size");
    if (vocab != nullptr && vocab->is_int() && vocab->as_int() > 0)
      model.vocab_size = vocab->as_int();
    return model;
  }
  return std::nullopt;
}

}  // namespace

Result<TargetModel> FindTargetModel(http::Client& client, const std::string& wanted,
                                    const std::string& api_key) {
  http::ClientRequest request;
  request.target = "/v1/models";
  if (!api_key.empty()) request.headers = {{"Authorization", StrCat("Bearer ", api_key)}};
  PANO_ASSIGN_OR_RETURN(const http::ClientResponse response, client.Send(request));
  if (response.status == 401 || response.status == 403) {
    return Status(StatusCode::kUnauthenticated,
                  StrCat("the server wants a key: ", ErrorMessage(response.body)));
  }
  const auto list = json::Parse(response.body);
  if (response.status == 200 && list.ok()) {
    if (auto found = FindIn(*list, wanted)) return *found;
  }
  if (!wanted.empty()) return TargetModel{wanted, std::nullopt};
  return NotFound(
      StrCat("GET /v1/models (HTTP ", response.status, ") lists no model; name one with --model"));
}

}  // namespace pano::load
