#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/mutex.h"
#include "model/train/run/events/event.h"
#include "model/train/run/events/tensorboard_event.h"

namespace pano::train {

// What an event file holds. A writer that was killed leaves a part of a record at the end.
struct TensorBoardContents {
  std::vector<TensorBoardEvent> events;
  bool cut_off = false;
};
// Corruption that names the byte where a record begins that is none.
Result<TensorBoardContents> ReadTensorBoard(std::string_view file);

// Events as a file that TensorBoard reads: train/loss, train/grad_norm, train/lr, train/tok_s,
// eval/loss and what else events hold, each record handed to the system at once. Thread-safe.
class TensorBoardWriter final : public EventSink {
 public:
  struct Options {
    std::string folder;  // made when absent
    // Steps from this one on are new: TensorBoard drops what an earlier file of the folder says of
    // them (a run that was resumed). 0: the run begins.
    int64_t first_step = 0;
    std::function<double()> wall_time = {};  // seconds since 1970; null: the machine's
    Env* env = &Env::Real();
  };
  static Result<std::unique_ptr<TensorBoardWriter>> Create(Options options);

  Status Write(const Event& event) override;
  const std::string& path() const { return path_; }

 private:
  TensorBoardWriter(Options options, std::string path, std::unique_ptr<File> file)
      : options_(std::move(options)), path_(std::move(path)), file_(std::move(file)) {}
  Status Append(TensorBoardEvent event);

  const Options options_;
  const std::string path_;
  Mutex mu_;
  const std::unique_ptr<File> file_;
};

}  // namespace pano::train
