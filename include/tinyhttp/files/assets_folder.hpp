// tinyhttp/files/assets_folder.hpp -- reads a whole folder, to embed it as assets.
//
// At start, or at build time by a program that writes source text: examples/assets.cpp does both.
// Compresses nothing; what lies compressed beside a file becomes its variant.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/files/assets.hpp>
#include <tinyhttp/files/directory.hpp>
#include <tinyhttp/files/listing_order.hpp>
#include <tinyhttp/files/path.hpp>
#include <tinyhttp/files/siblings.hpp>
#include <tinyhttp/http/body.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp {

/// A file of a folder, as `assets::add` takes it.
struct bundled_file {
  std::string name = {};          // as `css/site.css`
  std::string_view coding = {};   // `br`, `zstd` or `gzip`, or empty
  std::string octets = {};
};

/// Which files of a folder are read.
struct bundle_options {
  bool dot_files = false;  // take names with a leading dot, too; `.well-known` always is
  files::links symbolic_links = files::links::inside;
  std::uint64_t largest = std::uint64_t{256} << 20;  // octets of all files; more is an error
};

/// Reads all files beneath `root`: for each directory, first its subdirectories, then its own files, by name.
/// `a.js.br`, `a.js.zst` and `a.js.gz` beside an `a.js` are variants of that, unless they are older. Directories more
/// than 32 deep are an error, as links that lead in circles are.
[[nodiscard]] inline result<std::vector<bundled_file>> read_folder(const std::string& root,
                                                                   bundle_options options = {});

/// Adds the files that `read_folder` returns; returns their number.
[[nodiscard]] inline result<std::size_t> add_folder(assets& to, const std::string& root, bundle_options options = {}) {
  auto read = read_folder(root, options);
  if (!read) return read.error();
  for (auto& file : *read) to.add(file.name, std::move(file.octets), file.coding);
  return read->size();
}

// ---------------------------------------------------------------------------------------------

namespace detail {

class folder_reader {
 public:
  folder_reader(const files::directory& root, const bundle_options& options) noexcept
      : root_(root), options_(options) {}

  /// Reads what is in `name`, which is `.` or ends in a slash.
  [[nodiscard]] result<void> read(const std::string& name, std::size_t depth) {
    if (depth > 32) return error(error_kind::limit, "bundle \"" + name + "\": directories too deep");
    auto found = root_.list(name);
    if (!found) return found.error();
    files::sort_entries(*found, {});
    for (const auto& e : *found) {
      if (!is_safe_name(e.name, {.dot_files = options_.dot_files})) continue;
      const std::string full = files::inside(name, e.name);
      auto done = e.is_directory ? read(full + "/", depth + 1) : take(full, *found, e);
      if (!done) return done;
    }
    return {};
  }
  [[nodiscard]] std::vector<bundled_file>& files() noexcept { return files_; }

 private:
  [[nodiscard]] result<void> take(const std::string& full, const std::vector<files::entry>& beside,
                                  const files::entry& e) {
    std::string_view name = full, coding;
    for (const auto& k : files::detail::known_siblings) {
      if (!e.name.ends_with(k.suffix)) continue;
      const auto plain = std::string_view(e.name).substr(0, e.name.size() - k.suffix.size());
      for (const auto& other : beside) {
        if (other.name != plain || other.is_directory) continue;
        if (e.modified < other.modified) return {};  // of an earlier state: of no use to anybody
        coding = k.coding;
        name.remove_suffix(k.suffix.size());
      }
    }
    auto octets = read_file(full);
    if (!octets) return octets.error();
    files_.push_back({std::string(name), coding, std::move(*octets)});
    return {};
  }

  [[nodiscard]] result<std::string> read_file(const std::string& name) {
    const auto file = root_.find(name);
    if (!file) return file.error();
    if (file->stamp.is_directory || file->stamp.size > options_.largest - taken_)
      return error(error_kind::limit, "bundle \"" + name + "\": larger than " +
                                          ascii::to_decimal(options_.largest) + " octets in all");
    taken_ += file->stamp.size;
    auto octets = read_octets(*file->content, 0, static_cast<std::size_t>(file->stamp.size));
    if (!octets) return octets.error().within("bundle \"" + name + "\"");
    return octets;
  }

  const files::directory& root_;
  const bundle_options& options_;
  std::uint64_t taken_ = 0;
  std::vector<bundled_file> files_;
};

}  // namespace detail

inline result<std::vector<bundled_file>> read_folder(const std::string& root, bundle_options options) {
  const auto opened_root = files::directory::open(root, {.symbolic_links = options.symbolic_links});
  if (!opened_root) return opened_root.error();
  detail::folder_reader reader(*opened_root, options);
  if (auto done = reader.read(".", 0); !done) return done.error();
  return std::move(reader.files());
}

}  // namespace tinyhttp
