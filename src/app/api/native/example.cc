#include "app/api/native/example.h"

namespace pano::api::native {

std::string_view ExampleBody(models::InputForm form) {
  switch (form) {
    case models::InputForm::kPrompt:
      return "{\"inputs\": \"Once upon a time\", \"parameters\": {\"max_tokens\": 64}, "
             "\"stream\": true}";
    case models::InputForm::kText:
      return "{\"instances\": [\"Once upon a time\"]}";
    case models::InputForm::kTokenIds:
      return "{\"instances\": [{\"input_ids\": [1, 2, 3]}]}";
    case models::InputForm::kPixels:
      return "{\"instances\": [{\"pixel_values\": [[[...]]]}]}";
  }
  return "{}";
}

}  // namespace pano::api::native
