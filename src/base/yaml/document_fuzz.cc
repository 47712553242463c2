// Any bytes as a document of settings, with every reader of values on each node of it.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/yaml/document.h"
#include "base/yaml/values.h"

namespace {

using namespace pano;

void Visit(const YAML::Node& node, int depth) {
  PANO_CHECK(depth <= 33);
  static_cast<void>(yaml::Text(node, "t").ok());
  static_cast<void>(yaml::Integer(node, "i", -5, 5).ok());
  static_cast<void>(yaml::Number(node, "n", -5, 5).ok());
  static_cast<void>(yaml::Bool(node, "b").ok());
  static_cast<void>(yaml::Texts(node, "l", 8).ok());
  if (node.IsMap()) {
    static_cast<void>(yaml::CheckKeys(node, "k", {"a", "b"}).ok());
    const auto entries = yaml::Entries(node, "m", 64);
    if (!entries.ok()) {
      PANO_CHECK(!entries.error().message().empty());
      return;
    }
    for (const auto& [key, value] : *entries) Visit(value, depth + 1);
  } else if (node.IsSequence()) {
    for (const YAML::Node& entry : node) Visit(entry, depth + 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Status status = yaml::ReadDocument(text, {.bytes_max = 1 << 16, .nodes_max = 1 << 12}, [](const YAML::Node& root) {
    Visit(root, 0);
    return OkStatus();
  });
  PANO_CHECK(status.ok() || !status.message().empty());
  return 0;
}
