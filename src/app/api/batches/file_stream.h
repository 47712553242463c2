#pragma once

#include <memory>
#include <string>

#include "app/api/context.h"
#include "base/env.h"

namespace pano::api::batches {

// Sends a file's bytes as an answer, as fast as its client takes them: a piece is read when there is room. Confined to a
// strand of the work pool, where the disk may be waited for.
class FileStream : public std::enable_shared_from_this<FileStream> {
 public:
  // A failure: nothing was begun. The context's generations keep it until it is over.
  static Status Start(Context& context, const CallPtr& call, const std::string& path);

 private:
  struct Private {};

 public:
  FileStream(Private, Context& context, CallPtr call, std::unique_ptr<File> file);

 private:
  void Pump();
  void End(int status);

  Generations& generations_;
  const CallPtr call_;
  const std::unique_ptr<File> file_;
  const std::shared_ptr<Strand> strand_;
  bool over_ = false;
};

}  // namespace pano::api::batches
