#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "app/models/model_catalog.h"

namespace pano::api::testing {

// A catalog that a test fills by hand; calls wait until the test answers them. Confined to its test's
// thread.
class FakeCatalog final : public models::ModelCatalog {
 public:
  struct Asked {
    std::string what;  // "await m@1", "load m@", "unload m@2"
    Done done;
  };

  std::vector<models::VersionStatus> List() const override {
    ++looks;
    return versions;
  }
  bool Keeps(const models::ModelTarget& target) const override {
    return std::any_of(versions.begin(), versions.end(),
                       [&](const models::VersionStatus& one) { return one.target == target; });
  }
  std::vector<models::VersionStatus> Versions(std::string_view id) const override {
    ++looks;
    std::vector<models::VersionStatus> of_model;
    for (const models::VersionStatus& one : versions) {
      if (one.target.id == id) of_model.push_back(one);
    }
    return of_model;
  }
  void Await(const models::ModelTarget& target, Done done) override {
    asked.push_back({"await " + target.FullName(), std::move(done)});
  }
  void Load(const std::string& id, const std::string& version, Done done) override {
    asked.push_back({"load " + id + "@" + version, std::move(done)});
  }
  void Unload(const std::string& id, const std::string& version, Done done) override {
    asked.push_back({"unload " + id + "@" + version, std::move(done)});
  }

  std::vector<models::VersionStatus> versions;
  std::vector<Asked> asked;
  mutable int looks = 0;  // how often somebody looked at versions
};

}  // namespace pano::api::testing
