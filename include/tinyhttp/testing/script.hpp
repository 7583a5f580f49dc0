// tinyhttp/testing/script.hpp -- behaviours and contents written as text, for command-line programs.
//
// `cut 500000 x1 then serve` is `cut(after{500'000}).times(1).then(serve())`. A word with blanks is enclosed in
// quotes of either kind. Opens files only if the text names one.
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

/// Parses a script of behaviours. Entries are joined by `then`, parts of one entry by `|` or a blank; `xN` ends an
/// entry that applies N times. At most one part of an entry may be an answer, from the first two lines except
/// ignore-range and basic-auth. Places are octets of the body; `@N` is a place in the file, `head` is before the
/// head, `head+N` in it; `request` is before the request's body, `request+N` in it.
///
///     reply CODE [body TEXT]        redirect URL  serve           raw FILE       ignore-range  swap SEED
///     basic-auth USER:PASSWORD      retry-after S (503)           flaky PERCENT SEED
///     cut PLACE     reset PLACE     stall PLACE   pause PLACE MS  flip-bit N     throttle BYTES/s
///     length N      no-length       double-length N               extra TEXT
///     chunked N     bad-chunks      no-last-chunk tiny-writes N   noise CODE     bare-lf   close
///     header NAME:VALUE             without-header NAME           etag TAG       trailer NAME:VALUE
///     early         early N (octets of the request's body)
[[nodiscard]] inline result<behavior> parse_behavior(std::string_view script);

/// Parses an entity tag: `v1` and `"v1"` are the tag `"v1"`; `W/"v1"` is itself.
[[nodiscard]] inline std::string parse_etag(std::string_view text);

/// Parses content: `3MiB:seed7`, `3MiB`, `500000`: a pattern of that size.
[[nodiscard]] inline result<content> parse_content(std::string_view text);

/// Parses a size: `500000`, `64KiB`, `3MiB`, `10GiB`.
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
  [[nodiscard]] bool empty() const noexcept { return over_; }
  [[nodiscard]] std::string_view peek() const noexcept { return word_; }
  /// The next word is this one, and not in quotes.
  [[nodiscard]] bool is(std::string_view word) const noexcept { return !over_ && !quoted_ && word_ == word; }
  /// An entry ends here, or a part of one.
  [[nodiscard]] bool at_end() const noexcept { return over_ || is("then") || is("|"); }
  /// Where a quote begins that nothing ends; empty: nowhere.
  [[nodiscard]] static std::string_view unclosed(std::string_view text) {
    script_words all(text);
    while (!all.over_ && !all.unclosed_) all.advance();
    return all.word_;
  }
  std::string_view take() {
    const auto taken = word_;
    advance();
    return taken;
  }

 private:
  void advance() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
    over_ = rest_.empty();
    quoted_ = !over_ && (rest_.front() == '"' || rest_.front() == '\'');
    const auto end = quoted_ ? rest_.find(rest_.front(), 1) : rest_.find(' ');
    unclosed_ = quoted_ && end == rest_.npos;
    word_ = rest_.substr(0, end);
    rest_.remove_prefix(word_.size());
    if (!quoted_ || unclosed_) return;
    word_.remove_prefix(1);
    rest_.remove_prefix(1);
  }
  std::string_view rest_;
  std::string_view word_;
  bool over_ = false, quoted_ = false, unclosed_ = false;
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
  if (word == "swap") into = behavior(act{.what = act::kind::swap, .chosen = true, .name = "swap content", .seed = n});
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

/// `reply`, behind which stand a code and maybe a body.
[[nodiscard]] inline result<behavior> parse_reply(std::string_view code, script_words& words) {
  const auto number = ascii::parse_decimal_strict(code, 999);
  if (!number || (*number < 200 && *number != 101)) return script_error(code, "no status to reply with: 101, or 200 to 999");
  std::optional<std::string> body;
  if (words.is("body")) {
    words.take();
    if (words.at_end()) return script_error("body", "a text is missing behind it");
    body = words.take();
  }
  return reply(static_cast<int>(*number), std::move(body));
}

/// A field of the answer, other than it would be.
[[nodiscard]] inline result<behavior> parse_field(std::string_view word, std::string_view value) {
  if (word == "etag") return edited("etag", {head_edit::kind::set, "ETag", parse_etag(value)}, false);
  const bool set = word != "without-header";
  const std::string name(value.substr(0, set ? value.find(':') : value.npos));
  if (!ascii::is_token(name) || (set && name.size() == value.size()))
    return script_error(value, set ? "NAME:VALUE, please" : "no name of a field");
  const std::string text = set ? std::string(ascii::trim(value.substr(name.size() + 1))) : std::string();
  if (word == "trailer") return trailer(name, text);
  if (!set) return edited("without header " + name, {head_edit::kind::remove, name, {}}, false);
  return edited("header " + name, {head_edit::kind::set, name, text}, false);
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
  if (words.at_end())
    return script_error(word, "no such behaviour, or something is missing behind it");
  const std::string value(words.take());
  if (word == "reply") return parse_reply(value, words);
  if (word == "header" || word == "without-header" || word == "etag" || word == "trailer") return parse_field(word, value);
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
  while (entry && !words.empty() && !words.is("then")) {
    const auto word = words.peek();
    const auto times = word.starts_with('x') ? ascii::parse_decimal_strict(word.substr(1), 1'000'000) : std::nullopt;
    if (times || words.is("|")) words.take();
    if (times) {
      if (!words.empty() && !words.is("then")) return script_error(words.peek(), "only `then` goes on behind xN");
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

/// Entries, to the end.
[[nodiscard]] inline result<behavior> parse_entries(script_words& words) {
  auto all = parse_entry(words);
  while (all && !words.empty()) {
    words.take();  // then
    auto next = parse_entry(words);
    if (!next) return next;
    all = all->then(std::move(*next));
  }
  return all;
}

/// What `parse` makes of `text`, if every quote in it is closed.
template <class T>
[[nodiscard]] result<T> parse_words(std::string_view text, result<T> (*parse)(script_words&)) {
  if (const auto open = script_words::unclosed(text); !open.empty()) return script_error(open, "the quote is not closed");
  script_words words(text);
  return parse(words);
}

}  // namespace detail

inline std::string parse_etag(std::string_view text) {
  if (text.starts_with('"') || text.starts_with("W/\"")) return std::string(text);
  return std::string("\"").append(text).append("\"");
}

inline result<behavior> parse_behavior(std::string_view script) { return detail::parse_words(script, detail::parse_entries); }

}  // namespace tinyhttp::testing
