#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace YAML {
class Node;
}

namespace pano::data {

// A key of a mapping or a place in a list.
using YamlStep = std::variant<std::string, size_t>;
using YamlPath = std::vector<YamlStep>;

// `text` as a YAML 1.2 scalar in one line: plain where it may be, else in single or, with characters that need
// escapes, double quotes, as DVC's writer decides.
std::string YamlScalar(std::string_view text);

// The text of a block-style YAML document that is edited in place: what is not edited keeps its bytes, with comments,
// order and style. Lists stand at the indentation of their key and mappings are indented by 2, as DVC writes.
// A mapping in flow style that is edited is written anew in block style. Thread-compatible.
class YamlText {
 public:
  // The limits of base/yaml's ReadDocument; InvalidArgument with the line.
  static Result<YamlText> Parse(std::string text);

  const std::string& text() const { return text_; }

  // Sets the scalar at `path` (whose parent must exist); a new key goes behind all others of its mapping, or, where
  // `before` is not empty and there, before that one. A comment behind the old value stays.
  Status SetScalar(const YamlPath& path, std::string_view value, std::string_view before = {});
  // The same with a number or bool, whose text is taken as it is.
  Status SetPlain(const YamlPath& path, std::string_view text, std::string_view before = {});
  // Removes a key with its value and the comments behind it; nothing where there is none.
  Status Remove(const YamlPath& path);
  // Appends an item, given in block style from column 0 ("cmd: x\ndeps:\n- a\n"), to the list, or a key with such a
  // value to the mapping at `path`.
  Status AppendItem(const YamlPath& path, std::string_view block);
  Status AppendEntry(const YamlPath& path, std::string_view key, std::string_view block);

 private:
  explicit YamlText(std::string text) : text_(std::move(text)) {}
  Status Set(const YamlPath& path, std::string scalar, std::string_view before);
  Status Become(std::string text);
  Status ToBlockStyle(const YamlPath& path);

  std::string text_;
};

}  // namespace pano::data
