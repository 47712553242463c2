#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "infra/cluster/fabric.h"

namespace pano::cluster {

// A device that computes, as its maker describes it, with what of that is reached.
struct Accelerator {
  std::string name;
  std::string source;           // where the figures come from
  int64_t memory_bytes = 0;
  double usable = 0.94;         // of the memory: the rest is the driver's, the runtime's, and slack of allocators
  double read_bytes_s = 0;      // of its memory
  std::map<std::string, double> flops;  // dense, a second, by type: f32, bf16, f16, fp8, int8
  // Shares of those rates that large products and passes over memory reach.
  double product_efficiency = 0.75;
  double read_efficiency = 0.80;
  double usd_hour = 0;          // 0: not known
  std::optional<Fabric> fabric; // the node that it is usually sold in: gpus_per_node, links

  double capacity() const { return static_cast<double>(memory_bytes) * usable; }
  // The rate of products of `type`: of f16 or f32 where the device has no unit for it.
  double Flops(std::string_view type) const;
};

// A cluster that can be planned on.
struct Cluster {
  Fabric fabric;
  Accelerator accelerator;
  std::vector<std::string> assumptions;  // what nobody said, and what was taken
};

// Devices and fabrics by name: what the program knows, and what files add. A value.
class Catalogue {
 public:
  // What stands in infra/planner/catalogue.yaml.
  static Result<Catalogue> BuiltIn();

  // Adds what `text` (YAML) describes; an entry of the same name is replaced.
  Status Add(std::string_view text, std::string_view source);
  Status AddFile(const std::string& path);

  // InvalidArgument that names what there is.
  Result<Accelerator> FindAccelerator(std::string_view name) const;
  // "100gbe": links of a fabric whose counts are the caller's.
  Result<Fabric> FindFabric(std::string_view name) const;

  // "8xA100-80G" or "A100-80G": nodes of as many cards as that device is sold in, joined by its links. Up to
  // kRanksMax cards that fill equal nodes.
  Result<Cluster> ParseHardware(std::string_view text) const;
  // The same, or the path of a cluster file (one that ends in .yaml or .yml).
  Result<Cluster> ResolveHardware(const std::string& text) const;

  const std::map<std::string, Accelerator, std::less<>>& accelerators() const { return accelerators_; }

 private:
  std::map<std::string, Accelerator, std::less<>> accelerators_;
  std::map<std::string, Fabric, std::less<>> fabrics_;
};

}  // namespace pano::cluster
