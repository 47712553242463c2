#include <cstdio>

#include "base/strings.h"
#include "pano/cli.h"
#include "pano/local_model.h"
#include "pano/model_path.h"
#include "pano/model_report.h"

namespace pano::cli {
namespace {

std::string ValueText(const std::string& key, const json::Value& value) {
  const bool bytes = key.find("bytes") != std::string::npos;
  if (bytes && value.is_number() && value.as_double() >= 1 << 20) {
    char text[64];
    std::snprintf(text, sizeof text, "%.1f MiB", value.as_double() / (1 << 20));
    return text;
  }
  return value.is_string() ? value.as_string() : json::Dump(value);
}

// "label  value" lines; numbers of bytes in units.
void PrintReport(const json::Value& value, const std::string& indent, bool bytes) {
  for (const auto& [key, member] : value.as_object()) {
    if (member.is_object()) {
      std::printf("%s%s\n", indent.c_str(), key.c_str());
      PrintReport(member, indent + "  ", key == "bytes_by_type");
    } else if (key == "tensors") {
      for (const json::Value& tensor : member.as_array()) {
        std::printf("%s%-48s %-5s %s\n", indent.c_str(), tensor.Find("name")->as_string().c_str(),
                    tensor.Find("type")->as_string().c_str(),
                    json::Dump(*tensor.Find("shape")).c_str());
      }
    } else if (member.is_array()) {
      for (const json::Value& item : member.as_array()) {
        std::printf("%s%-22s %s\n", indent.c_str(), key.c_str(), item.as_string().c_str());
      }
    } else {
      std::printf("%s%-22s %s\n", indent.c_str(), key.c_str(),
                  ValueText(bytes ? "bytes" : key, member).c_str());
    }
  }
}

void PrintDifference(const std::string& key, const json::Value& pair) {
  std::printf("%-28s %s -> %s\n", key.c_str(), ValueText(key, *pair.Find("a")).c_str(),
              ValueText(key, *pair.Find("b")).c_str());
}

void PrintComparison(const json::Value& comparison) {
  for (const auto& [key, pair] : comparison.Find("fields")->as_object()) PrintDifference(key, pair);
  const json::Value& tensors = *comparison.Find("tensors");
  std::printf("%-28s %s\n", "equal tensors", json::Dump(*tensors.Find("equal")).c_str());
  for (const auto& [name, pair] : tensors.Find("other_type_or_shape")->as_object()) {
    PrintDifference(name, pair);
  }
  auto list = [&](const char* key, const char* label) {
    for (const json::Value& name : tensors.Find(key)->as_array()) {
      std::printf("%-28s %s\n", label, name.as_string().c_str());
    }
  };
  list("other_values", "other values");
  list("only_a", "only in the first");
  list("only_b", "only in the second");
}

}  // namespace

int RunInspect(const Command& self, Args args) {
  ReportOptions o;
  bool json = false;
  OptionSet options;
  options.Int("context", &o.context, 0, INT64_MAX / 2,
              "State memory for this context in tokens; 0 takes the model's.");
  options.Int("batch", &o.batch, 1, INT32_MAX, "State memory for this many sequences.");
  options.Choice("kv-type", &o.kv_type, kKvTypes, "State memory for keys and values of this type.");
  options.Flag("tensors", &o.tensors, "List every tensor.");
  options.Flag("json", &json, "Print the report as JSON.");
  Positionals paths{
      "PATH", "Model folder, .gguf or .safetensors file, or hf:ORG/NAME. With two, print what differs.", 1, 2, {}};
  if (auto code = Parse(self, options, args, &paths)) return *code;
  for (std::string& path : paths.values) {
    Result<std::string> local = ResolveModel(path);
    if (!local.ok()) return Fail(self, local.error());
    path = *local;
  }
  auto first = format::OpenModel(paths.values[0]);
  if (!first.ok()) return Fail(self, first.error());
  json::Value out;
  const bool compare = paths.values.size() == 2;
  if (compare) {
    auto second = format::OpenModel(paths.values[1]);
    if (!second.ok()) return Fail(self, second.error());
    out = CompareModels(*first, *second, o);
  } else {
    out = DescribeModel(*first, o);
  }
  if (json) {
    json::DumpOptions pretty;
    pretty.indent = 2;
    std::printf("%s\n", json::Dump(out, pretty).c_str());
  } else if (compare) {
    PrintComparison(out);
  } else {
    PrintReport(out, "", false);
  }
  return 0;
}

}  // namespace pano::cli
