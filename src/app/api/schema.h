#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "app/api/failure.h"
#include "app/api/parameters.h"
#include "base/json.h"

namespace pano::api {

// The JSON objects that requests are made of.
enum BodyKind : uint16_t {
  kPredictBody = 1,
  kPredictParameters = 2,
  kChatBody = 4,
  kCompletionBody = 8,
  kTokenizeBody = 16,
  kDetokenizeBody = 32,
  kStreamOptions = 64,
  kInstancesBody = 128,
  kInstancesParameters = 256,
  kEmbeddingsBody = 512,
};

enum class FieldType : uint8_t {
  kBool,
  kInteger,
  kNumber,
  kString,
  kTextOrTexts,  // a string or a list of strings
  kIntegers,     // a list of integers
  kPrompt,       // a string, a list of strings, a list of ids, a list of lists of ids
  kBias,         // an object: token id -> number
  kMessages,     // a list of chat messages
  kObject,
  kArray,
  kAny,
};

// One field of a request: its type and range, once, for the parsers and for /openapi.json.
struct Field {
  std::string_view name;
  uint16_t bodies;  // BodyKind bits
  FieldType type;
  double min;  // of the number(s)
  double max;
  int64_t size_max;  // of the text (bytes) or list (items); 0: no own limit
  bool required;
  std::string_view help;
  void (*store)(Parameters&, const json::Value&);  // null: its route reads it itself
};

std::span<const Field> Fields();

enum class Unknown { kIgnore, kRefuse };

// Checks the members of `object` against the table (null counts as absent) and stores them. The
// first field that is missing, unknown, of another type or out of range is the answer.
Refusal ReadFields(const json::Value& object, BodyKind body, Unknown unknown,
                   Parameters& parameters);

// The JSON Schema (2020-12) of one kind of body.
json::Value SchemaOf(BodyKind body);

}  // namespace pano::api
