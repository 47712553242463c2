#include "app/inference/parameters.h"

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "app/api/constraint.h"
#include "app/api/failure.h"
#include "app/api/fields.h"
#include "base/strings.h"

namespace pano::inference {
namespace {

using api::Field;
using api::FieldType;
using json::Value;
using P = api::Parameters;

constexpr double kMicrosMax = api::kTimeoutMsMax * 1e3;

// Triton's schedule policy and stateful models; what only says how the answer is written.
constexpr auto kTriton = std::to_array<Field>({
    {"timeout", FieldType::kInteger, 0, kMicrosMax, 0, false,
     "As timeout_ms, in microseconds; 0: none.",
     [](P& p, const Value& v) {
       constexpr int64_t kMicros = 1000;
       if (api::IntOf(v) > 0) p.timeout_ms = (api::IntOf(v) + kMicros - 1) / kMicros;
     }},
    {"sequence_id", FieldType::kAny, 0, 0, 0, false, "Only 0: models keep no state between requests.",
     nullptr},
    {"sequence_start", FieldType::kBool, 0, 0, 0, false, "Only false.", nullptr},
    {"sequence_end", FieldType::kBool, 0, 0, 0, false, "Only false.", nullptr},
    {"binary_data_output", FieldType::kBool, 0, 0, 0, false,
     "Whether all outputs come as binary data.", nullptr},
    {"triton_enable_empty_final_response", FieldType::kBool, 0, 0, 0, false,
     "Streams end with a message without outputs either way.", nullptr},
});

std::vector<Field> TextFields() {
  std::vector<Field> fields = {api::kMaxTokensField};
  for (const Field& field : api::SamplingFields()) {
    if (field.name != "n") fields.push_back(field);  // one continuation a text: the shape says so
  }
  for (const Field& field : api::AnswerFields()) {
    if (field.name != "return_token_ids") fields.push_back(field);
  }
  for (const Field& field : api::ConstraintFields()) fields.push_back(field);
  fields.insert(fields.end(), kTriton.begin(), kTriton.end());
  return fields;
}

Status NoState(const Value& given) {
  const Value* id = given.Find("sequence_id");
  const bool none = !id || id->is_null() || *id == Value(0) || *id == Value("");
  bool state = !none;
  for (std::string_view name : {"sequence_start", "sequence_end"}) {
    const Value* flag = given.Find(name);
    state = state || (flag && flag->is_bool() && flag->as_bool());
  }
  if (!state) return {};
  return api::BadField("sequence_id", "'sequence_id': models keep no state between requests here");
}

}  // namespace

const api::BodySchema& TextParameters() {
  static const api::BodySchema body{TextFields(), /*closed=*/true};
  return body;
}

const api::BodySchema& RowParameters() {
  static const api::BodySchema body{api::JoinFields({api::RowFields(), kTriton}), /*closed=*/true};
  return body;
}

Status ReadParameters(const Value& given, const models::ModelVersion& version,
                      api::Parameters& parameters, bool& truncate) {
  if (given.is_null()) return {};
  const bool rows = version.AsPredictor() != nullptr;
  PANO_RETURN_IF_ERROR(
      api::ReadFields(given, rows ? RowParameters() : TextParameters(), parameters));
  const Value* cut = given.Find("truncate");
  truncate = cut && cut->is_bool() && cut->as_bool();
  return NoState(given);
}

}  // namespace pano::inference
