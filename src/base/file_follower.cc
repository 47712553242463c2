#include "base/file_follower.h"

#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "base/threads.h"

namespace pano {

FileFollower::FileFollower(Options options, std::string text, Take take, Env& env, Clock& clock)
    : options_(std::move(options)), take_(std::move(take)), env_(env), in_force_(std::move(text)) {
  thread_ = StartThread("file-follower", [this, &clock](const std::stop_token& stop) {
    while (clock.SleepFor(options_.poll, stop)) (void)Look(/*now=*/false);
  });
}

Status FileFollower::Look() { return Look(/*now=*/true); }

Status FileFollower::Note(Status problem) {
  std::string text = problem.ok() ? "" : problem.message();
  if (!problem.ok() && text != problem_) {
    LogWarning(options_.log_name, text, "; what was in force before stays so");
  }
  problem_ = std::move(text);
  return problem;
}

Status FileFollower::Look(bool now) {
  MutexLock lock(mu_);
  Result<std::string> text = ReadFile(options_.path, options_.bytes_max, env_);
  if (!text.ok()) {
    seen_.reset();
    return Note(text.error());
  }
  const bool steady = now || (seen_ && *seen_ == *text);
  seen_ = *text;
  if (!now && *text == in_force_) return Note({});
  if (!steady) return {};
  const Status taken = take_(*text);
  if (taken.ok()) in_force_ = std::move(text).value();
  return Note(taken);
}

}  // namespace pano
