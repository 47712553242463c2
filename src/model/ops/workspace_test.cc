#include "model/ops/workspace.h"

#include <gtest/gtest.h>

#include "infra/device/cpu_device.h"

namespace pano::ops {
namespace {

// A pass that takes memory in nested scopes and writes all of it.
void Pass(Workspace& workspace, size_t rows) {
  Workspace::Scope outer(workspace);
  const Rows x = outer.Take(rows, 100);
  for (float& v : x.values()) v = 1.0f;
  for (int layer = 0; layer < 3; ++layer) {
    Workspace::Scope inner(workspace);
    const Rows q = inner.Take(rows, 300), k = inner.Take(rows, 17);
    for (float& v : q.values()) v = 2.0f;
    for (float& v : k.values()) v = 3.0f;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(k.data) % device::Device::kAlignment, 0u);
    for (float v : x.values()) ASSERT_EQ(v, 1.0f);
    for (float v : q.values()) ASSERT_EQ(v, 2.0f);
  }
}

TEST(Workspace, PassesThatNeedNoMoreAllocateNothing) {
  device::CpuDevice device;
  Workspace workspace(device);
  Pass(workspace, 1000);
  const size_t settled = workspace.allocations(), capacity = workspace.capacity_bytes();
  for (size_t rows : {1, 1000, 7, 999}) Pass(workspace, rows);
  EXPECT_EQ(workspace.allocations(), settled);
  EXPECT_EQ(workspace.capacity_bytes(), capacity);  // never shrinks
  // What was in use at once, not what was taken in all: 417 floats a row and padding.
  EXPECT_LT(capacity, 1000u * 417 * 4 + 4096);
  Pass(workspace, 2000);
  EXPECT_GT(workspace.capacity_bytes(), capacity);
}

TEST(Workspace, MemoryOfAnEndedScopeIsTakenAgain) {
  device::CpuDevice device;
  Workspace workspace(device);
  Workspace::Scope outer(workspace);
  float* first = nullptr;
  {
    Workspace::Scope inner(workspace);
    first = inner.Take(2, 3).data;
  }
  Workspace::Scope again(workspace);
  EXPECT_EQ(again.Take(5, 1).data, first);
}

TEST(Workspace, GrowthLeavesAddressesAsTheyAre) {
  device::CpuDevice device;
  Workspace workspace(device);
  Workspace::Scope scope(workspace);
  const Rows small = scope.Take(1, 16);
  small.data[15] = 5.0f;
  const Rows large = scope.Take(1 << 12, 1 << 8);
  large.data[0] = 1.0f;
  EXPECT_EQ(small.data[15], 5.0f);
  EXPECT_GE(workspace.allocations(), 2u);
}

TEST(View, ColumnsRowsAndHeads) {
  float data[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const Rows all(data, 3, 4);
  const Rows right = all.Columns(2, 2);
  EXPECT_FALSE(right.contiguous());
  EXPECT_EQ(right.row(1)[0], 6.0f);
  EXPECT_EQ(all.Slice(2, 1).row(0)[3], 11.0f);
  EXPECT_EQ(all.Split(2).rows, 6u);
  EXPECT_EQ(all.Split(2).row(3)[1], 7.0f);
  EXPECT_DEATH(all.Columns(3, 2), "");
}

}  // namespace
}  // namespace pano::ops
