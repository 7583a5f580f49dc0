// tinyhttp/testing/script.hpp -- behaviours and contents written as text, for programs that are told
// on a command line what to do.
//
// `cut 500000 x1 then serve` is `cut(after{500'000}).times(1).then(serve())`. Opens files only where
// the text names one.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/testing/behaviors.hpp>
#include <tinyhttp/testing/content.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::testing {

/// A script of behaviours. Entries are joined by `then`, parts of one entry by `|` or a blank; `xN`
/// ends an entry that comes so often. One part of an entry at most says what is answered: the first two
/// lines, but ignore-range and basic-auth. Places are octets of the body; `@N` is a place in the file,
/// `head` is before the head, `head+N` in it; `request` is before the request's body, `request+N` in it.
///
///     reply CODE    redirect URL    serve         raw FILE        ignore-range   swap SEED
///     basic-auth USER:PASSWORD      retry-after S (503)           flaky PERCENT SEED
///     cut PLACE     reset PLACE     stall PLACE   pause PLACE MS  flip-bit N     throttle BYTES/s
///     length N      no-length       double-length N               extra TEXT
///     chunked N     bad-chunks      no-last-chunk tiny-writes N   noise CODE     bare-lf   close
///     early         early N (octets of the request's body)
[[nodiscard]] inline result<behavior> parse_behavior(std::string_view script);

/// `3MiB:seed7`, `3MiB`, `500000`: a pattern of that size.
[[nodiscard]] inline result<content> parse_content(std::string_view text);

/// `500000`, `64KiB`, `3MiB`, `10GiB`.
[[nodiscard]] inline std::optional<std::uint64_t> parse_size(std::string_view text);

// ---------------------------------------------------------------------------------------------

inline std::optional<std::uint64_t> parse_size(std::string_view text) {
  int shift = 0;
  for (const auto& [unit, bits] : {std::pair("KiB", 10), std::pair("MiB", 20), std::pair("GiB", 30)}) {
    if (!text.ends_with(unit)) continue;
    text.remove_suffix(3);
    shift = bits;
    break;
  }
  const auto number = ascii::parse_decimal_strict(text, ~std::uint64_t{0} >> shift);
  return number ? std::optional(*number << shift) : std::nullopt;
}

inline result<content> parse_content(std::string_view text) {
  const auto colon = text.find(':');
  const auto size = parse_size(text.substr(0, colon));
  std::uint64_t seed = 0;
  if (colon != text.npos) {
    auto named = text.substr(colon + 1);
    if (named.starts_with("seed")) named.remove_prefix(4);
    const auto given = ascii::parse_decimal_strict(named);
    if (!given) return error(error_kind::invalid_argument, std::string(text) + ": no seed, such as 3MiB:seed7");
    seed = *given;
  }
  if (!size) return error(error_kind::invalid_argument, std::string(text) + ": no size, such as 500000, 64KiB, 3MiB, 10GiB");
  return pattern(*size, seed);
}

namespace detail {

/// The words of a script, one by one.
class script_words {
 public:
  explicit script_words(std::string_view text) : rest_(text) { advance(); }
  [[nodiscard]] bool empty() const noexcept { return word_.empty(); }
  [[nodiscard]] std::string_view peek() const noexcept { return word_; }
  std::string_view take() {
    const auto taken = word_;
    advance();
    return taken;
  }

 private:
  void advance() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
    word_ = rest_.substr(0, rest_.find(' '));
    rest_.remove_prefix(word_.size());
  }
  std::string_view rest_;
  std::string_view word_;
};

[[nodiscard]] inline error script_error(std::string_view word, std::string_view wanted) {
  return {error_kind::invalid_argument,
          std::string("\"").append(word).append("\": ").append(wanted)};
}

[[nodiscard]] inline std::optional<position> parse_place(std::string_view word) {
  if (word == "head") return position(before_head);
  if (word == "request") return position(in_request{});
  const bool in_file = word.starts_with('@'), head = word.starts_with("head+"), request = word.starts_with("request+");
  const auto number = parse_size(word.substr(in_file ? 1 : head ? 5 : request ? 8 : 0));
  if (!number) return std::nullopt;
  if (request) return position(in_request{*number});
  return in_file ? position(offset{*number}) : head ? position(in_head{*number}) : position(after{*number});
}

/// `true`: `word` was one of these and `into` is it.
[[nodiscard]] inline bool parse_plain(std::string_view word, behavior& into) {
  if (word == "serve") into = serve();
  else if (word == "ignore-range") into = ignore_range();
  else if (word == "no-length") into = no_length();
  else if (word == "bad-chunks") into = chunked(1000, chunk_fault::bad_size);
  else if (word == "no-last-chunk") into = chunked(1000, chunk_fault::no_last);
  else if (word == "bare-lf") into = bare_lf();
  else if (word == "close") into = close_after();
  else return false;
  return true;
}

