#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "app/api/parameters.h"
#include "base/json.h"
#include "base/status.h"

namespace pano::api {

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

// One field of a request: its type and range, once, for the parsers and for /openapi.json. A value.
struct Field {
  std::string_view name;
  FieldType type;
  double min;  // of the number(s)
  double max;
  int64_t size_max;  // of the text (bytes) or list (items); 0: no own limit
  bool required;
  std::string_view help;
  void (*store)(Parameters&, const json::Value&);  // null: its route reads it itself
  std::string_view schema = {};  // of a kObject or of a kArray's items, by name; "": any object
};

// A JSON object that requests are made of: its fields, in the order of the document. Constant once
// made, so thread-safe.
struct BodySchema {
  std::vector<Field> fields;
  bool closed = false;  // other members are refused by name; else they are not looked at
};

std::vector<Field> JoinFields(std::initializer_list<std::span<const Field>> groups);

// Checks the members of `object` against the schema (null counts as absent) and stores them. The
// first field that is missing, unknown, of another type or out of range is the answer.
Status ReadFields(const json::Value& object, const BodySchema& body, Parameters& parameters);

// The JSON Schema (2020-12) of such an object.
json::Value SchemaOf(const BodySchema& body);

}  // namespace pano::api
