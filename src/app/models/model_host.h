#pragma once

#include <functional>
#include <map>
#include <set>
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

// One version of one model, loaded or not. A value.
struct ModelTarget {
  std::string id;
  std::string version;
  std::string FullName() const { return id + "@" + version; }
  bool operator==(const ModelTarget&) const = default;
};

// Which version answers a request that names a label ("id@canary") or none. A value.
struct VersionRoutes {
  std::map<std::string, std::string, std::less<>> labels = {};  // label -> version
  struct Share {
    std::string version;
    int percent = 0;
  };
  // Of requests that name no version; the rest goes to the label "stable". Empty: all of them.
  std::vector<Share> shares = {};
};

// Another name of a model: any text, such as "llama3:8b". A value.
struct ModelAlias {
  static constexpr size_t kNameBytesMax = 256;
  std::string name;
  std::string target;  // id or id@version
};

// What is served: ids, their versions, and which of them a request means. A version may be known
// without being loaded: then it is found by Resolve and not by Find. Thread-safe.
class ModelHost {
 public:
  // AlreadyExists when that version of that id is there.
  Status Add(ModelVersionPtr version);

  // The same, in place of a version of that name: the one that was there, or null.
  ModelVersionPtr Put(ModelVersionPtr version);
  // Takes a version out of service; it stays known. Null when it was not served.
  ModelVersionPtr Remove(const ModelTarget& target);
  // The versions that exist beside those that are loaded, and what labels mean. With neither versions
  // nor loaded ones the id is forgotten. `parent`: of an adapter, the model that it changes; its versions and
  // labels are that one's.
  void SetKnown(const std::string& id, std::vector<std::string> versions, VersionRoutes routes,
                std::string parent = {});

  // NotFound when nobody has the target's name; AlreadyExists when somebody has the alias.
  Status AddAlias(ModelAlias alias);
  // From now on Find takes any name that is not known for the only model's. InvalidArgument when
  // there are several.
  Status AnswerAnyName();

  // Which models, by id, whoever asks may see; the others do not exist for them, and no failure shows
  // them. Empty: all. It is called under the host's lock.
  using Visible = std::function<bool(std::string_view id)>;

  // `name` is an alias, an id, id@version or id@label; "" means the only model there is. An id without
  // a version means the label "stable" where there is one, else the highest version that is loaded. Of an adapter of
  // which none is, that of the version which its model's name means.
  // With shares, `sticky` (who asks: a user, a session) chooses: the same text, the same version; ""
  // takes no part. NotFound; InvalidArgument when "" could mean several.
  Result<ModelTarget> Resolve(std::string_view name, const Visible& visible = {},
                              std::string_view sticky = {}) const;
  // `version` may be a label, too.
  Result<ModelTarget> Resolve(std::string_view id, std::string_view version,
                              const Visible& visible = {}) const;
  // Whether `name` itself says which version is meant: as id@version or id@label, or as an alias of such.
  bool NamesVersion(std::string_view name, const Visible& visible = {}) const;
  // The same where that version is loaded; else Unavailable, "model_not_loaded".
  Result<ModelVersionPtr> Find(std::string_view name, const Visible& visible = {},
                               std::string_view sticky = {}) const;
  Result<ModelVersionPtr> Find(std::string_view id, std::string_view version,
                               const Visible& visible = {}) const;

  // All versions that are loaded, by id, then by version.
  std::vector<ModelVersionPtr> List() const;
  // Those of one id, lowest first; empty when there is none.
  std::vector<ModelVersionPtr> Versions(std::string_view id) const;
  // Other names of one id, by name.
  std::vector<std::string> Aliases(std::string_view id) const;

 private:
  // Numbers by value, anything else after them by text.
  struct VersionLess {
    bool operator()(const std::string& a, const std::string& b) const;
  };
  using VersionMap = std::map<std::string, ModelVersionPtr, VersionLess>;

  struct Model {
    VersionMap loaded;
    std::set<std::string, VersionLess> known;  // beside those
    VersionRoutes routes;
    std::string parent;  // of an adapter that is known
    bool is_adapter() const {
      return !parent.empty() || (!loaded.empty() && !loaded.begin()->second->parent.empty());
    }
  };
  using ModelMap = std::map<std::string, Model, std::less<>>;

  Status NoModel(std::string_view name, const Visible& visible) const PANO_REQUIRES(mu_);
  Result<ModelTarget> ResolveLocked(std::string_view name, const Visible& visible,
                                    std::string_view sticky) const PANO_REQUIRES(mu_);
  Result<ModelTarget> ResolveOnly(const Visible& visible, std::string_view sticky) const
      PANO_REQUIRES(mu_);
  Result<ModelTarget> ResolveKnown(std::string_view name, const Visible& visible,
                                   std::string_view sticky) const PANO_REQUIRES(mu_);
  Result<ModelTarget> ResolveVersion(ModelMap::const_iterator model, std::string_view version,
                                     const Visible& visible) const PANO_REQUIRES(mu_);
  Result<ModelVersionPtr> Loaded(const ModelTarget& target) const PANO_REQUIRES(mu_);
  // The version that answers where none is named.
  std::string DefaultVersion(const std::string& id, const Model& model, std::string_view sticky) const
      PANO_REQUIRES(mu_);

  mutable Mutex mu_;
  ModelMap models_ PANO_GUARDED_BY(mu_);
  std::map<std::string, std::string, std::less<>> aliases_ PANO_GUARDED_BY(mu_);  // to targets
  bool any_name_ PANO_GUARDED_BY(mu_) = false;
};

}  // namespace pano::models
