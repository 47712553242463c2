#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/models/model_version.h"
#include "base/mutex.h"
#include "base/result.h"

namespace pano::models {

// [A-Za-z0-9._-]{1,64}
bool IsModelId(std::string_view text);

// What is served: ids, their versions, and which of them a request means. Thread-safe.
class ModelHost {
 public:
  // AlreadyExists when that version of that id is there.
  Status Add(ModelVersionPtr version);

  // `name` is an id (its highest version answers) or id@version; "" means the only model there is.
  // NotFound; InvalidArgument when "" could mean several.
  Result<ModelVersionPtr> Find(std::string_view name) const;
  Result<ModelVersionPtr> Find(std::string_view id, std::string_view version) const;

  // All versions, by id, then by version.
  std::vector<ModelVersionPtr> List() const;
  // Versions of one id, lowest first; empty when there is none.
  std::vector<ModelVersionPtr> Versions(std::string_view id) const;

 private:
  // Numbers by value, anything else after them by text.
  struct VersionLess {
    bool operator()(const std::string& a, const std::string& b) const;
  };
  using VersionMap = std::map<std::string, ModelVersionPtr, VersionLess>;

  mutable Mutex mu_;
  std::map<std::string, VersionMap, std::less<>> models_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano::models
