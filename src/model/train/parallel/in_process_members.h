#pragma once

#include <functional>
#include <thread>
#include <vector>

#include "infra/collective/in_process.h"

namespace pano::train {

// Runs a body for each of `size` members on a thread of its own.
inline void RunMembers(int size,
                       const std::function<void(collective::Communicator& group)>& body) {
  auto group = collective::CreateInProcessGroup(size);
  std::vector<std::jthread> threads;
  for (auto& member : group) {
    threads.emplace_back([&body, end = std::move(member)] { body(*end); });
  }
}

}  // namespace pano::train
