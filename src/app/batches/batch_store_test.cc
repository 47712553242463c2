#include "app/batches/batch_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "app/batches/testing/temporary_store.h"
#include "base/testing/fault_env.h"

namespace pano::batches {
namespace {

using testing::InputLine;
using testing::TemporaryStore;

std::string Read(const BatchStore& store, const std::string& id) { return ReadFile(store.PathOf(id)).value(); }

TEST(BatchStore, FilesAreTheirTenants) {
  TemporaryStore store;
  const FileRecord file = store->AddFile("a", "in.jsonl", "batch", "hello", 7).value();
  EXPECT_TRUE(file.id.starts_with("file-"));
  EXPECT_EQ(file.bytes, 5);
  store.Reopen();
  EXPECT_EQ(Read(*store, file.id), "hello");
  EXPECT_EQ(store->FindFile("a", file.id)->name, "in.jsonl");
  EXPECT_EQ(store->FindFile("b", file.id).error().code(), StatusCode::kNotFound);
  EXPECT_EQ(store->FindFile("b", file.id).error().message(), "there is no file '" + file.id + "'");
  EXPECT_EQ(store->RemoveFile("b", file.id).code(), StatusCode::kNotFound);
  EXPECT_TRUE(store->RemoveFile("a", file.id).ok());
  EXPECT_FALSE(FileExists(store->PathOf(file.id)));
  EXPECT_EQ(store->FindFile("a", file.id).error().code(), StatusCode::kNotFound);
}

TEST(BatchStore, ListsInPages) {
  TemporaryStore store;
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(store->AddFile("a", "f", i == 1 ? "other" : "batch", "x", i).value().id);
  ASSERT_TRUE(store->AddFile("b", "f", "batch", "x", 9).ok());
  auto page = store->ListFiles("a", {.limit = 2}).value();
  ASSERT_EQ(page.records.size(), 2u);
  EXPECT_EQ(page.records[0].id, ids[2]);
  EXPECT_TRUE(page.has_more);
  page = store->ListFiles("a", {.after = ids[1], .limit = 2}).value();
  ASSERT_EQ(page.records.size(), 1u);
  EXPECT_EQ(page.records[0].id, ids[0]);
  EXPECT_FALSE(page.has_more);
  EXPECT_EQ(store->ListFiles("a", {.oldest_first = true}).value().records[0].id, ids[0]);
  EXPECT_EQ(store->ListFiles("a", {.purpose = "other"}).value().records.size(), 1u);
  EXPECT_EQ(store->ListFiles("a", {.after = "file-x"}).error().code(), StatusCode::kNotFound);
  EXPECT_EQ(store->ListFiles("b", {.after = ids[0]}).error().code(), StatusCode::kNotFound);
}

TEST(BatchStore, HoldsNoMoreThanItMay) {
  TemporaryStore store({.tenant_bytes_max = 10, .tenant_files_max = 2, .unfinished_max = 1});
  ASSERT_TRUE(store->AddFile("a", "f", "batch", "12345678", 0).ok());
  EXPECT_EQ(store->AddFile("a", "f", "batch", "123", 0).error().code(), StatusCode::kExhausted);
  ASSERT_TRUE(store->AddFile("a", "f", "batch", "12", 0).ok());
  EXPECT_EQ(store->AddFile("a", "f", "batch", "", 0).error().reason(), "too_many_files");
  BatchRecord batch = store.AddBatch("b", "x");
  EXPECT_EQ(store->AddBatch(batch).error().reason(), "queue_full");
  // One tenant leaves room for others.
  TemporaryStore shared({.unfinished_max = 5, .tenant_unfinished_max = 2});
  batch = shared.AddBatch("a", "x");
  ASSERT_TRUE(shared->AddBatch(batch).ok());
  EXPECT_EQ(shared->AddBatch(batch).error().reason(), "queue_full");
  shared.AddBatch("b", "x");
  ASSERT_TRUE(shared->Fail(batch.id, "[]", 1).ok());
  EXPECT_TRUE(shared->AddBatch(batch).ok());
}

TEST(BatchStore, ABatchGoesThroughItsStates) {
  TemporaryStore store;
  BatchRecord batch = store.AddBatch("a", InputLine("x"), 5);
  EXPECT_EQ(batch.status, BatchStatus::kValidating);
  EXPECT_EQ(store->RemoveFile("a", batch.input_file).reason(), "file_in_use");
  ASSERT_TRUE(store->SetTotal(batch.id, 3).ok());
  EXPECT_TRUE(store->Advance(batch.id, BatchStatus::kValidating, BatchStatus::kInProgress, 6).value());
  EXPECT_FALSE(store->Advance(batch.id, BatchStatus::kValidating, BatchStatus::kInProgress, 6).value());
  ASSERT_TRUE(store->AddResults(batch.id, {{2, true, "two"}, {1, false, "one"}}).ok());
  // A line has one result, whoever comes a second time.
  ASSERT_TRUE(store->AddResults(batch.id, {{2, false, "again"}, {0, true, "zero"}}).ok());
  store.Reopen();
  EXPECT_EQ(store->DoneLines(batch.id).value(), (std::set<int64_t>{0, 1, 2}));
  batch = store->FindBatch("a", batch.id).value();
  EXPECT_EQ(batch.completed, 2);
  EXPECT_EQ(batch.failed, 1);
  EXPECT_EQ(batch.since[1], 6);
  ASSERT_TRUE(store->Finish(batch, BatchStatus::kCompleted, 9).ok());
  batch = store->FindBatch("a", batch.id).value();
  EXPECT_EQ(batch.status, BatchStatus::kCompleted);
  EXPECT_EQ(Read(*store, batch.output_file), "zero\ntwo\n");
  EXPECT_EQ(Read(*store, batch.error_file), "one\n");
  EXPECT_EQ(store->FindFile("a", batch.output_file)->purpose, "batch_output");
  EXPECT_TRUE(store->Unfinished()->empty());
  EXPECT_TRUE(store->DoneLines(batch.id)->empty());
  EXPECT_TRUE(store->RemoveFile("a", batch.input_file).ok());
  // Too late.
  EXPECT_EQ(store->CancelBatch("a", batch.id, 10)->status, BatchStatus::kCompleted);
}

TEST(BatchStore, OnlyItsTenantCancelsABatch) {
  TemporaryStore store;
  const BatchRecord batch = store.AddBatch("a", InputLine("x"));
  EXPECT_EQ(store->CancelBatch("b", batch.id, 1).error().code(), StatusCode::kNotFound);
  EXPECT_EQ(store->FindBatch("b", batch.id).error().code(), StatusCode::kNotFound);
  EXPECT_EQ(store->CancelBatch("a", batch.id, 1)->status, BatchStatus::kCancelling);
  EXPECT_EQ(store->ListBatches("b", {})->records.size(), 0u);
  EXPECT_EQ(store->ListBatches("a", {})->records.size(), 1u);
}

TEST(BatchStore, WhatIsOnNoRecordIsRemovedAtTheStart) {
  TemporaryStore store;
  const FileRecord file = store->AddFile("a", "f", "batch", "x", 0).value();
  std::ofstream(store->PathOf("file-lost")) << "x";
  std::ofstream(store->PathOf("file-half.tmp-0123456789abcdef")) << "x";
  store.Reopen();
  EXPECT_FALSE(FileExists(store->PathOf("file-lost")));
  EXPECT_FALSE(FileExists(store->PathOf("file-half.tmp-0123456789abcdef")));
  EXPECT_TRUE(FileExists(store->PathOf(file.id)));
}

TEST(BatchStore, RefusesFoldersThatAreNotItsOwn) {
  TemporaryStore store;
  EXPECT_EQ(BatchStore::Open("/nowhere/at/all", {}).error().code(), StatusCode::kNotFound);
  // Another process, as far as SQLite can tell.
  EXPECT_EQ(BatchStore::Open(store.folder(), {}).error().message(),
            "[batches] " + store.folder() + "/batches.db: another process uses it");
  const std::string other = store.folder() + "/other";
  std::filesystem::create_directory(other);
  std::ofstream(other + "/batches.db") << std::string(4096, 'x');
  EXPECT_EQ(BatchStore::Open(other, {}).error().code(), StatusCode::kCorruption);
}

}  // namespace
}  // namespace pano::batches
