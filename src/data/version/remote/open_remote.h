#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/env.h"
#include "base/result.h"
#include "base/retry.h"
#include "data/version/remote/remote.h"

namespace pano::remote {

// A remote as a repository's configuration has it. A value.
struct RemoteSettings {
  std::string name;                            // for messages
  std::map<std::string, std::string> options;  // "url" and what DVC knows for its kind
  std::string folder;                          // relative paths are meant from here
  int jobs = 0;  // 0: the "jobs" option, else what the kind makes sense of
  RetryOptions retry;
};

// The remote by its URL: a path or file:// is a folder, s3://bucket/prefix is S3, http:// and
// https:// are read only. InvalidArgument names the remote for any other, and for options of the
// wrong kind; Unauthenticated where S3 finds no credentials. Nothing is asked of the remote yet.
Result<std::unique_ptr<Remote>> OpenRemote(const RemoteSettings& settings, Env& env = Env::Real(),
                                           Clock& clock = Clock::Real());

}  // namespace pano::remote
