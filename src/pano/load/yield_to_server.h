#pragma once

namespace pano::load {

// While it lives, the calling thread waits for the end of other threads' time slices instead of interrupting them when
// something arrives for it (SCHED_BATCH, sched(7)). A client that shares its cores with the server it measures would
// otherwise take them a hundred microseconds at each arrival, and as much again while the server's other threads wait
// for the one it interrupted: above capacity that shows as lost goodput. On a machine with an idle core, or of its own,
// the thread runs at once as before. Use on one thread, which ends it.
class YieldToServer {
 public:
  YieldToServer();
  ~YieldToServer();
  YieldToServer(const YieldToServer&) = delete;
  YieldToServer& operator=(const YieldToServer&) = delete;

 private:
  int before_;  // the policy to go back to; negative: left as it was
};

}  // namespace pano::load
