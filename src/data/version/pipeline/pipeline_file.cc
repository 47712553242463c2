#include "data/version/pipeline/pipeline_file.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <set>
#include <utility>

#include "base/env.h"
#include "base/strings.h"
#include "data/version/pipeline/param_file.h"
#include "data/version/pipeline/yaml_value.h"
#include "data/version/relative_path.h"

namespace pano::pipeline {
namespace {

constexpr std::string_view kParams = "params.yaml";
constexpr size_t kNameBytesMax = 1000;

bool OneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// About how much of a text `value` is.
size_t BytesOf(const json::Value& value) {
  size_t bytes = 8;
  if (value.is_string()) bytes += value.as_string().size();
  if (value.is_array()) {
    for (const json::Value& entry : value.as_array()) bytes += BytesOf(entry);
  }
  if (value.is_object()) {
    for (const auto& [key, member] : value.as_object()) bytes += key.size() + BytesOf(member);
  }
  return bytes;
}

// Whether entry `i` of a loop's list comes from a variable: the list, or the entry, is one "${...}".
bool IsVariable(const json::Value& list, size_t i) {
  if (list.is_string()) return true;
  return list.is_array() && i < list.as_array().size() && HasTemplate(list.as_array()[i]);
}

// A value in the name of a stage. DVC writes truth values as Python does where they are variables.
std::string KeyOf(const json::Value& value, bool variable) {
  if (value.is_bool() && variable) return value.as_bool() ? "True" : "False";
  return TextOf(value);
}

// Reads one dvc.yaml. Confined to one call.
class Reader {
 public:
  Reader(const YamlDocument& document, const std::string& file, const std::string& root,
         const ReadText& read, const TemplateOptions& options, const PipelineLimits& limits)
      : document_(document),
        file_(file),
        root_(root),
        read_(read),
        options_(options),
        limits_(limits),
        folder_(file.find('/') == std::string::npos ? "" : std::string(FolderName(file))) {}

  Result<std::vector<Stage>> Read() {
    const json::Value& root = document_.root;
    if (root.is_null()) return std::vector<Stage>();
    if (!root.is_object())
      return Wrong("", StrCat("is a ", root.kind(), ", not a mapping with 'stages'"));
    for (const auto& [key, value] : root.as_object()) {
      if (!OneOf(key, {"stages", "vars", "params", "metrics", "plots", "artifacts", "datasets"})) {
        return Wrong(key, StrCat("'", Printable(key), "' is not known here"));
      }
    }
    PANO_RETURN_IF_ERROR(LoadGlobalVars());
    const json::Value* stages = root.Find("stages");
    if (stages == nullptr || stages->is_null()) return std::vector<Stage>();
    if (!stages->is_object())
      return Wrong("stages", StrCat("'stages' is a ", stages->kind(), ", not a mapping"));
    for (const auto& [name, definition] : stages->as_object())
      PANO_RETURN_IF_ERROR(ReadDefinition(name, definition));
    return std::move(stages_);
  }

 private:
  Status Wrong(std::string_view place, std::string_view why) const {
    return InvalidArgument(StrCat(document_.Where(file_, place), why));
  }
  Status AtPlace(const Status& status, std::string_view place, std::string_view what) const {
    if (status.ok()) return {};
    return InvalidArgument(StrCat(document_.Where(file_, place), what, status.message()));
  }

  Status LoadGlobalVars() {
    if (Result<std::string> text = read_(JoinKey(folder_, kParams)); text.ok()) {
      PANO_RETURN_IF_ERROR(LoadVarsFile(&scope_, std::string(kParams), folder_).Wrap(file_));
    } else if (text.error().code() != StatusCode::kNotFound) {
      return text.error();
    }
    const json::Value* vars = document_.root.Find("vars");
    return vars == nullptr ? OkStatus() : LoadVars(&scope_, *vars, folder_, "vars");
  }

  static std::string JoinKey(std::string_view folder, std::string_view name) {
    return folder.empty() ? std::string(name) : StrCat(folder, "/", name);
  }

