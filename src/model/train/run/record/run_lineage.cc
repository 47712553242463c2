#include "model/train/run/record/run_lineage.h"

#include <utility>

#include "base/digest/digest.h"

namespace pano::train {

data::ModelLineage LineageOf(const RunRecord& record, const std::string& base_model) {
  data::ModelLineage lineage;
  lineage.data_version = DataVersion(record.data);
  for (const DataFile& file : record.data) {
    lineage.data.push_back({file.path, file.bytes, file.sha256, file.version});
  }
  lineage.recipe = record.recipe;
  lineage.recipe_sha256 = HexDigest(Digest::kSha256, record.recipe);
  lineage.seed = record.seed;
  lineage.base_model = base_model;
  lineage.build_version = record.version;
  lineage.build_commit = record.commit;
  lineage.started = record.started;
  return lineage;
}

}  // namespace pano::train
