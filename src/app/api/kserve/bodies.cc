#include "app/api/kserve/bodies.h"

#include <array>
#include <span>

#include "app/api/document/component_schemas.h"
#include "app/api/fields.h"
#include "app/inference/parameters.h"

namespace pano::api::kserve {
namespace {

constexpr auto kGenerate = std::to_array<Field>({
    {"text_input", FieldType::kString, 0, kAnyBytes, 0, true, "The text to continue.", nullptr},
    {"id", FieldType::kString, 0, 1024, 0, false, "Given back in the answer.", nullptr},
    {"parameters", FieldType::kObject, 0, 0, 0, false, "How to generate.", nullptr, "V2TextParameters"},
});

constexpr auto kInfer = std::to_array<Field>({
    {"id", FieldType::kString, 0, kAnyBytes, 0, false, "Given back in the answer.", nullptr},
    {"inputs", FieldType::kArray, 0, 0, 64, true, "Tensors: with `data`, or with binary data behind the JSON.", nullptr,
     "V2Tensor"},
    {"outputs", FieldType::kArray, 0, 0, 64, false, "Which outputs are wanted; all by default.", nullptr,
     "V2WantedOutput"},
    {"parameters", FieldType::kObject, 0, 0, 0, false, "How to generate, or to look at the inputs.", nullptr},
});

constexpr auto kIndex = std::to_array<Field>({
    {"ready", FieldType::kBool, 0, 0, 0, false, "Leaves out models that do not answer.", nullptr},
});

constexpr auto kRepository = std::to_array<Field>({
    {"parameters", FieldType::kObject, 0, 0, 0, false, "`unload_dependents`; no model depends on another.", nullptr},
});

json::Value SchemaOfFields(std::span<const Field> fields, bool closed = false) {
  return SchemaOf({JoinFields({fields}), closed});
}

}  // namespace

const BodySchema& GenerateBody() {
  static const BodySchema body{JoinFields({kGenerate}), /*closed=*/true};
  return body;
}

std::vector<NamedSchema> Schemas() {
  return {
      {"V2GenerateRequest", SchemaOf(GenerateBody())},
      {"V2TextParameters", SchemaOf(inference::TextParameters())},
      {"V2RowParameters", SchemaOf(inference::RowParameters())},
      {"V2InferRequest", SchemaOfFields(kInfer)},
      {"V2IndexRequest", SchemaOfFields(kIndex)},
      {"V2RepositoryRequest", SchemaOfFields(kRepository, /*closed=*/true)},
      {"V2Tensor", ObjectSchema({{"name", "s"}, {"datatype", "s"}, {"shape", "[i"}, {"parameters?", "o"}})},
      {"V2WantedOutput", ObjectSchema({{"name", "s"}, {"parameters?", "o"}})},
      {"V2InferAnswer",
       ObjectSchema({{"model_name", "s"}, {"model_version", "s"}, {"id", "s"}, {"outputs", "[#V2Tensor"}})},
      {"V2GenerateAnswer",
       ObjectSchema({{"id?", "s"}, {"model_name", "s"}, {"model_version", "s"}, {"text_output", "s"}})},
      {"V2GenerateEvents", EventSchema("V2GenerateAnswer", "Events with a new piece each; what goes wrong is {\"error\"}.")},
      {"V2Server", ObjectSchema({{"name", "s"}, {"version", "s"}, {"extensions", "[s"}})},
      {"V2Live", ObjectSchema({{"live", "b"}})},
      {"V2Ready", ObjectSchema({{"ready", "b"}})},
      {"V2ModelReady", ObjectSchema({{"name", "s"}, {"ready", "b"}})},
      {"V2Model", ObjectSchema({{"name", "s"},
                                {"versions", "[s"},
                                {"platform", "s"},
                                {"inputs", "[#V2Tensor"},
                                {"outputs", "[#V2Tensor"}})},
      {"V2Config", ObjectSchema({{"name", "s"}, {"platform", "s"}, {"max_batch_size", "i"}, {"input", "[o"}, {"output", "[o"}})},
      {"V2Stats", ObjectSchema({{"model_stats", "[#V2ModelStats"}})},
      {"V2ModelStats", ObjectSchema({{"name", "s"},
                                     {"version", "s"},
                                     {"last_inference", "i"},
                                     {"inference_count", "i"},
                                     {"execution_count", "i"},
                                     {"inference_stats", "o"}})},
      {"V2Index", ShortSchema("[#V2IndexEntry")},
      {"V2IndexEntry", ObjectSchema({{"name", "s"}, {"version", "s"}, {"state", "s"}, {"reason", "s"}})},
      {"V2Done", ObjectSchema({})},
  };
}

}  // namespace pano::api::kserve
