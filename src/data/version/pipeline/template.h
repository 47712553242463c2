#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace pano::pipeline {

// What ${...} in dvc.yaml can stand for: the variables of the file, of a stage, and of a loop.
// A value.
class Scope {
 public:
  // Adds the members of `values`, mappings into mappings. InvalidArgument when one is there already
  // with another meaning: variables are not redefined. `source` is for messages.
  Status Merge(const json::Value& values, std::string_view source);
  // "item" and "key" of a loop: they stand before all else, and variables cannot have these names
  // meanwhile.
  void SetLoop(std::string_view name, json::Value value);
  void ClearLoop();

  // The value of an expression: "a.b[0].c". NotFound when there is none.
  Result<json::Value> Select(std::string_view expression) const;
  bool Has(std::string_view name) const { return values_.Find(name) != nullptr; }

  // Which files, and of which keys (empty: all of it), were loaded.
  std::map<std::string, std::set<std::string>> loaded;

 private:
  json::Value values_{json::Object()};
  json::Object loop_;
};

struct TemplateOptions {
  bool lists_append = false;    // parsing.list = append in the configuration
  bool bool_optional = false;   // parsing.bool = boolean_optional
  size_t bytes_max = 1u << 20;  // of one resolved text
};

// Whether ${...} stands in the text, or in a text of the tree.
bool HasTemplate(const json::Value& value);

// The tree with each ${...} replaced, in keys too. A text that is one ${...} and nothing else
// becomes the value itself, elsewhere its text (true, 0.5, as Python prints it). Mappings and lists
// only where `field` is "cmd" (a mapping, as --key value options) or "foreach" and "matrix". "\${"
// is a plain "${".
Result<json::Value> Resolve(const json::Value& value, const Scope& scope, std::string_view field,
                            const TemplateOptions& options = {});

// A value as it stands within a text.
std::string TextOf(const json::Value& value);

}  // namespace pano::pipeline
