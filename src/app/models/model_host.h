#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/models/model_version.h"
#include "base/mutex.h"
#include "base/result.h"

namespace pano::models {

// One to three segments of [A-Za-z0-9._-]{1,64}, joined by '/': "llama", "org/name". None is "." or
// "..", which URLs and paths understand otherwise.
bool IsModelId(std::string_view text);

// Another name of a model: any text, such as "llama3:8b". A value.
struct ModelAlias {
  static constexpr size_t kNameBytesMax = 256;
  std::string name;
  std::string target;  // id or id@version
};

// What is served: ids, their versions, and which of them a request means. Thread-safe.
class ModelHost {
 public:
  // AlreadyExists when that version of that id is there.
  Status Add(ModelVersionPtr version);

  // NotFound when nobody has the target's name; AlreadyExists when somebody has the alias.
  Status AddAlias(ModelAlias alias);
  // From now on Find takes any name that is not known for the only model's. InvalidArgument when
  // there are several.
  Status AnswerAnyName();

  // Which models, by id, whoever asks may see; the others do not exist for them, and no failure shows
  // them. Empty: all. It is called under the host's lock.
  using Visible = std::function<bool(std::string_view id)>;

  // `name` is an alias, an id (its highest version answers) or id@version; "" means the only model
  // there is. NotFound; InvalidArgument when "" could mean several.
  Result<ModelVersionPtr> Find(std::string_view name, const Visible& visible = {}) const;
  Result<ModelVersionPtr> Find(std::string_view id, std::string_view version,
                               const Visible& visible = {}) const;

  // All versions, by id, then by version.
  std::vector<ModelVersionPtr> List() const;
  // Versions of one id, lowest first; empty when there is none.
  std::vector<ModelVersionPtr> Versions(std::string_view id) const;
  // Other names of one id, by name.
  std::vector<std::string> Aliases(std::string_view id) const;

 private:
  // Numbers by value, anything else after them by text.
  struct VersionLess {
    bool operator()(const std::string& a, const std::string& b) const;
  };
  using VersionMap = std::map<std::string, ModelVersionPtr, VersionLess>;

  Status NoModel(std::string_view name, const Visible& visible) const PANO_REQUIRES(mu_);
  Result<ModelVersionPtr> FindOnly(const Visible& visible) const PANO_REQUIRES(mu_);
  Result<ModelVersionPtr> FindKnown(std::string_view name, const Visible& visible) const
      PANO_REQUIRES(mu_);

  mutable Mutex mu_;
  std::map<std::string, VersionMap, std::less<>> models_ PANO_GUARDED_BY(mu_);
  std::map<std::string, ModelVersionPtr, std::less<>> aliases_ PANO_GUARDED_BY(mu_);
  bool any_name_ PANO_GUARDED_BY(mu_) = false;
};

}  // namespace pano::models
