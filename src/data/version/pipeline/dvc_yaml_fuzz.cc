// Any bytes as a dvc.yaml, and as each kind of parameter file that it may load.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "data/version/pipeline/param_file.h"
#include "data/version/pipeline/pipeline_file.h"
#include "data/version/pipeline/stage_graph.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto stages =
      pipeline::ParsePipeline(text, "sub/dvc.yaml", "/repo",
                              [&text](const std::string& path) -> Result<std::string> {
                                if (path == "sub/params.yaml")
                                  return std::string("langs: [en, zh]\nn: {a: 1}\n");
                                if (path.ends_with("self.yaml")) return std::string(text);
                                return NotFound(path);
                              },
                              {}, {.stages_max = 200, .items_max = 2000, .bytes_max = 1 << 20});
  if (stages.ok()) {
    std::vector<pipeline::GraphNode> nodes;
    for (const pipeline::Stage& stage : *stages) {
      pipeline::GraphNode node;
      node.name = stage.Address();
      for (const auto& dep : stage.deps) node.reads.push_back(dep.path);
      for (const auto& out : stage.outs) {
        PANO_CHECK(!out.at.outside && !out.at.path.empty());
        PANO_CHECK(("/" + out.at.path + "/").find("/../") == std::string::npos);
        node.makes.push_back(out.at.path);
      }
      nodes.push_back(std::move(node));
    }
    const auto graph = pipeline::StageGraph::Build(std::move(nodes));
    if (graph.ok()) PANO_CHECK(graph->Order({}).size() == graph->nodes().size());
  } else {
    PANO_CHECK(!stages.error().message().empty());
  }
  for (const char* name : {"p.yaml", "p.json", "p.toml", "p.py"}) {
    const auto params = pipeline::ParseParamFile(name, text);
    if (params.ok())
      static_cast<void>(pipeline::FindParam(*params, "a.0.b"));
    else
      PANO_CHECK(params.error().message().starts_with(name));
  }
  return 0;
}
