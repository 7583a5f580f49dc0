// tinyhttp/client/decoding.hpp -- content codings as a client's option.
//
// Needs no library: the codings come from compression.hpp, or from the program.
#pragma once

#include <tinyhttp/client/hooks.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/http/content_coding.hpp>
#include <tinyhttp/http/response.hpp>

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp {

/// Makes the client ask for the codings that it was made with, and decodes them.
///
///     const client_codings codings(all_codings);  // compression.hpp
///     client c({.decoder = &codings});
///
/// `body_limit` of the client bounds bodies that are read whole, decoded; `limits` bounds all of them.
template <class = void>  // g++ compiles every coroutine it sees; a template only where it is used
class basic_client_codings final : public content_decoder {
 public:
  explicit basic_client_codings(std::span<const content_coding> known, const decode_limits& limits = {})
      : known_(known.begin(), known.end()), limits_(limits), accepted_(accept_encoding(known)) {}

  [[nodiscard]] std::string_view accepted() const noexcept override { return accepted_; }
  [[nodiscard]] result<void> decode(response& answer, std::string about) const override {
    return tinyhttp::decode(answer, known_, limits_, std::move(about));
  }

 private:
  std::vector<content_coding> known_;
  decode_limits limits_;
  std::string accepted_;
};

/// Given to `client_options`, asks for codings and decodes them.
using client_codings = basic_client_codings<>;

}  // namespace tinyhttp
