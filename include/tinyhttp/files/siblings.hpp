// tinyhttp/files/siblings.hpp -- `a.js`, or the `a.js.br` beside it?
//
// Compressed variants that somebody made beforehand. Compresses nothing; opens nothing.
#pragma once

#include <tinyhttp/files/directory.hpp>
#include <tinyhttp/http/negotiation.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tinyhttp::files {

/// The file that is sent for a name: itself, or a compressed sibling. Views that are always valid.
struct variant {
  std::string_view coding = {};  // empty: itself
  std::string_view suffix = {};  // what the sibling's name has behind the name
  bool varies = false;           // siblings exist, so the answer depends on Accept-Encoding
};

/// Decides by Accept-Encoding between the siblings that lie beside the file `name`: `.br`, `.zst` and
/// `.gz`, in this order between equals, and none that is older than the file. A client that refuses
/// even the file itself gets it all the same (RFC 9110 12.5.3). Four looks at the disk.
[[nodiscard, gnu::cold]] inline variant choose_variant(const directory& root, const std::string& name,
                                            std::optional<std::string_view> accept_encoding);

// ---------------------------------------------------------------------------------------------

namespace detail {

inline constexpr variant known_siblings[] = {{"br", ".br", true}, {"zstd", ".zst", true}, {"gzip", ".gz", true}};

/// To the nanosecond, unless the sibling's time was cut to seconds on its way here, as by tar.
[[nodiscard]] constexpr bool is_as_new(const file_stamp& sibling, const file_stamp& source) noexcept {
  if (sibling.modified != source.modified) return sibling.modified > source.modified;
  return sibling.modified_ns == 0 || sibling.modified_ns >= source.modified_ns;
}

}  // namespace detail

inline variant choose_variant(const directory& root, const std::string& name,
                              std::optional<std::string_view> accept_encoding) {
  const auto source = root.glance(name);
  if (!source || source->is_directory) return {};

  std::string_view offered[std::size(detail::known_siblings)];
  std::size_t count = 0;
  for (const auto& sibling : detail::known_siblings) {
    const auto there = root.glance(std::string(name).append(sibling.suffix));
    if (there && !there->is_directory && detail::is_as_new(*there, *source))
      offered[count++] = sibling.coding;
  }
  if (count == 0) return {};
  const auto best = preferred_coding(accept_encoding, {offered, count});
  for (const auto& sibling : detail::known_siblings)
    if (best == sibling.coding) return sibling;
  return {{}, {}, true};
}

}  // namespace tinyhttp::files