  Status LoadVars(Scope* scope, const json::Value& vars, const std::string& folder,
                  const std::string& place) {
    if (vars.is_null()) return {};
    if (!vars.is_array()) return Wrong(place, "'vars' is a list of files and mappings");
    if (vars.as_array().size() > 1000) return Wrong(place, "'vars' has more than 1,000 entries");
    if (HasTemplate(vars)) return Wrong(place, "'vars' cannot have ${...} itself");
    size_t index = 0;
    for (const json::Value& entry : vars.as_array()) {
      const std::string source = StrCat(place, "[", index++, "]");
      if (entry.is_string()) {
        PANO_RETURN_IF_ERROR(AtPlace(LoadVarsFile(scope, entry.as_string(), folder), place, ""));
      } else if (entry.is_object()) {
        PANO_RETURN_IF_ERROR(AtPlace(scope->Merge(entry, source), place, ""));
      } else {
        return Wrong(source,
                     StrCat("an entry of 'vars' is a ", entry.kind(), ", not a file or a mapping"));
      }
    }
    return {};
  }

  // "file" or "file:key,key".
  Status LoadVarsFile(Scope* scope, const std::string& item, const std::string& folder) {
    const size_t colon = item.find(':');
    PANO_ASSIGN_OR_RETURN(const std::string path, data::Resolve(folder, item.substr(0, colon)));
    std::set<std::string> keys;
    if (colon != std::string::npos) {
      for (const std::string_view key : Split(std::string_view(item).substr(colon + 1), ',')) {
        if (!key.empty()) keys.emplace(key);
      }
    }
    const auto before = scope->loaded.find(path);
    if (before != scope->loaded.end()) {
      if (keys.empty() && before->second.empty()) return {};
      const bool again = std::any_of(keys.begin(), keys.end(), [&](const std::string& key) {
        return before->second.contains(key);
      });
      if (keys.empty() || before->second.empty() || again) {
        return InvalidArgument(
            StrCat("'", Printable(item), "': values of that file are loaded already"));
      }
    }
    Result<std::string> text = read_(path);
    if (!text.ok()) {
      if (text.error().code() != StatusCode::kNotFound) return text.error();
      return InvalidArgument(StrCat("'", Printable(path, 200), "' does not exist"));
    }
    PANO_ASSIGN_OR_RETURN(json::Value values, ParseParamFile(path, *text));
    if (!values.is_object())
      return InvalidArgument(
          StrCat("'", Printable(path, 200), "' is a ", values.kind(), ", not a mapping"));
    if (!keys.empty()) {
      json::Value chosen{json::Object()};
      for (const std::string& key : keys) {
        const json::Value* value = values.Find(key);
        if (value == nullptr)
          return InvalidArgument(
              StrCat("'", Printable(path, 200), "' has no '", Printable(key), "'"));
        chosen.Set(key, *value);
      }
      values = std::move(chosen);
    }
    PANO_RETURN_IF_ERROR(scope->Merge(values, path));
    scope->loaded[path].insert(keys.begin(), keys.end());
    return {};
  }

  Status ReadDefinition(const std::string& name, const json::Value& definition) {
    const std::string place = StrCat("stages.", name);
    if (name.empty() || name.size() > kNameBytesMax ||
        name.find_first_of("!\"#$%&'()*+,./:;<=>?@[\\]^`{|}~") != std::string::npos) {
      return Wrong(place, StrCat("'", Printable(name),
                                 "' is no name of a stage: letters, digits, '_' and '-'"));
    }
    if (!definition.is_object())
      return Wrong(place, StrCat("stage '", name, "' is a ", definition.kind(), ", not a mapping"));
    if (definition.Find("foreach") != nullptr || definition.Find("do") != nullptr)
      return ReadForeach(name, definition, place);
    if (definition.Find("matrix") != nullptr) return ReadMatrix(name, definition, place);
    return ReadStage(name, definition, scope_, place);
  }

