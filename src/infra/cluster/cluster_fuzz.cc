// Any bytes as a hardware string, a cluster file and a catalogue.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "infra/cluster/catalogue.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const cluster::Catalogue built_in = cluster::Catalogue::BuiltIn().value();
  const auto hardware = built_in.ParseHardware(text);
  if (hardware.ok()) {
    PANO_CHECK(hardware->fabric.ranks() >= 1 && hardware->fabric.ranks() <= cluster::kRanksMax);
  } else {
    PANO_CHECK(!hardware.error().message().empty());
  }
  const auto file = cluster::ParseCluster(text, "fuzz");
  if (file.ok()) PANO_CHECK(file->fabric.ranks() >= 1 && file->fabric.node_bytes_s() > 0);
  cluster::Catalogue catalogue = built_in;
  if (catalogue.Add(text, "fuzz").ok()) {
    for (const auto& [name, accelerator] : catalogue.accelerators()) PANO_CHECK(accelerator.Flops("fp8") > 0);
  }
  return 0;
}
