// Reads an adapter over its base and writes it again: rewrite-adapter MODEL ADAPTER OUT. What lies in
// OUT is ours alone, for another program to read (peft.sh).
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "base/env.h"
#include "model/adapter/adapter.h"
#include "model/adapter/write_adapter.h"
#include "model/format/weights.h"

namespace {

using namespace pano;

Status Rewrite(const std::string& model, const std::string& folder, const std::string& out) {
  PANO_ASSIGN_OR_RETURN(const format::ModelFiles files, format::OpenModel(model));
  PANO_ASSIGN_OR_RETURN(auto base, adapter::BaseModules::Of(files));
  PANO_ASSIGN_OR_RETURN(const auto read, adapter::LoadAdapter(folder, std::move(base)));
  std::vector<format::TensorStream> tensors;
  for (const adapter::ModuleChange& change : read->changes()) {
    const auto add = [&](const tensor::TensorView* view, const char* part) {
      if (view) tensors.push_back(format::StreamOf(adapter::AdapterKey(change.name, part), *view));
    };
    const bool embedding = change.module->kind == adapter::ModuleKind::kEmbedding;
    add(change.a, embedding ? "lora_embedding_A" : "lora_A.weight");
    add(change.b, embedding ? "lora_embedding_B" : "lora_B.weight");
    add(change.b_bias, "lora_B.bias");
    add(change.magnitude, "lora_magnitude_vector");
    add(change.weight, change.low_rank() ? "base_layer.weight" : "weight");
    add(change.bias, change.low_rank() ? "base_layer.bias" : "bias");
    add(change.tokens, "token_adapter.trainable_tokens_delta");
  }
  PANO_RETURN_IF_ERROR(Env::Real().MakeFolder(out));
  return adapter::WriteAdapter(out, read->config(), std::move(tensors));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: pano-rewrite-adapter MODEL ADAPTER OUT\n");
    return 2;
  }
  const Status status = Rewrite(argv[1], argv[2], argv[3]);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}
