#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "app/batches/batch_store.h"

namespace pano::batches::testing {

// A store in a folder that goes with the test. Confined to its test's thread.
class TemporaryStore {
 public:
  explicit TemporaryStore(BatchStore::Options options = {}) : options_(options) {
    std::string pattern = ::testing::TempDir() + "/batches-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    Reopen();
  }
  ~TemporaryStore() { std::filesystem::remove_all(folder_); }

  // As after the end of the process.
  void Reopen() {
    store_.reset();
    Result<std::unique_ptr<BatchStore>> opened = BatchStore::Open(folder_, options_);
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    store_ = std::move(opened).value();
  }
  BatchStore& operator*() { return *store_; }
  BatchStore* operator->() { return store_.get(); }
  const std::string& folder() const { return folder_; }

  // A batch of `tenant` over the lines of `input`.
  BatchRecord AddBatch(const std::string& tenant, const std::string& input, int64_t now = 0, int64_t expires = 1'000'000) {
    BatchRecord batch;
    batch.tenant = tenant;
    batch.principal = R"({"tenant":")" + tenant + R"(","scopes":"admin"})";
    batch.endpoint = "/v1/completions";
    batch.window = "24h";
    batch.input_file = store_->AddFile(tenant, "in.jsonl", "batch", input, now).value().id;
    batch.created = now;
    batch.expires = expires;
    return store_->AddBatch(std::move(batch)).value();
  }

 private:
  const BatchStore::Options options_;
  std::string folder_;
  std::unique_ptr<BatchStore> store_;
};

// A line of a batch's input.
inline std::string InputLine(const std::string& id, const std::string& prompt = "x") {
  return R"({"custom_id":")" + id + R"(","method":"POST","url":"/v1/completions","body":{"prompt":")" + prompt + "\"}}\n";
}

}  // namespace pano::batches::testing
