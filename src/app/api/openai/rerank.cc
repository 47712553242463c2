#include "app/api/openai/rerank.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "app/api/answer.h"
#include "app/api/openai/bodies.h"
#include "app/api/openai/pair_scores.h"
#include "app/api/openai/undone_fields.h"
#include "app/api/prediction_call.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::api::openai {
namespace {

using json::Value;

struct RerankCall {
  PairScores pairs;
  std::string id;
  size_t top_n = 0;
  std::vector<std::string> documents;  // to be given back; empty: they are not
};

// The text of a document, which is a text or {"text": ...}.
Result<std::string_view> DocumentText(const Value& document, size_t index) {
  if (document.is_string()) return std::string_view(document.as_string());
  const Value* text = document.Find("text");
  if (text && text->is_string()) return std::string_view(text->as_string());
  return BadField("documents", StrCat("documents[", index, "] must be a text, or an object with a 'text'"));
}

Status ReadRerank(Context& context, Call& call, RerankCall& rerank) {
  Parameters parameters;
  PANO_RETURN_IF_ERROR(ReadFields(call.body, RerankBody(), parameters));
  PANO_RETURN_IF_ERROR(RefuseUndone(call.body, FieldSet::kRanking, RerankBody()));
  PANO_RETURN_IF_ERROR(rerank.pairs.Begin(context, call, parameters));
  const std::string& query = call.body.Find("query")->as_string();
  const json::Array& documents = call.body.Find("documents")->as_array();
  if (documents.empty()) return BadField("documents", "'documents' is an empty list");
  if (query.size() * documents.size() > PairScores::kRepeatedBytesMax) {
    return BadField("query", StrCat("a query of ", query.size(), " bytes beside ", documents.size(),
                                    " documents is more than is read in one request"));
  }
  const Value* top_n = call.body.Find("top_n");
  rerank.top_n = documents.size();
  if (top_n && !top_n->is_null()) {
    rerank.top_n = std::min(rerank.top_n, static_cast<size_t>(top_n->as_double()));
  }
  const Value* give_back = call.body.Find("return_documents");
  const bool gives_back = give_back && give_back->is_bool() && give_back->as_bool();
  for (size_t i = 0; i < documents.size(); ++i) {
    PANO_ASSIGN_OR_RETURN(const std::string_view text, DocumentText(documents[i], i));
    PANO_RETURN_IF_ERROR(rerank.pairs.Add(query, text, {"documents", StrCat("documents[", i, "]")}));
    if (gives_back) rerank.documents.emplace_back(text);
  }
  rerank.id = StrCat("rerank-", RandomHex(12));
  return {};
}

// Best first; of equal ones the one that came first.
std::vector<size_t> Best(const std::vector<double>& scores, size_t count) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  order.resize(count);
  return order;
}

Value RerankJson(const RerankCall& rerank, const batch::Predicted& predicted) {
  const models::Predictor& version = *rerank.pairs.version();
  const std::vector<double> scores = PairScores::Read(version, predicted);
  Value results{json::Array()};
  for (size_t index : Best(scores, rerank.top_n)) {
    Value result;
    result.Set("index", static_cast<int64_t>(index));
    result.Set("relevance_score", FloatJson(static_cast<float>(scores[index])));
    if (!rerank.documents.empty()) {
      Value document;
      document.Set("text", rerank.documents[index]);
      result.Set("document", std::move(document));
    }
    results.Append(std::move(result));
  }
  Value body;
  body.Set("id", rerank.id);
  body.Set("object", "list");
  body.Set("model", version.id);
  body.Set("results", std::move(results));
  body.Set("usage", PairUsageJson(rerank.pairs.tokens()));
  return body;
}

}  // namespace

void Rerank(Context& context, CallPtr call) {
  auto rerank = std::make_shared<RerankCall>();
  if (Status status = ReadRerank(context, *call, *rerank); !status.ok()) return call->Fail(status);
  models::PredictorPtr version = rerank->pairs.version();
  StartPrediction(context, call, std::move(version), std::move(rerank->pairs.request()),
                  [rerank](Call& answered, const batch::Predicted& predicted) {
                    answered.RespondJson(RerankJson(*rerank, predicted));
                  });
}

}  // namespace pano::api::openai
