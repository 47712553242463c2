#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "app/models/generator.h"
#include "app/models/testing/fake_engine.h"
#include "app/repository/repository.h"
#include "base/strings.h"
#include "base/testing/file_tree.h"

namespace pano::repository::testing {

// Reads "models" and adapters whose weights are the text of their file: "bad" does not load. Loads may be held.
// Thread-safe.
class FakeLoader {
 public:
  explicit FakeLoader(MemoryEnv& env) : env_(env) {}

  Result<models::ModelVersionPtr> Load(const LoadJob& job) {
    {
      std::unique_lock lock(mu_);
      begun_.push_back(job.target.FullName());
      changed_.notify_all();
      changed_.wait(lock, [&] { return !held_; });
    }
    const char* const file = job.base ? "/adapter_model.safetensors" : "/model.safetensors";
    Result<std::string> weights = ReadFile(job.path + file, 1 << 20, env_);
    if (!weights.ok()) return weights.error();
    if (*weights == "bad") return Corruption("the header is cut short");
    auto version = std::make_shared<models::Generator>();
    version->id = job.target.id;
    version->version = job.target.version;
    version->path = job.path;
    version->label = job.only_version ? job.target.id : job.target.FullName();
    version->weight_bytes = weights->size();
    if (job.base) {
      version->parent = job.base->id;
      version->engine = job.base->AsGenerator()->engine;
      version->base = std::shared_ptr<const models::Generator>(job.base, job.base->AsGenerator());
      return models::ModelVersionPtr(std::move(version));
    }
    auto engine = std::make_unique<models::testing::FakeEngine>();
    std::lock_guard lock(mu_);
    engines_[job.target.FullName()] = engine.get();
    version->engine = std::move(engine);
    return models::ModelVersionPtr(std::move(version));
  }
  void Hold(bool held) {
    std::lock_guard lock(mu_);
    held_ = held;
    changed_.notify_all();
  }
  std::vector<std::string> begun() {
    std::lock_guard lock(mu_);
    return begun_;
  }

 private:
  MemoryEnv& env_;
  std::mutex mu_;
  std::condition_variable changed_;
  bool held_ = false;
  std::vector<std::string> begun_;
  std::map<std::string, models::testing::FakeEngine*> engines_;
};

// A repository over files in memory. Time moves in Until, a little at a time. Confined to the test's thread.
class RepositoryTest : public ::testing::Test {
 protected:
  RepositoryTest() : loader_(env_) { (void)env_.MakeFolder("/m"); }
  ~RepositoryTest() override {
    loader_.Hold(false);
    repository_.reset();
  }

  void Start(Options options = {}) {
    if (options.adapters.empty()) options.folder = "/m";
    Hooks hooks{.load = [this](const LoadJob& job) { return loader_.Load(job); },
                .configure = [this](const models::ModelVersionPtr& v, const model_settings::ModelSettings& settings) {
                  std::lock_guard lock(mu_);
                  temperatures_[v->FullName()] = settings.defaults.temperature.value_or(-1);
                },
                .unloaded = [this](const models::ModelVersion& v) {
                  std::lock_guard lock(mu_);
                  unloaded_.push_back(v.FullName());
                }};
    auto started = Repository::Start(std::move(options), std::move(hooks), host_, env_, clock_,
                                     [this](const std::string& path) {
                                       std::lock_guard lock(mu_);
                                       const auto inode = inodes_.find(path);
                                       return FileStamp{.inode = inode == inodes_.end() ? 0 : inode->second};
                                     });
    ASSERT_TRUE(started.ok());
    repository_ = std::move(started).value();
  }
  void Put(const std::string& folder, const std::string& weights = "weights") {
    PutFile(env_, folder + "/config.json", "{}");
    PutFile(env_, folder + "/model.safetensors", weights);
  }

  void PutAdapter(const std::string& folder, const std::string& weights = "ab") {
    PutFile(env_, folder + "/adapter_config.json", "{}");
    PutFile(env_, folder + "/adapter_model.safetensors", weights);
  }

  template <typename Condition>
  bool Until(Condition condition, Duration most = std::chrono::seconds(60)) {
    for (Duration passed{}; passed < most; passed += std::chrono::milliseconds(100)) {
      for (int i = 0; i < 3; ++i) {
        if (condition()) return true;
        std::this_thread::sleep_for(std::chrono::microseconds(500));
      }
      clock_.Advance(std::chrono::milliseconds(100));
    }
    return condition();
  }
  models::VersionStatus Of(const std::string& id, const std::string& version = "1") {
    for (const models::VersionStatus& one : repository_->Versions(id)) {
      if (one.target.version == version) return one;
    }
    return {.target = {}, .reason = "not listed"};
  }
  bool Is(const std::string& id, models::LoadState state, const std::string& version = "1") {
    return Of(id, version).target.id == id && Of(id, version).state == state;
  }
  bool Ready(const std::string& id, const std::string& version = "1") { return Is(id, models::LoadState::kReady, version); }
  std::vector<std::string> unloaded() {
    std::lock_guard lock(mu_);
    return unloaded_;
  }

  // What a call was answered, once it was.
  using Answer = std::shared_ptr<std::optional<models::ModelCatalog::Refusal>>;
  models::ModelCatalog::Done Keep(Answer& answer) {
    answer = std::make_shared<std::optional<models::ModelCatalog::Refusal>>();
    return [this, answer](models::ModelCatalog::Refusal refusal) {
      std::lock_guard lock(mu_);
      *answer = std::move(refusal);
    };
  }
  bool Answered(const Answer& answer) {
    std::lock_guard lock(mu_);
    return answer->has_value();
  }
  Answer Await(const std::string& id, const std::string& version = "1") {
    Answer answer;
    repository_->Await({id, version}, Keep(answer));
    return answer;
  }

  MemoryEnv env_;
  ManualClock clock_;
  FakeLoader loader_;
  models::ModelHost host_;
  std::mutex mu_;
  std::vector<std::string> unloaded_;
  std::map<std::string, uint64_t> inodes_;  // of files
  std::map<std::string, double> temperatures_;  // that versions were configured with
  std::unique_ptr<Repository> repository_;
};

}  // namespace pano::repository::testing
