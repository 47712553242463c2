#include "infra/cluster/fabric.h"

#include "base/env.h"
#include "base/strings.h"
#include "base/yaml/document.h"
#include "base/yaml/values.h"

namespace pano::cluster {
namespace {

constexpr double kAlphaUsMax = 1e7;   // ten seconds
constexpr double kRateMax = 1e9;      // GB/s
constexpr double kRateMin = 1e-6;

Result<double> Microseconds(const YAML::Node& node, std::string_view place) {
  PANO_ASSIGN_OR_RETURN(const double us, yaml::Number(node, place, 0, kAlphaUsMax));
  return us * 1e-6;
}

Status ReadSwitch(const YAML::Node& node, Fabric& fabric) {
  PANO_RETURN_IF_ERROR(yaml::CheckKeys(node, "switch", {"alpha_us", "levels"}));
  if (node["alpha_us"]) {
    PANO_ASSIGN_OR_RETURN(fabric.switch_alpha_s, Microseconds(node["alpha_us"], "switch.alpha_us"));
  }
  if (node["levels"]) {
    PANO_ASSIGN_OR_RETURN(fabric.switch_levels, yaml::Integer(node["levels"], "switch.levels", 1, 64));
  }
  return {};
}

Status ReadRoot(const YAML::Node& root, ClusterFile& file) {
  PANO_RETURN_IF_ERROR(yaml::CheckKeys(root, "", {"name", "accelerator", "nodes", "gpus_per_node", "intra", "inter",
                                                  "leaf_nodes", "oversubscription", "switch"}));
  Fabric& fabric = file.fabric;
  if (root["name"]) {
    PANO_ASSIGN_OR_RETURN(fabric.name, yaml::Text(root["name"], "name"));
  }
  if (root["accelerator"]) {
    PANO_ASSIGN_OR_RETURN(file.accelerator, yaml::Text(root["accelerator"], "accelerator"));
  }
  PANO_ASSIGN_OR_RETURN(fabric.nodes, yaml::Integer(root["nodes"], "nodes", 1, kRanksMax));
  PANO_ASSIGN_OR_RETURN(fabric.gpus_per_node, yaml::Integer(root["gpus_per_node"], "gpus_per_node", 1, 4096));
  if (fabric.ranks() > kRanksMax) {
    return yaml::Wrong(root, "nodes", StrCat(fabric.nodes, " nodes of ", fabric.gpus_per_node, " are more than ",
                                             kRanksMax, " cards"));
  }
  PANO_ASSIGN_OR_RETURN(fabric.intra, ReadLink(root["intra"], "intra"));
  PANO_RETURN_IF_ERROR(ReadInter(root["inter"], "inter", fabric));
  fabric.leaf_nodes = fabric.nodes;
  if (root["leaf_nodes"]) {
    PANO_ASSIGN_OR_RETURN(fabric.leaf_nodes, yaml::Integer(root["leaf_nodes"], "leaf_nodes", 1, kRanksMax));
  }
  if (root["oversubscription"]) {
    PANO_ASSIGN_OR_RETURN(fabric.oversubscription, yaml::Number(root["oversubscription"], "oversubscription", 1, 1e6));
  }
  return root["switch"] ? ReadSwitch(root["switch"], fabric) : OkStatus();
}

}  // namespace

Result<Link> ReadLink(const YAML::Node& node, std::string_view place) {
  if (!node) return yaml::Wrong(node, place, "is missing; it is a mapping with alpha_us and gb_s");
  PANO_RETURN_IF_ERROR(yaml::CheckKeys(node, place, {"alpha_us", "gb_s"}));
  Link link;
  PANO_ASSIGN_OR_RETURN(link.alpha_s, Microseconds(node["alpha_us"], yaml::Join(place, "alpha_us")));
  PANO_ASSIGN_OR_RETURN(const double rate, yaml::Number(node["gb_s"], yaml::Join(place, "gb_s"), kRateMin, kRateMax));
  link.bytes_s = rate * 1e9;
  return link;
}

Status ReadInter(const YAML::Node& node, std::string_view place, Fabric& fabric) {
  if (!node) return yaml::Wrong(node, place, "is missing; it is a mapping with alpha_us, gb_s and nics_per_node");
  PANO_RETURN_IF_ERROR(yaml::CheckKeys(node, place, {"alpha_us", "gb_s", "nics_per_node"}));
  PANO_ASSIGN_OR_RETURN(fabric.inter.alpha_s, Microseconds(node["alpha_us"], yaml::Join(place, "alpha_us")));
  PANO_ASSIGN_OR_RETURN(const double rate, yaml::Number(node["gb_s"], yaml::Join(place, "gb_s"), kRateMin, kRateMax));
  fabric.inter.bytes_s = rate * 1e9;
  fabric.nics_per_node = 1;
  if (node["nics_per_node"]) {
    PANO_ASSIGN_OR_RETURN(fabric.nics_per_node,
                          yaml::Integer(node["nics_per_node"], yaml::Join(place, "nics_per_node"), 1, 4096));
  }
  return {};
}

Result<ClusterFile> ParseCluster(std::string_view text, std::string_view source) {
  ClusterFile file;
  const Status status = yaml::ReadDocument(text, {.bytes_max = kFabricBytesMax, .nodes_max = 4096},
                                           [&](const YAML::Node& root) { return ReadRoot(root, file); });
  PANO_RETURN_IF_ERROR(status.Wrap(source));
  return file;
}

Result<ClusterFile> ReadCluster(const std::string& path) {
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kFabricBytesMax + 1).Wrap(path));
  return ParseCluster(text, path);
}

}  // namespace pano::cluster
