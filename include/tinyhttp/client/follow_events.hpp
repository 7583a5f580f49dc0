// tinyhttp/client/follow_events.hpp -- follows the server-sent events of a URL, across reconnections.
//
// Does what a page's EventSource does (WHATWG HTML 9.2.2), in a thread: when a stream ends or a connection breaks, it
// reconnects and sends the last event's id.
#pragma once

#include <tinyhttp/client/client.hpp>
#include <tinyhttp/client/retry.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/http/event_reader.hpp>
#include <tinyhttp/http/events.hpp>

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace tinyhttp {

/// How `follow_events` connects, and reconnects.
struct follow_options {
  tinyhttp::fields fields = {};           // of each request, besides those that ask for events
  std::string last_event_id = {};         // continue after that event
  std::chrono::milliseconds pause{3000};  // before reconnecting, until the server sets another (`retry`)
                                          // and longer: up to 3 s while nothing arrives, up to 5 minutes
                                          // if a refusal asks for that (Retry-After)
  event_limits limits = {};
  clock* time = nullptr;                  // for the pauses, a blocking clock; null: the system's
};

/// Calls `take` with each event of the stream at `from`, until `take` returns false or the server answers 204, which
/// means not to reconnect. Reconnects when the stream has ended, the connection broke, was silent or could not be made,
/// and after 408, 429, 500, 502, 503 and 504. Returns an error for what another attempt would not change, such as
/// another status, an answer of another type or an event beyond `limits`; and `cancelled`, by `client_options::stop`.
template <class Client, class Take>
  requires std::is_invocable_r_v<bool, Take&, const event&>
result<void> follow_events(Client& with, std::string_view from, Take take, follow_options how = {});

// ---------------------------------------------------------------------------------------------

namespace detail {

/// One stream to its end. True: there is nothing to come back for. Leaves in `how` what is to be said then, and in
/// `asked` how long a refusal asks to wait.
template <class Client, class Take>
result<bool> follow_once(Client& with, std::string_view from, Take& take, follow_options& how,
                         std::chrono::milliseconds& asked) {
  call_options asking{.fields = event_fields(how.last_event_id)};
  for (const field line : how.fields) asking.fields.add(line.name, line.value);
  auto answer = with.open(from, std::move(asking));
  if (!answer) return answer.error();
  if (answer->status == status::no_content) return true;
  if (is_worth_a_retry(error_kind::closed, answer->status.code())) {
    const std::int64_t here = how.time != nullptr ? how.time->unix_seconds() : system_unix_seconds();
    const std::int64_t now = parse_date(answer->fields["Date"], here).value_or(here);
    const auto wanted = parse_retry_after(answer->fields["Retry-After"], now);
    if (wanted) asked = at_most<std::chrono::milliseconds>(*wanted, retry_options().longest_retry_after);
    return false;
  }
  auto events = event_reader::of(*answer, how.last_event_id, how.limits);
  if (!events) return events.error();
  result<const event*> next = pull(*events);
  bool wanted = true;
  while (next && *next != nullptr && (wanted = take(**next))) next = pull(*events);
  how.last_event_id = events->last_event_id();
  how.pause = events->retry().value_or(how.pause);
  if (!next) return next.error();
  return !wanted;
}

}  // namespace detail

template <class Client, class Take>
  requires std::is_invocable_r_v<bool, Take&, const event&>
result<void> follow_events(Client& with, std::string_view from, Take take, follow_options how) {
  thread_clock<> system_time(with.options().stop);
  bool came = false;
  const auto noting = [&](const event& e) { return came = true, take(e); };
  for (std::chrono::milliseconds least{0};;) {
    came = false;
    std::chrono::milliseconds asked{0};
    const result<bool> over = detail::follow_once(with, from, noting, how, asked);
    if (over && *over) return {};
    if (!over) {
      const error_kind kind = over.error().kind();
      const bool passes = kind == error_kind::connect || is_worth_a_retry(kind, 0);
      if (!passes) return over.error();
    }
    // A server that said 0 and is gone is not asked without end.
    least = came ? least.zero() : at_most(least * 2 + std::chrono::milliseconds(10), std::chrono::milliseconds(3000));
    if (asked < least) asked = least;
    const auto pause = how.pause < asked ? asked : how.pause;
    const auto paused = pause_for(how.time != nullptr ? *how.time : system_time, pause, with.options().stop);
    if (!paused) return paused.error().within("events");
  }
}

}  // namespace tinyhttp
