#include "pano/infra/fabric_option.h"

#include "base/env.h"
#include "base/strings.h"
#include "infra/cluster/catalogue.h"

namespace pano::infra {

void FabricOption::Declare(OptionSet& set) {
  set.String("fabric", &fabric, "The cluster's network: a YAML file, or a name such as 100gbe with --nodes and --gpus", "FILE|NAME")
      .MaybeInt("nodes", &nodes, 1, cluster::kRanksMax, "Nodes")
      .MaybeInt("gpus", &gpus, 1, 4096, "Cards in each node")
      .MaybeInt("leaf-nodes", &leaf_nodes, 1, cluster::kRanksMax, "Nodes under one leaf switch (default: the file's, else all)")
      .MaybeDouble("oversubscription", &oversubscription, 1, 1e6, "What the nodes of a leaf can send, over what its uplink carries")
      .MaybeInt("nics", &nics, 1, 4096, "NICs of each node");
}

Result<cluster::Fabric> FabricOption::Resolve() const {
  if (fabric.empty()) return InvalidArgument("--fabric is missing: a file, or a name such as 100gbe");
  cluster::Fabric out;
  if (fabric.ends_with(".yaml") || fabric.ends_with(".yml") || FileExists(fabric)) {
    PANO_ASSIGN_OR_RETURN(const cluster::ClusterFile file, cluster::ReadCluster(fabric));
    out = file.fabric;
    if (nodes && *nodes != out.nodes && !leaf_nodes && out.leaf_nodes == out.nodes) out.leaf_nodes = *nodes;  // a flat one stays flat
  } else {
    PANO_ASSIGN_OR_RETURN(const cluster::Catalogue catalogue, cluster::Catalogue::BuiltIn());
    PANO_ASSIGN_OR_RETURN(out, catalogue.FindFabric(fabric));
    if (!nodes || !gpus) return InvalidArgument(StrCat("--fabric ", fabric, " needs --nodes and --gpus"));
    out.leaf_nodes = *nodes;
  }
  out.nodes = nodes.value_or(out.nodes);
  out.gpus_per_node = gpus.value_or(out.gpus_per_node);
  out.leaf_nodes = leaf_nodes.value_or(out.leaf_nodes);
  out.oversubscription = oversubscription.value_or(out.oversubscription);
  out.nics_per_node = nics.value_or(out.nics_per_node);
  if (out.nodes > cluster::kRanksMax / out.gpus_per_node) {
    return InvalidArgument(StrCat(out.nodes, " nodes of ", out.gpus_per_node, " are more than ", cluster::kRanksMax, " cards"));
  }
  return out;
}

}  // namespace pano::infra
