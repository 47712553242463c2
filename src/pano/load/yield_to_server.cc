#include "pano/load/yield_to_server.h"

#include <sched.h>

namespace pano::load {
namespace {

constexpr pid_t kThisThread = 0;

bool SetPolicy(int policy) {
  const sched_param priority = {};
  return sched_setscheduler(kThisThread, policy, &priority) == 0;
}

}  // namespace

// A policy that somebody chose (SCHED_IDLE, a real-time one) stays, and so does the usual one where a sandbox forbids
// the call: the measurement then goes on as without.
YieldToServer::YieldToServer() : before_(sched_getscheduler(kThisThread)) {
  if (before_ != SCHED_OTHER || !SetPolicy(SCHED_BATCH)) before_ = -1;
}

YieldToServer::~YieldToServer() {
  if (before_ >= 0) SetPolicy(before_);
}

}  // namespace pano::load
