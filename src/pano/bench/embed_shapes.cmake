# Makes OUT, a C++ source with the text of every *.json in FOLDER under the file's stem.
file(GLOB files ${FOLDER}/*.json)
list(SORT files)
set(rows)
foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME)
  string(REGEX REPLACE "\\.json$" "" name ${name})
  file(READ ${file} text)
  string(APPEND rows "    {\"${name}\", R\"shape(${text})shape\"},\n")
endforeach()
file(WRITE ${OUT} "#include \"pano/bench/shape.h\"

namespace pano::bench {
namespace {
constexpr BuiltInShape kShapes[] = {
${rows}};
}  // namespace
std::span<const BuiltInShape> BuiltInShapes() { return kShapes; }
}  // namespace pano::bench
")
