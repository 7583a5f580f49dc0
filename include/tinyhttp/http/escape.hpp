// tinyhttp/http/escape.hpp -- untrusted text made safe for HTML and JSON.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/utf8.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace tinyhttp {

/// Appends `text` with `&<>"'` escaped, for HTML text and quoted attributes.
inline void append_html(std::string& out, std::string_view text);
/// Appends `text` as a JSON string, quotes included (RFC 8259 7). Invalid UTF-8 becomes U+FFFD.
/// Do not put it into a `<script>` of a page: a `</script>` in the text would still end that.
inline void append_json(std::string& out, std::string_view text);

/// The same, returned as values: `html("<h1>" + escape_html(name))`, `json("{\"name\":" + quote_json(name) + "}")`.
[[nodiscard]] inline std::string escape_html(std::string_view text) {
  std::string out;
  append_html(out, text);
  return out;
}
/// `text` as a JSON string, quotes included (RFC 8259 7).
[[nodiscard]] inline std::string quote_json(std::string_view text) {
  std::string out;
  append_json(out, text);
  return out;
}

// ---------------------------------------------------------------------------------------------

inline void append_html(std::string& out, std::string_view text) {
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char* escape = nullptr;
    switch (text[at]) {
      case '&': escape = "&amp;"; break;
      case '<': escape = "&lt;"; break;
      case '>': escape = "&gt;"; break;
      case '"': escape = "&quot;"; break;
      case '\'': escape = "&#39;"; break;
      default: continue;
    }
    out.append(text.data() + done, at - done).append(escape);
    done = at + 1;
  }
  out.append(text.data() + done, text.size() - done);
}

inline void append_json(std::string& out, std::string_view text) {
  out.append("\"");
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const auto octet = static_cast<unsigned char>(text.front());
    if (length == 0) {
      out.append("\xEF\xBF\xBD");  // U+FFFD
    } else if (octet < 0x20) {
      ascii::append_hex_octet(out.append("\\u00"), text.front());
    } else {
      if (octet == '"' || octet == '\\') out.append("\\");
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out.append("\"");
}

}  // namespace tinyhttp
