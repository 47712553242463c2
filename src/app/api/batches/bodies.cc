#include "app/api/batches/bodies.h"

#include <array>

#include "app/api/document/component_schemas.h"
#include "app/api/fields.h"

namespace pano::api::batches {
namespace {

constexpr auto kBatch = std::to_array<Field>({
    {"input_file_id", FieldType::kString, 1, 128, 0, true, "A file of requests, one a line.", nullptr},
    {"endpoint", FieldType::kString, 1, 128, 0, true, "The path that each of them is for.", nullptr},
    {"completion_window", FieldType::kString, 1, 16, 0, true,
     "After that time what is left expires: \"24h\", \"30m\", at most 7 days.", nullptr},
    {"metadata", FieldType::kObject, 0, 0, 0, false, "Texts of the caller's.", nullptr},
});

}  // namespace

const BodySchema& BatchBody() {
  static const BodySchema body{JoinFields({kBatch}), /*closed=*/true};
  return body;
}

std::vector<NamedSchema> Schemas() {
  return {
      {"BatchRequest", SchemaOf(BatchBody())},
      {"BatchCancelRequest", ShortSchema("o")},
      {"FileUpload", ObjectSchema({{"purpose", "s"}, {"file", "s"}})},
      {"File", ObjectSchema({{"id", "s"},
                             {"object", "s"},
                             {"bytes", "i"},
                             {"created_at", "i"},
                             {"filename", "s"},
                             {"purpose", "s"},
                             {"status", "s"},
                             {"status_details", "?s"},
                             {"expires_at", "?i"}})},
      {"FileList", ObjectSchema({{"object", "s"},
                                 {"first_id", "?s"},
                                 {"last_id", "?s"},
                                 {"has_more", "b"},
                                 {"data", "[#File"}})},
      {"FileDeleted", ObjectSchema({{"id", "s"}, {"object", "s"}, {"deleted", "b"}})},
      {"BatchCounts", ObjectSchema({{"total", "i"}, {"completed", "i"}, {"failed", "i"}})},
      {"Batch", ObjectSchema({{"id", "s"},
                              {"object", "s"},
                              {"endpoint", "s"},
                              {"errors", "?o"},
                              {"input_file_id", "s"},
                              {"completion_window", "s"},
                              {"status", "s"},
                              {"output_file_id", "?s"},
                              {"error_file_id", "?s"},
                              {"created_at", "i"},
                              {"in_progress_at", "?i"},
                              {"expires_at", "i"},
                              {"finalizing_at", "?i"},
                              {"completed_at", "?i"},
                              {"failed_at", "?i"},
                              {"expired_at", "?i"},
                              {"cancelling_at", "?i"},
                              {"cancelled_at", "?i"},
                              {"request_counts", "#BatchCounts"},
                              {"metadata", "?o"}})},
      {"BatchList", ObjectSchema({{"object", "s"},
                                  {"first_id", "?s"},
                                  {"last_id", "?s"},
                                  {"has_more", "b"},
                                  {"data", "[#Batch"}})},
  };
}

}  // namespace pano::api::batches