  Status ReadForeach(const std::string& name, const json::Value& definition,
                     const std::string& place) {
    const json::Value* data = definition.Find("foreach");
    const json::Value* body = definition.Find("do");
    if (data == nullptr || body == nullptr || definition.as_object().size() != 2) {
      return Wrong(place,
                   StrCat("stage '", name, "': a loop has 'foreach' and 'do' and nothing else"));
    }
    if (!body->is_object())
      return Wrong(place + ".do", StrCat("stage '", name, "': 'do' is a mapping"));
    Result<json::Value> resolved = Resolve(*data, scope_, "foreach", options_);
    if (!resolved.ok())
      return AtPlace(resolved.error(), place, StrCat("stage '", name, "': foreach: "));
    if (resolved->is_array()) {
      const json::Array& array = resolved->as_array();
      const bool composite = std::any_of(array.begin(), array.end(), [](const json::Value& v) {
        return v.is_array() || v.is_object();
      });
      std::map<std::string, size_t> last;  // equal keys are one stage
      std::vector<std::string> order;
      for (size_t i = 0; i < array.size(); ++i) {
        const std::string key = composite ? StrCat(i) : KeyOf(array[i], IsVariable(*data, i));
        if (!last.contains(key)) order.push_back(key);
        last[key] = i;
      }
      for (const std::string& key : order) {
        PANO_RETURN_IF_ERROR(InLoop(name, key, *body, place + ".do", {{"item", array[last[key]]}}));
      }
      return {};
    }
    if (!resolved->is_object()) {
      return Wrong(place, StrCat("stage '", name, "': foreach is a ", resolved->kind(),
                                 ", not a list or a mapping"));
    }
    for (const auto& [key, value] : resolved->as_object()) {
      PANO_RETURN_IF_ERROR(
          InLoop(name, key, *body, place + ".do", {{"item", value}, {"key", key}}));
    }
    return {};
  }

  Status ReadMatrix(const std::string& name, const json::Value& definition,
                    const std::string& place) {
    Result<json::Value> resolved = Resolve(*definition.Find("matrix"), scope_, "matrix", options_);
    if (!resolved.ok())
      return AtPlace(resolved.error(), place, StrCat("stage '", name, "': matrix: "));
    if (!resolved->is_object() || resolved->as_object().empty()) {
      return Wrong(place + ".matrix", StrCat("stage '", name, "': 'matrix' is a mapping of lists"));
    }
    json::Value body{json::Object()};
    for (const auto& [key, value] : definition.as_object()) {
      if (key != "matrix") body.as_object().emplace_back(key, value);
    }
    size_t product = 1;
    for (const auto& [key, list] : resolved->as_object()) {
      if (!list.is_array())
        return Wrong(place + ".matrix", StrCat("stage '", name, "': matrix: '", Printable(key),
                                               "' is a ", list.kind(), ", not a list"));
      if (!list.as_array().empty() && product > limits_.stages_max / list.as_array().size())
        return TooMany(place);
      product *= list.as_array().size();
    }
    std::vector<size_t> at(resolved->as_object().size());
    std::set<std::string> seen;
    for (size_t n = 0; n < product; ++n) {
      size_t rest = n;
      for (size_t axis = at.size(); axis-- > 0;) {
        const size_t size = resolved->as_object()[axis].second.as_array().size();
        at[axis] = rest % size;
        rest /= size;
      }
      json::Value item{json::Object()};
      std::string key;
      for (size_t axis = 0; axis < at.size(); ++axis) {
        const auto& [axis_name, list] = resolved->as_object()[axis];
        const json::Value& value = list.as_array()[at[axis]];
        item.as_object().emplace_back(axis_name, value);
        key += axis == 0 ? "" : "-";
        const json::Value* written = definition.Find("matrix")->Find(axis_name);
        const bool variable = written != nullptr && IsVariable(*written, at[axis]);
        key += value.is_array() || value.is_object() ? StrCat(axis_name, at[axis])
                                                     : KeyOf(value, variable);
      }
      if (!seen.insert(key).second) {
        return Wrong(
            place + ".matrix",
            StrCat("stage '", name, "': two combinations have the name '", Printable(key), "'"));
      }
      PANO_RETURN_IF_ERROR(
          InLoop(name, key, body, place, {{"key", key}, {"item", std::move(item)}}));
    }
    return {};
  }

  Status TooMany(std::string_view place) const {
    return Wrong(place, StrCat("there are more than ", limits_.stages_max, " stages"));
  }

  Status InLoop(const std::string& name, const std::string& key, const json::Value& body,
                const std::string& place, std::vector<std::pair<std::string, json::Value>> loop) {
    if (key.size() > kNameBytesMax)
      return Wrong(place, StrCat("stage '", name, "': a key of the loop is too long"));
    for (auto& [variable, value] : loop) scope_.SetLoop(variable, std::move(value));
    Status status = ReadStage(StrCat(name, "@", key), body, scope_, place);
    scope_.ClearLoop();
    return status;
  }

