// tinyhttp/http/typed_body.hpp -- a body with its media type, for messages to send; form bodies.
#pragma once

#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/form.hpp>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// A body to send, with its media type.
struct typed_body {
  tinyhttp::body body;
  std::string media_type;  // the value of Content-Type
};

/// The body that an HTML form sends:  `client.post(to, form_body({{"name", "Ada"}, {"born", "1815"}}))`. Names and
/// values may be any octets, usually UTF-8. For files see multipart.hpp.
[[nodiscard]] inline typed_body form_body(
    std::initializer_list<std::pair<std::string_view, std::string_view>> entries) {
  return {encode_form(entries), std::string(form_media_type)};
}

}  // namespace tinyhttp
