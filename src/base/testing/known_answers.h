#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/env.h"
#include "base/shared_folder.h"
#include "base/strings.h"

namespace pano {

// Known answers that one test compares with. They belong to a set, a folder that a machine may lack
// as a whole: then the test is shown as skipped, with the reason. Where the set is there, a test
// that finds no answers or compares none with anything fails: it would pass whatever we compute.
// Confined to the test's thread. Used through PANO_KNOWN_ANSWERS.
class KnownAnswers {
 public:
  // `path` below `set`. `absence`: why the set may be missing, and what would make it.
  KnownAnswers(std::string set, std::string_view path, std::string absence)
      : set_(std::move(set)), path_(JoinPath(set_, path)), absence_(std::move(absence)) {}
  ~KnownAnswers() {
    if (!absent() && compared_ == 0) ADD_FAILURE() << path_ << ": nothing was compared";
  }
  KnownAnswers(const KnownAnswers&) = delete;
  KnownAnswers& operator=(const KnownAnswers&) = delete;

  bool absent() const { return !IsDirectory(set_); }
  const std::string& absence() const { return absence_; }
  bool found() const { return FileExists(path_) || IsDirectory(path_); }
  const std::string& path() const { return path_; }
  // Values (or texts, ids, files) that were just compared with answers.
  void Compared(size_t count) { compared_ += count; }
  size_t compared() const { return compared_; }

 private:
  const std::string set_, path_, absence_;
  size_t compared_ = 0;
};

// The set that comes with the project's shared data; `source` is the checkout.
struct SharedAnswers : KnownAnswers {
  SharedAnswers(std::string_view source, std::string_view path)
      : KnownAnswers(JoinPath(SharedFolder(source), "data"), path,
                     "no shared data: PANO_SHARED or ../shared") {}
};

}  // namespace pano

// Declares `name` with the rest as its constructor's arguments; skips the test where the set is
// absent. For the body of a test or of SetUp.
#define PANO_KNOWN_ANSWERS(type, name, ...)          \
  type name(__VA_ARGS__);                            \
  if (name.absent()) GTEST_SKIP() << name.absence(); \
  if (!name.found()) FAIL() << name.path() << " is missing from its set"