  Status ReadStage(const std::string& name, const json::Value& definition, const Scope& outer,
                   const std::string& place) {
    if (stages_.size() >= limits_.stages_max) return TooMany(place);
    bytes_ += BytesOf(definition);
    if (bytes_ > limits_.bytes_max)
      return Wrong(place, StrCat("the stages, loops unrolled, have more than ", limits_.bytes_max,
                                 " bytes"));
    const std::string who = StrCat("stage '", Printable(name), "': ");
    Stage stage;
    stage.name = name;
    stage.file = file_;
    if (const auto line = document_.lines.find(place); line != document_.lines.end())
      stage.line = line->second;
    stage.folder = folder_;
    const Scope* scope = &outer;
    Scope own;
    if (const json::Value* wdir = definition.Find("wdir"); wdir != nullptr) {
      PANO_ASSIGN_OR_RETURN(const std::string text, TextField(*wdir, *scope, place, who, "wdir"));
      Result<std::string> folder = data::Resolve(folder_, text);
      if (!folder.ok()) return AtPlace(folder.error(), place + ".wdir", who + "wdir: ");
      stage.folder = *std::move(folder);
    }
    if (const json::Value* vars = definition.Find("vars"); vars != nullptr && !vars->is_null()) {
      own = outer;
      PANO_RETURN_IF_ERROR(LoadVars(&own, *vars, stage.folder, place + ".vars"));
      scope = &own;
    }
    for (const auto& [field, value] : definition.as_object()) {
      if (field == "wdir" || field == "vars") continue;
      PANO_RETURN_IF_ERROR(ReadField(field, value, *scope, place, who, &stage));
    }
    if (!has_command_) return Wrong(place, StrCat(who, "'cmd' is missing"));
    has_command_ = false;
    items_ += stage.deps.size() + stage.outs.size() + stage.params.size();
    if (items_ > limits_.items_max)
      return Wrong(place,
                   StrCat("there are more than ", limits_.items_max, " dependencies and outputs"));
    PANO_RETURN_IF_ERROR(CheckPaths(stage, place, who));
    stages_.push_back(std::move(stage));
    return {};
  }

  Status ReadField(const std::string& field, const json::Value& value, const Scope& scope,
                   const std::string& place, const std::string& who, Stage* stage) {
    const std::string at = StrCat(place, ".", field);
    if (!OneOf(field, {"cmd", "deps", "params", "outs", "metrics", "plots", "frozen",
                       "always_changed", "meta", "desc"})) {
      return Wrong(at, StrCat(who, "'", Printable(field), "' is not known",
                              field == "do" ? ": 'do' belongs to 'foreach'" : ""));
    }
    if (field == "meta") return {};  // whatever the user likes
    Result<json::Value> resolved = Resolve(value, scope, field, options_);
    if (!resolved.ok()) return AtPlace(resolved.error(), at, StrCat(who, field, ": "));
    const json::Value& v = *resolved;
    if (field == "cmd") return ReadCommand(v, at, who, stage);
    if (field == "desc") {
      if (v.is_string()) stage->description = v.as_string();
      return {};
    }
    if (field == "frozen" || field == "always_changed") {
      if (!v.is_bool()) return Wrong(at, StrCat(who, "'", field, "' is true or false"));
      (field == "frozen" ? stage->frozen : stage->always_changed) = v.as_bool();
      return {};
    }
    if (v.is_null()) return {};
    if (!v.is_array())
      return Wrong(at, StrCat(who, "'", field, "' is a ", v.kind(), ", not a list"));
    if (field == "params") return ReadParams(v.as_array(), at, who, stage);
    for (const json::Value& entry : v.as_array()) {
      if (field == "deps") {
        if (!entry.is_string())
          return Wrong(at, StrCat(who, "an entry of 'deps' is a ", entry.kind(), ", not a path"));
        PANO_ASSIGN_OR_RETURN(StagePath path, PathOf(entry.as_string(), *stage, at, who));
        stage->deps.push_back(std::move(path));
      } else {
        PANO_RETURN_IF_ERROR(ReadOut(field, entry, at, who, stage));
      }
    }
    return {};
  }

