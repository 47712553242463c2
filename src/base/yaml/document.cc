#include "base/yaml/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <exception>
#include <sstream>
#include <string>

#include "base/strings.h"

namespace pano::yaml {
namespace {

// Walks a document without building it and keeps the first thing that speaks against it. The parser itself
// ends at 500 levels. Confined to one call.
class Survey final : public YAML::EventHandler {
 public:
  explicit Survey(const DocumentLimits& limits) : limits_(limits) {}
  const Status& status() const { return status_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) Object(mark, "a second document begins: settings are one document");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { Count(mark, anchor); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { ObjectToAnchor(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                const std::string&) override {
    Count(mark, anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Enter(mark, anchor);
  }
  void OnSequenceEnd() override { --depth_; }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Enter(mark, anchor);
  }
  void OnMapEnd() override { --depth_; }

 private:
  void Object(const YAML::Mark& mark, std::string_view what) {
    if (status_.ok()) status_ = InvalidArgument(StrCat("line ", mark.line + 1, ": ", what));
  }
  void ObjectToAnchor(const YAML::Mark& mark) {
    Object(mark, "anchors and aliases are not taken: quote a text that begins with '&' or '*'");
  }
  void Count(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) ObjectToAnchor(mark);
    if (++nodes_ > limits_.nodes_max) Object(mark, StrCat("there are more than ", limits_.nodes_max, " values"));
  }
  void Enter(const YAML::Mark& mark, YAML::anchor_t anchor) {
    Count(mark, anchor);
    if (++depth_ > limits_.depth_max) Object(mark, StrCat("nests deeper than ", limits_.depth_max, " levels"));
  }

  const DocumentLimits& limits_;
  int documents_ = 0;
  size_t nodes_ = 0;
  int depth_ = 0;
  Status status_;
};

}  // namespace

Status ReadDocument(std::string_view text, const DocumentLimits& limits,
                    const std::function<Status(const YAML::Node& root)>& read) {
  if (text.size() > limits.bytes_max) {
    return InvalidArgument(StrCat("has ", text.size(), " bytes of at most ", limits.bytes_max));
  }
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    Survey survey(limits);
    while (survey.status().ok() && parser.HandleNextDocument(survey)) {
    }
    if (!survey.status().ok()) return survey.status();
    return read(YAML::Load(std::string(text)));
  } catch (const YAML::Exception& error) {
    if (error.mark.is_null()) return InvalidArgument(Printable(error.msg, 200));
    return InvalidArgument(
        StrCat("line ", error.mark.line + 1, ", column ", error.mark.column + 1, ": ", Printable(error.msg, 200)));
  } catch (const std::exception& error) {   // of the standard library below it
    return InvalidArgument(Printable(error.what(), 200));
  }
}

}  // namespace pano::yaml
