// tinyhttp/files/siblings.hpp -- chooses between `a.js` and a compressed `a.js.br` beside it.
//
// Variants must have been compressed beforehand. Compresses nothing; opens nothing.
#pragma once

#include <tinyhttp/files/directory.hpp>
#include <tinyhttp/http/negotiation.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tinyhttp::files {

/// The file that is sent for a name: the file itself, or a compressed sibling. Views that are always valid.
struct variant {
  std::string_view coding = {};  // empty: itself
  std::string_view suffix = {};  // what the sibling's name has behind the name
  bool varies = false;           // siblings exist, so the answer depends on Accept-Encoding
  file_stamp stamp = {};         // of what is sent; as it is here where `name` is no file
};

/// Chooses by Accept-Encoding between the file `name` and its siblings: `.br`, `.zst` and `.gz`, in this order if
/// equally preferred, and none that is older than the file. A client that refuses even the file itself still gets it
/// (RFC 9110 12.5.3). Looks at the file, and then at siblings, those that the client prefers first, until one exists:
/// two to four looks at the disk.
[[nodiscard, gnu::cold]] inline variant choose_variant(const directory& root, const std::string& name,
                                            std::optional<std::string_view> accept_encoding);

// ---------------------------------------------------------------------------------------------

namespace detail {

struct sibling_kind {
  std::string_view coding, suffix;
};
inline constexpr sibling_kind known_siblings[] = {{"br", ".br"}, {"zstd", ".zst"}, {"gzip", ".gz"}};

/// To the nanosecond, unless the sibling's time was cut to seconds on its way here, as by tar.
[[nodiscard]] constexpr bool is_as_new(const file_stamp& sibling, const file_stamp& source) noexcept {
  if (sibling.modified != source.modified) return sibling.modified > source.modified;
  return sibling.modified_ns == 0 || sibling.modified_ns >= source.modified_ns;
}

}  // namespace detail

inline variant choose_variant(const directory& root, const std::string& name,
                              std::optional<std::string_view> accept_encoding) {
  constexpr std::size_t count = std::size(detail::known_siblings);
  constexpr quality looked_at = tinyhttp::detail::no_quality - 1;
  variant chosen;
  if (!root.sees_file(name, chosen.stamp)) return chosen;
  const std::string_view accepted = accept_encoding.value_or("");
  quality wanted[count];
  for (std::size_t i = 0; i < count; ++i) wanted[i] = tinyhttp::detail::listed_quality(accepted, detail::known_siblings[i].coding);
  std::string sibling_name = name;
  for (;;) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < count; ++i)
      if (wanted[i] > wanted[best]) best = i;
    const quality likes = wanted[best];
    if (likes == looked_at) return chosen;
    wanted[best] = looked_at;
    const auto& kind = detail::known_siblings[best];
    sibling_name.replace(name.size(), std::string::npos, kind.suffix);
    file_stamp there;
    if (!root.sees_file(sibling_name, there) || !detail::is_as_new(there, chosen.stamp)) continue;
    if (likes > 0 && likes >= tinyhttp::detail::listed_quality(accepted, "identity"))
      return {kind.coding, kind.suffix, true, there};
    chosen.varies = true;  // though this client wants none of those that are left
    return chosen;
  }
}

}  // namespace tinyhttp::files