  Status ReadCommand(const json::Value& value, const std::string& at, const std::string& who,
                     Stage* stage) {
    if (value.is_string() && !Trim(value.as_string()).empty()) {
      stage->cmd = value;
    } else if (value.is_array() && !value.as_array().empty()) {
      json::Array lines;
      for (const json::Value& line : value.as_array()) {
        if (line.is_array() || line.is_object() || line.is_null())
          return Wrong(at, StrCat(who, "an entry of 'cmd' is a ", line.kind(), ", not a text"));
        lines.push_back(line.is_string() ? line : json::Value(TextOf(line)));
      }
      stage->cmd = std::move(lines);
    } else {
      return Wrong(at, StrCat(who, "'cmd' is a text or a list of texts, and not empty"));
    }
    has_command_ = true;
    return {};
  }

  Result<std::string> TextField(const json::Value& value, const Scope& scope,
                                const std::string& place, const std::string& who,
                                std::string_view field) {
    const std::string at = StrCat(place, ".", field);
    Result<json::Value> resolved = Resolve(value, scope, field, options_);
    if (!resolved.ok()) return AtPlace(resolved.error(), at, StrCat(who, field, ": "));
    if (resolved->is_array() || resolved->is_object() || resolved->is_null())
      return Wrong(at, StrCat(who, "'", field, "' is a text"));
    return TextOf(*resolved);
  }

  Result<StagePath> PathOf(const std::string& written, const Stage& stage, const std::string& at,
                           const std::string& who) const {
    StagePath path;
    path.written = written;
    if (written.empty() || written.size() > 4096 || written.find('\0') != std::string::npos)
      return Wrong(at, StrCat(who, "a path is empty or too long"));
    const size_t scheme = written.find("://");
    if (scheme != std::string::npos && written.substr(0, scheme).find('/') == std::string::npos) {
      return Wrong(
          at, StrCat(who, "'", Printable(written, 200),
                     "': data that lies elsewhere is not a dependency or output here; import it"));
    }
    if (written[0] == '/') {
      if (!root_.empty() && written.starts_with(root_ + "/")) {
        Result<std::string> inside = data::Resolve("", written.substr(root_.size() + 1));
        if (inside.ok() && !inside->empty()) {
          path.path = *std::move(inside);
          return path;
        }
      }
      path.path = written;
      path.outside = true;
      return path;
    }
    Result<std::string> inside = data::Resolve(stage.folder, written);
    if (inside.ok()) {
      path.path = *std::move(inside);
      if (path.path.empty())
        return Wrong(at, StrCat(who, "'", Printable(written, 200), "' is the repository itself"));
    } else {
      if (root_.empty()) return AtPlace(inside.error(), at, who);
      path.path = JoinPath(JoinPath(root_, stage.folder), written);
      path.outside = true;
    }
    return path;
  }

  Status ReadOut(const std::string& field, const json::Value& entry, const std::string& at,
                 const std::string& who, Stage* stage) {
    const StageOut::Kind kind = field == "metrics" ? StageOut::Kind::kMetric
                                : field == "plots" ? StageOut::Kind::kPlot
                                                   : StageOut::Kind::kOut;
    const json::Object single =
        entry.is_string() ? json::Object{{entry.as_string(), json::Value()}} : json::Object();
    if (!entry.is_string() && !entry.is_object()) {
      return Wrong(at, StrCat(who, "an entry of '", field, "' is a ", entry.kind(),
                              ", not a path or a mapping"));
    }
    for (const auto& [written, flags] : entry.is_string() ? single : entry.as_object()) {
      StageOut out;
      out.kind = kind;
      PANO_ASSIGN_OR_RETURN(out.at, PathOf(written, *stage, at, who));
      if (out.at.outside)
        return Wrong(at, StrCat(who, "the output '", Printable(written, 200),
                                "' is outside of the repository"));
      PANO_RETURN_IF_ERROR(
          ReadFlags(field, flags, at, StrCat(who, "'", Printable(written, 200), "': "), &out));
      stage->outs.push_back(std::move(out));
    }
    return {};
  }

