#include "infra/cluster/catalogue.h"

#include <algorithm>
#include <vector>

#include "base/closest_name.h"
#include "base/env.h"
#include "base/strings.h"
#include "base/yaml/document.h"
#include "base/yaml/values.h"
#include "infra/cluster/built_in_catalogue.h"

namespace pano::cluster {
namespace {

constexpr size_t kCatalogueBytesMax = 1 << 20;
constexpr size_t kEntriesMax = 4096;

Status ReadFlops(const YAML::Node& node, std::string_view place, Accelerator& out) {
  PANO_RETURN_IF_ERROR(yaml::CheckKeys(node, place, {"f64", "f32", "tf32", "bf16", "f16", "fp8", "fp4", "int8", "int4"}));
  PANO_ASSIGN_OR_RETURN(const auto entries, yaml::Entries(node, place, 16));
  for (const auto& [type, rate] : entries) {
    PANO_ASSIGN_OR_RETURN(const double tera, yaml::Number(rate, yaml::Join(place, type), 1e-6, 1e9));
    out.flops[type] = tera * 1e12;
  }
  if (out.flops.empty()) return yaml::Wrong(node, place, "names no type; expected f32, bf16, f16, fp8 or int8");
  return {};
}

// The node that a device is sold in; what is silent stays unknown.
Status ReadNode(const YAML::Node& node, std::string_view place, Accelerator& out) {
  if (!node["intra"] && !node["inter"] && !node["gpus_per_node"]) return {};
  Fabric fabric;
  PANO_ASSIGN_OR_RETURN(fabric.intra, ReadLink(node["intra"], yaml::Join(place, "intra")));
  PANO_RETURN_IF_ERROR(ReadInter(node["inter"], yaml::Join(place, "inter"), fabric));
  PANO_ASSIGN_OR_RETURN(fabric.gpus_per_node,
                        yaml::Integer(node["gpus_per_node"], yaml::Join(place, "gpus_per_node"), 1, 4096));
  out.fabric = fabric;
  return {};
}

Result<Accelerator> ReadAccelerator(const YAML::Node& node, const std::string& name) {
  const std::string place = yaml::Join("accelerators", name);
  PANO_RETURN_IF_ERROR(yaml::CheckKeys(node, place, {"memory_bytes", "usable", "read_gb_s", "tflops", "source", "usd_hour",
                                                     "product_efficiency", "read_efficiency", "gpus_per_node", "intra", "inter"}));
  Accelerator out;
  out.name = name;
  PANO_ASSIGN_OR_RETURN(out.memory_bytes,
                        yaml::Integer(node["memory_bytes"], yaml::Join(place, "memory_bytes"), 1, int64_t{1} << 60));
  auto optional = [&](const char* key, double least, double most, double& to) -> Status {
    if (!node[key]) return {};
    PANO_ASSIGN_OR_RETURN(to, yaml::Number(node[key], yaml::Join(place, key), least, most));
    return {};
  };
  PANO_RETURN_IF_ERROR(optional("usable", 0.01, 1, out.usable));
  PANO_RETURN_IF_ERROR(optional("product_efficiency", 0.01, 1, out.product_efficiency));
  PANO_RETURN_IF_ERROR(optional("read_efficiency", 0.01, 1, out.read_efficiency));
  PANO_RETURN_IF_ERROR(optional("usd_hour", 0, 1e9, out.usd_hour));
  PANO_ASSIGN_OR_RETURN(const double read, yaml::Number(node["read_gb_s"], yaml::Join(place, "read_gb_s"), 1e-3, 1e9));
  out.read_bytes_s = read * 1e9;
  if (node["source"]) {
    PANO_ASSIGN_OR_RETURN(out.source, yaml::Text(node["source"], yaml::Join(place, "source")));
  }
  PANO_RETURN_IF_ERROR(ReadFlops(node["tflops"], yaml::Join(place, "tflops"), out));
  PANO_RETURN_IF_ERROR(ReadNode(node, place, out));
  return out;
}

Result<Fabric> ReadFabric(const YAML::Node& node, const std::string& name) {
  const std::string place = yaml::Join("fabrics", name);
  PANO_RETURN_IF_ERROR(yaml::CheckKeys(node, place, {"intra", "inter", "source"}));
  Fabric fabric;
  fabric.name = name;
  PANO_ASSIGN_OR_RETURN(fabric.intra, ReadLink(node["intra"], yaml::Join(place, "intra")));
  PANO_RETURN_IF_ERROR(ReadInter(node["inter"], yaml::Join(place, "inter"), fabric));
  return fabric;
}

template <typename Map>
std::vector<std::string_view> Names(const Map& map) {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : map) names.push_back(name);
  return names;
}

template <typename Map>
Status Unknown(std::string_view what, std::string_view name, const Map& map) {
  const auto names = Names(map);
  std::string list;
  for (std::string_view one : names) list += StrCat(list.empty() ? "" : ", ", one);
  return InvalidArgument(StrCat("no ", what, " '", Printable(name), "' is known", DidYouMean(name, names),
                                "; there are ", list, "; a catalogue file (--catalogue) adds others"));
}

// Where a catalogue says nothing of a device's links: PCI Express and one NIC of 100 Gb/s.
Fabric PlainNode() {
  Fabric fabric;
  fabric.gpus_per_node = 8;
  fabric.intra = {5.7e-6, 20e9};
  fabric.inter = {9.6e-6, 12.5e9};
  return fabric;
}

}  // namespace

