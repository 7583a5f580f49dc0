// tinyhttp/server/handling.hpp -- one request and its handler: called, waited for, and what it throws.
//
// RFC 9110 10.1.1 for what a client may expect, 7.4 for hosts it did not name to TLS; what handlers throw is
// the log's business alone.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/held_here.hpp>
#include <tinyhttp/http/fields.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/server/served_exchange.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

namespace detail {

/// An element of any Expect line is not `100-continue` (RFC 9110 10.1.1).
[[nodiscard, gnu::cold]] inline bool has_other_expectation(const fields& f) noexcept {
  for (auto [name, list] : f)
    while (const auto element = ascii::equal_ignoring_case(name, "Expect") ? ascii::take_list_element(list) : std::nullopt)
      if (!ascii::equal_ignoring_case(*element, "100-continue")) return true;
  return false;
}

}  // namespace detail

template <looped_stream S>
void served_exchange<S>::call_handler() {
  if (incoming_.fields.may_contain("Expect") && incoming_.version == http_version::http_1_1 &&
      detail::has_other_expectation(incoming_.fields)) {
    answer_.make([]() -> reply { return problem(status::expectation_failed); });
    return;
  }
  if constexpr (is_secured_stream<S>)
    if (!stream().session()->covers(incoming_.host())) {
      answer_.make([]() -> reply { return problem(421); });
      return;
    }
  try {
    answer_.make([this]() -> reply { return host_.app(incoming_); });
    ++handled_;
    if (!at_once_ || !answer_->is_ready() || wire_.unread().empty()) note_handlers();
  } catch (...) {
    answer_.make([this]() -> reply { return failed_handler(); });
  }
}

/// How long did handlers have the loop? One look at the clock for all that is answered in one go.
template <looped_stream S>
void served_exchange<S>::note_handlers() {
  const std::string_view whose = handled_ == 1 && answer_ ? incoming_.target.text() : "requests that came together";
  handled_ = 0;
  services().note_turn(loop_->look() - began_, whose);
}

/// Inside a catch block: the peer learns nothing, the log learns what was thrown.
template <looped_stream S>
response served_exchange<S>::failed_handler() noexcept {
  services().log_thrown(of_request("handler"));
  try {
    return problem(status::internal_server_error);
  } catch (...) {  // no memory for the page
    return response(status::internal_server_error);
  }
}

/// For the log: `GET /report: handler`.
template <looped_stream S>
std::string served_exchange<S>::of_request(std::string_view what) const noexcept {
  try {
    return std::string(incoming_.method.name()).append(" ").append(incoming_.target.text()).append(": ").append(what);
  } catch (...) {  // no memory
    return {};
  }
}

/// False: nobody is there any more to be answered.
template <looped_stream S>
task<bool> served_exchange<S>::wait_for_handler() {
  if (!begin_handling()) co_return false;
  held_here<response> made;
  try {
    auto& later = answer_->later();
    // What is answered already shall not wait with the handler.
    if (!later.try_start() && is_composed() && !is_writing()) (void)flush_now();
    made.emplace(co_await later);
  } catch (...) {
    made.emplace(failed_handler());
  }
  handling_ = false;
  if (is_writing()) {
    auto flushing = flush();
    co_await flushing;
  }
  if (!sent_) co_return false;
  answer_.make([&made]() -> reply { return std::move(*made); });
  answer();
  co_return true;
}

}  // namespace tinyhttp
