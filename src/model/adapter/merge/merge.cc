#include "model/adapter/merge/merge.h"

#include <utility>
#include <vector>

#include "base/json.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/adapter/adapter.h"
#include "model/adapter/merge/base_folder.h"
#include "model/adapter/merge/merge_plan.h"
#include "model/convert/output.h"
#include "model/format/safetensors_write.h"
#include "model/format/weights.h"
#include "model/nn/families/family.h"

namespace pano::adapter {
namespace {

constexpr size_t kConfigBytesMax = 16u << 20;
constexpr const char* kTied = "tie_word_embeddings";

Result<std::string> ConfigText(const format::ModelFiles& files, bool untied) {
  const std::string path = JoinPath(files.path, "config.json");
  if (!untied) return ReadFile(path, kConfigBytesMax);
  format::ModelFiles apart;
  apart.path = files.path;
  apart.config = files.config;
  apart.config.Set(kTied, false);
  PANO_ASSIGN_OR_RETURN(const nn::FamilyConfig family, nn::ReadFamilyConfig(apart));
  if (family.config.tied_embeddings) {
    return Unimplemented(StrCat(path, ": the embedding and the head of '",
                                family.config.architecture,
                                "' cannot be taken apart, which the adapter asks for"));
  }
  return json::Dump(apart.config, {.indent = 2}) + "\n";
}

// Whether a shard is where the tensors of `plan.added` belong: behind the embedding.
bool HoldsEmbedding(const BaseFolder::Shard& shard, const MergePlan& plan) {
  for (const format::NamedTensor& tensor : shard.contents.file.tensors) {
    if (tensor.name == plan.embedding) return true;
  }
  return false;
}

// What made the merged model is what made the adapter (docs/formats/lineage.md). The base's own
// lineage does not stand for it: the data that the adapter learnt from would be missing.
Status CopyLineage(const std::string& adapter, convert::FolderWriter& folder, Env& env) {
  constexpr char kName[] = "lineage.json";
  constexpr size_t kBytesMax = 16u << 20;
  const Result<std::string> text = ReadFile(JoinPath(adapter, kName), kBytesMax, env);
  if (text.ok()) return folder.Write(kName, *text);
  return text.error().code() == StatusCode::kNotFound ? Status() : text.error();
}

class Merger {
 public:
  Merger(const format::ModelFiles& files, const BaseFolder& base, std::string adapter,
         MergePlan& plan, Env& env)
      : files_(files), base_(base), adapter_(std::move(adapter)), plan_(plan), env_(env) {}

  // Everything but the commit.
  Status Write(convert::FolderWriter& folder, MergeReport& report) {
    PANO_ASSIGN_OR_RETURN(const std::string config, ConfigText(files_, !plan_.embedding.empty()));
    PANO_RETURN_IF_ERROR(folder.Create());
    PANO_RETURN_IF_ERROR(CopyCompanions(base_.path, folder.path(), env_));
    PANO_RETURN_IF_ERROR(CopyLineage(adapter_, folder, env_));
    PANO_RETURN_IF_ERROR(folder.Write("config.json", config));
    json::Value index = base_.index;
    for (const BaseFolder::Shard& shard : base_.shards) {
      PANO_RETURN_IF_ERROR(WriteShard(shard, folder.path(), index, report));
    }
    if (index.is_object()) {
      PANO_RETURN_IF_ERROR(folder.Write("model.safetensors.index.json",
                                        json::Dump(index, {.indent = 2}) + "\n"));
    }
    return files_.weights->CheckUnchanged();
  }

 private:
  Status WriteShard(const BaseFolder::Shard& shard, const std::string& folder, json::Value& index,
                    MergeReport& report) {
    std::vector<format::TensorStream> streams;
    for (const format::NamedTensor& tensor : shard.contents.file.tensors) {
      const auto changed = plan_.changed.find(tensor.name);
      report.merged += changed != plan_.changed.end() ? 1 : 0;
      streams.push_back(changed != plan_.changed.end()
                            ? std::move(changed->second)
                            : format::StreamOf(tensor.name, tensor.view));
    }
    if (!plan_.added.empty() && HoldsEmbedding(shard, plan_)) {
      for (auto& [name, stream] : plan_.added) {
        PANO_RETURN_IF_ERROR(AddToIndex(name, stream, shard.name, index));
        ++report.merged;
        streams.push_back(std::move(stream));
      }
      plan_.added.clear();
    }
    for (const format::TensorStream& stream : streams) {
      PANO_ASSIGN_OR_RETURN(const size_t bytes, tensor::ByteSize(stream.dtype, stream.shape));
      report.bytes += bytes;
    }
    report.tensors += streams.size();
    format::GuardSource(*files_.weights, streams);
    return format::StreamSafetensors(JoinPath(folder, shard.name), streams,
                                     MetadataOf(shard.contents), env_);
  }

  static Status AddToIndex(const std::string& name, const format::TensorStream& stream,
                           const std::string& file, json::Value& index) {
    if (!index.is_object()) return {};
    json::Value map = *index.Find("weight_map");  // ParseWeightMap saw it
    map.Set(name, file);
    index.Set("weight_map", std::move(map));
    const json::Value* metadata = index.Find("metadata");
    const json::Value* total = metadata ? metadata->Find("total_size") : nullptr;
    if (!total || !total->is_int()) return {};
    PANO_ASSIGN_OR_RETURN(const size_t bytes, tensor::ByteSize(stream.dtype, stream.shape));
    json::Value changed = *metadata;
    changed.Set("total_size", total->as_int() + static_cast<int64_t>(bytes));
    index.Set("metadata", std::move(changed));
    return {};
  }

  const format::ModelFiles& files_;
  const BaseFolder& base_;
  const std::string adapter_;  // its folder
  MergePlan& plan_;
  Env& env_;
};

}  // namespace

Result<MergeReport> Merge(const MergeRequest& request, ComputePool& pool, Env& env) {
  PANO_RETURN_IF_ERROR(convert::FolderWriter::Check(request.out, request.overwrite));
  PANO_ASSIGN_OR_RETURN(const format::ModelFiles files, format::OpenModel(request.model));
  if (files.kind != format::ModelFiles::Kind::kHuggingFace) {
    return Unimplemented(StrCat(request.model,
                                ": adapters are merged into Hugging Face folders only; give the "
                                "folder that this file was made from"));
  }
  PANO_ASSIGN_OR_RETURN(auto modules, BaseModules::Of(files));
  PANO_ASSIGN_OR_RETURN(auto adapter, LoadAdapter(request.adapter, std::move(modules)));
  Result<std::unique_ptr<MergePlan>> plan = PlanMerge(*adapter, files, pool);
  if (!plan.ok()) return plan.error().Wrap(request.adapter);
  PANO_ASSIGN_OR_RETURN(const BaseFolder base, OpenBaseFolder(request.model));
  MergeReport report;
  report.untied = !(*plan)->embedding.empty();
  const json::Value* architecture = files.config.Find("model_type");
  if (architecture && architecture->is_string()) report.architecture = architecture->as_string();
  convert::FolderWriter folder(request.out, env);
  PANO_RETURN_IF_ERROR(Merger(files, base, request.adapter, **plan, env).Write(folder, report));
  PANO_RETURN_IF_ERROR(adapter->CheckUnchanged());
  PANO_RETURN_IF_ERROR(folder.Commit());
  return report;
}

}  // namespace pano::adapter
