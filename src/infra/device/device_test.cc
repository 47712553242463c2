#include <gtest/gtest.h>

#include <cstring>

#include "infra/device/cpu_device.h"

namespace pano::device {
namespace {

TEST(CpuDevice, SaysWhatItIs) {
  CpuDevice cpu(0b101);
  EXPECT_EQ(cpu.kind(), DeviceKind::kCpu);
  EXPECT_EQ(cpu.name(), "cpu");
  EXPECT_EQ(cpu.capabilities(), 0b101u);
  EXPECT_GT(cpu.memory_bytes(), uint64_t{1} << 20);
  EXPECT_EQ(DeviceKindName(DeviceKind::kSimulated), "simulated");
}

TEST(CpuDevice, MemoryIsAlignedAndZero) {
  CpuDevice cpu;
  for (size_t bytes : {size_t{1}, size_t{63}, size_t{4096}, size_t{1} << 20}) {
    auto buffer = cpu.Allocate(bytes);
    ASSERT_TRUE(buffer.ok());
    EXPECT_EQ(buffer->bytes(), bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer->data()) % Device::kAlignment, 0u);
    for (size_t i = 0; i < bytes; i += 13) ASSERT_EQ(buffer->data()[i], std::byte{0});
    std::memset(buffer->data(), 0xff, bytes);  // for the sanitizer: all of it is ours
  }
}

TEST(CpuDevice, RefusesWhatCannotBeHad) {
  CpuDevice cpu;
  for (size_t bytes : {SIZE_MAX, SIZE_MAX / 4}) {
    auto buffer = cpu.Allocate(bytes);
    ASSERT_FALSE(buffer.ok());
    EXPECT_EQ(buffer.error().code(), StatusCode::kExhausted);
  }
}

TEST(Buffer, MovesAndFreesOnce) {
  int freed = 0;
  std::byte memory[4];
  {
    Buffer a(memory, 4, [&](std::byte*, size_t bytes) { freed += static_cast<int>(bytes); });
    Buffer b = std::move(a);
    EXPECT_FALSE(a);  // NOLINT: a moved-from buffer is empty
    EXPECT_EQ(b.data(), memory);
    Buffer c;
    c = std::move(b);
    EXPECT_EQ(freed, 0);
  }
  EXPECT_EQ(freed, 4);
}

}  // namespace
}  // namespace pano::device
