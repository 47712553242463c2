// Stands in for libFuzzer's main where it is not linked: runs the target over the files of a
// corpus folder, each also cut short and with bytes flipped, so that seeds are tests everywhere.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

size_t runs = 0;

void Run(const std::string& text) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  ++runs;
}

void RunVariants(const std::string& text) {
  Run(text);
  constexpr size_t kVariants = 64;
  for (size_t i = 0; i < kVariants && !text.empty(); ++i) {
    Run(text.substr(0, text.size() * i / kVariants));
    std::string flipped = text;
    flipped[text.size() * i / kVariants] ^= static_cast<char>(1u << (i % 8));
    Run(flipped);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Run("");
  for (int i = 1; i < argc; ++i) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(argv[i], error)) {
      std::ifstream in(entry.path(), std::ios::binary);
      RunVariants(std::string(std::istreambuf_iterator<char>(in), {}));
    }
  }
  std::printf("%zu inputs replayed\n", runs);
  return 0;
}
