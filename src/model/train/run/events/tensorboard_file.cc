#include "model/train/run/events/tensorboard_file.h"

#include <unistd.h>

#include <array>
#include <chrono>

#include "base/random.h"
#include "base/strings.h"
#include "model/train/run/events/record_file.h"

namespace pano::train {
namespace {

constexpr char kSourceWriter[] = "pano.train";

double MachineTime() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

// "events.out.tfevents.SECONDS.HOST.PID.RANDOM": TensorBoard looks for the beginning and reads the
// files of a folder in the order of their names.
std::string FileName(double wall_time) {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host.fill('\0');
  std::string name = Printable(host.data(), 64);
  for (char& c : name) {
    if (c == '/' || c == '\\') c = '_';
  }
  return StrCat("events.out.tfevents.", static_cast<int64_t>(wall_time), ".",
                name.empty() ? std::string("host") : name, ".", static_cast<int64_t>(getpid()),
                ".", RandomHex(2));
}

TensorBoardScalar Scalar(std::string tag, double value) {
  return {std::move(tag), static_cast<float>(value)};
}

}  // namespace

Result<TensorBoardContents> ReadTensorBoard(std::string_view file) {
  const size_t size = file.size();
  TensorBoardContents contents;
  while (!file.empty()) {
    const std::string where = StrCat("[tensorboard] byte ", size - file.size());
    Result<Record> record = TakeRecord(file);
    if (!record.ok() && record.error().reason() == "cut_off") {
      contents.cut_off = true;
      return contents;
    }
    if (!record.ok()) return record.error().Wrap(where);
    PANO_ASSIGN_OR_RETURN(TensorBoardEvent event,
                          DecodeTensorBoardEvent(record->payload).Wrap(where));
    contents.events.push_back(std::move(event));
  }
  return contents;
}

Result<std::unique_ptr<TensorBoardWriter>> TensorBoardWriter::Create(Options options) {
  if (!options.wall_time) options.wall_time = MachineTime;
  Env& env = *options.env;
  const Status made = env.MakeFolder(options.folder);
  if (!made.ok() && made.code() != StatusCode::kAlreadyExists) return made.Wrap(options.folder);
  const std::string path = JoinPath(options.folder, FileName(options.wall_time()));
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<File> file,
                        env.Open(path, Env::OpenMode::kAppend).Wrap(path));
  const int64_t first_step = options.first_step;
  std::unique_ptr<TensorBoardWriter> writer(
      new TensorBoardWriter(std::move(options), path, std::move(file)));
  TensorBoardEvent head;
  head.file_version = kTensorBoardVersion;
  head.source_writer = kSourceWriter;
  PANO_RETURN_IF_ERROR(writer->Append(std::move(head)));
  if (first_step > 0) {
    TensorBoardEvent start;
    start.step = first_step;
    start.session_start = true;
    PANO_RETURN_IF_ERROR(writer->Append(std::move(start)));
  }
  return writer;
}

Status TensorBoardWriter::Append(TensorBoardEvent event) {
  MutexLock lock(mu_);
  event.wall_time = options_.wall_time();
  const std::string record = FrameRecord(EncodeTensorBoardEvent(event));
  return file_->WriteAll(std::as_bytes(std::span(record))).Wrap(path_);
}

Status TensorBoardWriter::Write(const Event& event) {
  TensorBoardEvent out;
  if (const auto* step = std::get_if<StepEvent>(&event)) {
    out.step = step->step;
    out.scalars = {Scalar("train/loss", step->loss), Scalar("train/grad_norm", step->grad_norm),
                   Scalar("train/lr", step->lr), Scalar("train/tok_s", step->tok_s)};
    for (const auto& [name, value] : step->more) {
      out.scalars.push_back(Scalar(StrCat("train/", name), value));
    }
  } else if (const auto* eval = std::get_if<EvalEvent>(&event)) {
    out.step = eval->step;
    out.scalars = {Scalar("eval/loss", eval->loss)};
    for (const auto& [name, value] : eval->more) {
      out.scalars.push_back(Scalar(StrCat("eval/", name), value));
    }
  } else {
    return {};
  }
  return Append(std::move(out));
}

}  // namespace pano::train