[[nodiscard]] inline bool parse_at_place(std::string_view word, position at, behavior& into) {
  if (word == "cut") into = cut(at);
  else if (word == "reset") into = reset(at);
  else if (word == "stall") into = stall(at);
  else if (word == "flip-bit" && at.in != position::kind::request) into = flip_bit(at.in == position::kind::body ? position(offset{at.octets}) : at);
  else return false;
  return true;
}

[[nodiscard]] inline bool parse_with_number(std::string_view word, std::uint64_t n, behavior& into) {
  const auto small = static_cast<int>(n < 1'000'000 ? n : 0);
  if (word == "reply" && (n == 101 || (n >= 200 && n <= 999))) into = reply(small);
  else if (word == "swap") into = behavior(act{.what = act::kind::swap, .chosen = true, .name = "swap content", .seed = n});
  else if (word == "retry-after") into = reply(503).retry_after(std::chrono::seconds(n));
  else if (word == "length") into = length(n);
  else if (word == "double-length") into = double_length(n);
  else if (word == "chunked" && n > 0) into = chunked(static_cast<std::size_t>(n));
  else if (word == "tiny-writes" && n > 0) into = tiny_writes(static_cast<std::size_t>(n));
  else if (word == "noise" && n >= 100 && n < 200) into = noise(small);
  else return false;
  return true;
}

[[nodiscard]] inline result<behavior> parse_throttle(std::string_view value) {
  const bool in_a_second = value.ends_with("/s");
  const auto rate = in_a_second ? parse_size(value.substr(0, value.size() - 2)) : std::nullopt;
  if (!rate || *rate == 0) return script_error(value, "octets in a second, please, such as 64KiB/s");
  const std::uint64_t slice = *rate >= 20 ? *rate / 20 : 1;
  const double seconds = static_cast<double>(slice) / static_cast<double>(*rate);
  return throttle(slice, std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9)));
}

/// One part: a word and what belongs to it.
[[nodiscard]] inline result<behavior> parse_part(script_words& words) {
  if (words.empty()) return script_error("", "a behaviour is missing at the end");
  const std::string_view word = words.take();
  behavior made;
  if (parse_plain(word, made)) return made;
  if (word == "early") {
    const auto octets = words.empty() ? std::nullopt : parse_size(words.peek());
    if (octets) words.take();
    return early(octets.value_or(0));
  }
  if (words.empty() || words.peek() == "then" || words.peek() == "|")
    return script_error(word, "no such behaviour, or something is missing behind it");
  const std::string value(words.take());
  if (word == "redirect") return redirect(value);
  if (word == "extra") return extra(value);
  if (word == "raw") {
    try {
      return raw(on_disk(value).octets());
    } catch (const bad_result& failed) {
      return failed.error();
    }
  }
  if (word == "basic-auth") {
    const auto colon = value.find(':');
    if (colon == value.npos) return script_error(value, "USER:PASSWORD, please");
    return basic_auth(value.substr(0, colon), value.substr(colon + 1));
  }
  if (word == "throttle") return parse_throttle(value);
  const auto at = parse_place(value);
  if (at && parse_at_place(word, *at, made)) return made;
  if (at && word == "pause") {
    const auto time = words.empty() ? std::nullopt : ascii::parse_decimal_strict(words.take(), 86'400'000);
    if (!time) return script_error(word, "a place and milliseconds, please");
    return pause(*at, std::chrono::milliseconds(*time));
  }
  const auto number = parse_size(value);
  if (number && word == "flaky") {
    const auto seed = words.empty() ? std::nullopt : ascii::parse_decimal_strict(words.take());
    if (!seed || *number > 100) return script_error(word, "a percentage and a seed, please");
    return flaky(static_cast<double>(*number) / 100, *seed);
  }
  if (number && parse_with_number(word, *number, made)) return made;
  return script_error(std::string(word).append(" ").append(value), "no such behaviour, or not with that behind it");
}

/// Parts, to the next `then` or the end.
[[nodiscard]] inline result<behavior> parse_entry(script_words& words) {
  auto entry = parse_part(words);
  while (entry && !words.empty() && words.peek() != "then") {
    const auto word = words.peek();
    const auto times = word.starts_with('x') ? ascii::parse_decimal_strict(word.substr(1), 1'000'000) : std::nullopt;
    if (times || word == "|") words.take();
    if (times) {
      if (!words.empty() && words.peek() != "then") return script_error(words.peek(), "only `then` goes on behind xN");
      return entry->times(static_cast<std::size_t>(*times));
    }
    const auto part = parse_part(words);
    if (!part) return part;
    if (entry->acts()[0].chosen && part->acts()[0].chosen)
      return script_error(word, "an entry has one answer; `then` begins another");
    entry = *entry | *part;
  }
  return entry;
}

}  // namespace detail

inline result<behavior> parse_behavior(std::string_view script) {
  detail::script_words words(script);
  auto all = detail::parse_entry(words);
  while (all && !words.empty()) {
    words.take();  // then
    auto next = detail::parse_entry(words);
    if (!next) return next;
    all = all->then(std::move(*next));
  }
  return all;
}

}  // namespace tinyhttp::testing