double Accelerator::Flops(std::string_view type) const {
  for (std::string_view candidate : {type, std::string_view("bf16"), std::string_view("f16"), std::string_view("f32")}) {
    if (candidate == "bf16" && type == "f32") continue;   // f32 products are not done in 16 bits
    if (candidate == "f16" && type == "f32") continue;
    if (const auto it = flops.find(std::string(candidate)); it != flops.end()) return it->second;
  }
  return flops.begin()->second;
}

Result<Catalogue> Catalogue::BuiltIn() {
  Catalogue catalogue;
  PANO_RETURN_IF_ERROR(catalogue.Add(kBuiltInCatalogue, "the built-in catalogue"));
  return catalogue;
}

Status Catalogue::Add(std::string_view text, std::string_view source) {
  Catalogue added = *this;
  const Status status = yaml::ReadDocument(text, {.bytes_max = kCatalogueBytesMax}, [&](const YAML::Node& root) -> Status {
    PANO_RETURN_IF_ERROR(yaml::CheckKeys(root, "", {"accelerators", "fabrics"}));
    PANO_ASSIGN_OR_RETURN(const auto accelerators, yaml::Entries(root["accelerators"], "accelerators", kEntriesMax));
    for (const auto& [name, node] : accelerators) {
      PANO_ASSIGN_OR_RETURN(added.accelerators_[name], ReadAccelerator(node, name));
    }
    if (!root["fabrics"]) return {};
    PANO_ASSIGN_OR_RETURN(const auto fabrics, yaml::Entries(root["fabrics"], "fabrics", kEntriesMax));
    for (const auto& [name, node] : fabrics) {
      PANO_ASSIGN_OR_RETURN(added.fabrics_[name], ReadFabric(node, name));
    }
    return {};
  });
  PANO_RETURN_IF_ERROR(status.Wrap(source));
  *this = std::move(added);
  return {};
}

Status Catalogue::AddFile(const std::string& path) {
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kCatalogueBytesMax + 1).Wrap(path));
  return Add(text, path);
}

Result<Accelerator> Catalogue::FindAccelerator(std::string_view name) const {
  if (const auto it = accelerators_.find(name); it != accelerators_.end()) return it->second;
  for (const auto& [known, accelerator] : accelerators_) {
    if (ToLower(known) == ToLower(name)) return accelerator;
  }
  return Unknown("accelerator", name, accelerators_);
}

Result<Fabric> Catalogue::FindFabric(std::string_view name) const {
  if (const auto it = fabrics_.find(name); it != fabrics_.end()) return it->second;
  return Unknown("fabric", name, fabrics_);
}

Result<Cluster> Catalogue::ParseHardware(std::string_view text) const {
  text = Trim(text);
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  std::string_view name = text;
  int64_t count = 1;
  if (digits > 0 && digits < text.size() && (text[digits] == 'x' || text[digits] == 'X')) {
    const auto number = ParseInt(text.substr(0, digits));
    if (!number || *number < 1 || *number > kRanksMax) {
      return InvalidArgument(StrCat("hardware '", Printable(text), "': ", Printable(text.substr(0, digits)),
                                    " is no number of cards from 1 to ", kRanksMax));
    }
    count = *number;
    name = text.substr(digits + 1);
  }
  if (name.empty()) {
    return InvalidArgument(StrCat("hardware '", Printable(text), "': expected COUNTxDEVICE as 8xA100-80G, cpu, auto, or "
                                  "a cluster file (.yaml)"));
  }
  Cluster cluster;
  PANO_ASSIGN_OR_RETURN(cluster.accelerator, FindAccelerator(name).Wrap(StrCat("hardware '", Printable(text), "'")));
  cluster.fabric = cluster.accelerator.fabric.value_or(PlainNode());
  if (!cluster.accelerator.fabric && count > 1) {
    cluster.assumptions.push_back(StrCat("the catalogue says nothing of ", cluster.accelerator.name,
                                         "'s links: PCI Express at 20 GB/s, nodes of 8, one NIC of 100 Gb/s"));
  }
  const int64_t most = cluster.fabric.gpus_per_node;
  int64_t nodes = (count + most - 1) / most;
  if (count % nodes != 0) {
    return InvalidArgument(StrCat("hardware '", Printable(text), "': ", count, " cards do not fill ", nodes,
                                  " equal nodes of up to ", most, "; a cluster file describes other shapes"));
  }
  cluster.fabric.name = std::string(text);
  cluster.fabric.nodes = nodes;
  cluster.fabric.gpus_per_node = count / nodes;
  cluster.fabric.nics_per_node = std::min(cluster.fabric.nics_per_node, cluster.fabric.gpus_per_node);
  cluster.fabric.leaf_nodes = nodes;
  return cluster;
}

Result<Cluster> Catalogue::ResolveHardware(const std::string& text) const {
  if (!text.ends_with(".yaml") && !text.ends_with(".yml")) return ParseHardware(text);
  PANO_ASSIGN_OR_RETURN(ClusterFile file, ReadCluster(text));
  if (file.accelerator.empty()) {
    return InvalidArgument(StrCat(text, ": accelerator is missing; it names a device of the catalogue"));
  }
  Cluster cluster;
  PANO_ASSIGN_OR_RETURN(cluster.accelerator, FindAccelerator(file.accelerator).Wrap(text));
  cluster.fabric = std::move(file.fabric);
  return cluster;
}

}  // namespace pano::cluster