  Status ReadFlags(const std::string& field, const json::Value& flags, const std::string& at,
                   const std::string& who, StageOut* out) {
    if (flags.is_null()) return {};
    if (flags.is_array() && field == "plots") {  // several plots of one file
      for (const json::Value& one : flags.as_array())
        PANO_RETURN_IF_ERROR(ReadFlags(field, one, at, who, out));
      return {};
    }
    if (!flags.is_object())
      return Wrong(at, StrCat(who, "its settings are a ", flags.kind(), ", not a mapping"));
    for (const auto& [flag, value] : flags.as_object()) {
      if (OneOf(flag, {"cache", "persist", "push"})) {
        if (!value.is_bool()) return Wrong(at, StrCat(who, "'", flag, "' is true or false"));
        (flag == "cache"     ? out->cache
         : flag == "persist" ? out->persist
                             : out->push) = value.as_bool();
      } else if (flag == "remote") {
        if (!value.is_string()) return Wrong(at, StrCat(who, "'remote' is a text"));
        out->remote = value.as_string();
      } else if (!OneOf(flag, {"desc", "type", "labels", "meta", "checkpoint"}) &&
                 !(field == "plots" &&
                   OneOf(flag, {"template", "x", "y", "x_label", "y_label", "title", "header"}))) {
        return Wrong(at, StrCat(who, "'", Printable(flag), "' is not known"));
      }
    }
    return {};
  }

  Status ReadParams(const json::Array& entries, const std::string& at, const std::string& who,
                    Stage* stage) {
    std::map<std::string, std::vector<std::string>> keys;  // by file as written
    std::set<std::string> whole;
    for (const json::Value& entry : entries) {
      if (entry.is_array() || entry.is_null())
        return Wrong(at, StrCat(who, "an entry of 'params' is a ", entry.kind(),
                                ", not a name or a mapping"));
      if (!entry.is_object()) {
        keys[std::string(kParams)].push_back(TextOf(entry));
        continue;
      }
      for (const auto& [file, names] : entry.as_object()) {
        if (names.is_null() || (names.is_array() && names.as_array().empty())) {
          whole.insert(file);
        } else if (!names.is_array()) {
          return Wrong(at, StrCat(who, "parameters of '", Printable(file, 200), "' are a ",
                                  names.kind(), ", not a list of names"));
        } else {
          for (const json::Value& name : names.as_array()) {
            if (name.is_array() || name.is_object() || name.is_null())
              return Wrong(at, StrCat(who, "a parameter's name is a text"));
            keys[file].push_back(TextOf(name));
          }
        }
      }
    }
    for (const std::string& file : whole) keys[file].clear();
    for (auto& [file, names] : keys) {
      StageParams params;
      PANO_ASSIGN_OR_RETURN(params.file, PathOf(file, *stage, at, who));
      if (params.file.outside)
        return Wrong(at, StrCat(who, "the file of parameters '", Printable(file, 200),
                                "' is outside of the repository"));
      std::set<std::string> seen;
      for (std::string& name : names) {
        if (seen.insert(name).second) params.keys.push_back(std::move(name));
      }
      stage->params.push_back(std::move(params));
    }
    std::stable_partition(stage->params.begin(), stage->params.end(),
                          [](const StageParams& params) { return params.file.written == kParams; });
    return {};
  }

  Status CheckPaths(const Stage& stage, const std::string& place, const std::string& who) const {
    std::set<std::string_view> paths;
    for (const StagePath& dep : stage.deps) {
      if (!paths.insert(dep.path).second)
        return Wrong(place,
                     StrCat(who, "'", Printable(dep.written, 200), "' is a dependency twice"));
    }
    for (const StageOut& out : stage.outs) {
      if (!paths.insert(out.at.path).second) {
        return Wrong(place, StrCat(who, "'", Printable(out.at.written, 200),
                                   "' is an output twice, or a dependency and an output"));
      }
    }
    return {};
  }

  const YamlDocument& document_;
  const std::string file_, root_;
  const ReadText& read_;
  const TemplateOptions& options_;
  const PipelineLimits& limits_;
  const std::string folder_;
  Scope scope_;
  std::vector<Stage> stages_;
  size_t items_ = 0, bytes_ = 0;
  bool has_command_ = false;  // of the stage that is read now
};

}  // namespace

Result<std::vector<Stage>> ParsePipeline(std::string_view text, const std::string& file,
                                         const std::string& root, const ReadText& read,
                                         const TemplateOptions& options,
                                         const PipelineLimits& limits) {
  Result<YamlDocument> document = ParseYaml(text);
  if (!document.ok()) return InvalidArgument(StrCat(file, ": ", document.error().message()));
  return Reader(*document, file, root, read, options, limits).Read();
}

bool NameMatches(std::string_view name, std::string_view target) {
  return name == target ||
         (name.starts_with(target) && name.size() > target.size() && name[target.size()] == '@');
}

}  // namespace pano::pipeline
