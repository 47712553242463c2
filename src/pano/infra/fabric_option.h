#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/options.h"
#include "base/result.h"
#include "infra/cluster/fabric.h"

namespace pano::infra {

// The cluster that a command simulates, as its options say.
struct FabricOption {
  std::string fabric;   // a file, or a name of the catalogue
  std::optional<int64_t> nodes, gpus, leaf_nodes, nics;
  std::optional<double> oversubscription;

  void Declare(OptionSet& set);
  // InvalidArgument for what is no cluster or is missing.
  Result<cluster::Fabric> Resolve() const;
};

}  // namespace pano::infra
