#include "app/api/openai/score.h"

#include <memory>
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

struct ScoreCall {
  PairScores pairs;
  std::string id;
  int64_t created = 0;
};

std::vector<std::string_view> Texts(const Value& value) {
  if (value.is_string()) return {value.as_string()};
  std::vector<std::string_view> texts;
  for (const Value& text : value.as_array()) texts.push_back(text.as_string());
  return texts;
}

Status ReadScore(Context& context, Call& call, ScoreCall& score) {
  Parameters parameters;
  PANO_RETURN_IF_ERROR(ReadFields(call.body, ScoreBody(), parameters));
  PANO_RETURN_IF_ERROR(RefuseUndone(call.body, FieldSet::kRanking, ScoreBody()));
  PANO_RETURN_IF_ERROR(score.pairs.Begin(context, call, parameters));
  const std::vector<std::string_view> first = Texts(*call.body.Find("text_1"));
  const std::vector<std::string_view> second = Texts(*call.body.Find("text_2"));
  if (first.empty()) return BadField("text_1", "'text_1' is an empty list");
  if (second.empty()) return BadField("text_2", "'text_2' is an empty list");
  if (first.size() != 1 && first.size() != second.size()) {
    return BadField("text_2", StrCat("'text_1' has ", first.size(), " texts and 'text_2' ", second.size(),
                                     ": they go together pair by pair, or 'text_1' is one text"));
  }
  if (first.size() == 1 && first[0].size() * second.size() > PairScores::kRepeatedBytesMax) {
    return BadField("text_1", StrCat("a text of ", first[0].size(), " bytes beside ", second.size(),
                                     " others is more than is read in one request"));
  }
  for (size_t i = 0; i < second.size(); ++i) {
    const std::string_view beside = first[first.size() == 1 ? 0 : i];
    PANO_RETURN_IF_ERROR(score.pairs.Add(beside, second[i], {"text_2", StrCat("text_2[", i, "]")}));
  }
  score.id = StrCat("score-", RandomHex(12));
  score.created = context.clock.UnixSeconds();
  return {};
}

Value ScoreJson(const ScoreCall& score, const batch::Predicted& predicted) {
  const models::Predictor& version = *score.pairs.version();
  Value data{json::Array()};
  for (double one : PairScores::Read(version, predicted)) {
    Value entry;
    entry.Set("index", static_cast<int64_t>(data.as_array().size()));
    entry.Set("object", "score");
    entry.Set("score", FloatJson(static_cast<float>(one)));
    data.Append(std::move(entry));
  }
  Value body;
  body.Set("id", score.id);
  body.Set("object", "list");
  body.Set("created", score.created);
  body.Set("model", version.id);
  body.Set("data", std::move(data));
  body.Set("usage", PairUsageJson(score.pairs.tokens()));
  return body;
}

}  // namespace

void ScorePairs(Context& context, CallPtr call) {
  auto score = std::make_shared<ScoreCall>();
  if (Status status = ReadScore(context, *call, *score); !status.ok()) return call->Fail(status);
  models::PredictorPtr version = score->pairs.version();
  StartPrediction(context, call, std::move(version), std::move(score->pairs.request()),
                  [score](Call& answered, const batch::Predicted& predicted) {
                    answered.RespondJson(ScoreJson(*score, predicted));
                  });
}

}  // namespace pano::api::openai
