// tinyhttp/http/body.hpp -- the content of a message, in either direction.
//
// One type for requests and responses: nothing, octets (owned, or shared and immutable), pieces of
// random-access content such as files, or a stream that is pulled (body_parts.hpp). Does no I/O itself
// and knows nothing about framing.
#pragma once

#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/http/body_parts.hpp>
#include <tinyhttp/http/fields.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tinyhttp {

/// The content of a message: a value. Copies share immutable content, and the position of a stream.
class body {
 public:
  body() noexcept {}  // not defaulted: `body()` would set every octet to 0 first
  body(std::string octets) : kind_(kind::octets), octets_(std::move(octets)) {}
  body(std::string_view octets) : kind_(kind::octets), octets_(octets) {}
  body(const char* octets) : body(std::string_view(octets)) {}
  body(std::nullptr_t) = delete;  // null is not a text, nor is the 0 of `json(0)`
  /// Immutable text that many messages may share.
  body(shared<const std::string> octets)
      : kind_(octets ? kind::text : kind::none),
        held_(std::move(octets)) {}
  body(content_slice slice) : kind_(kind::slice), slice_(std::move(slice)) {}
  body(std::vector<body_piece> pieces) : body(list_of(std::move(pieces))) {}
  body(owned_list<body_piece>&& pieces)
      : kind_(kind::pieces), held_(share(new owned_list<body_piece>(std::move(pieces)))) {}
  body(shared<body_stream> stream)
      : kind_(stream ? kind::stream : kind::none), held_(std::move(stream)) {}
  /// Takes a std::shared_ptr or a `shared` to either.
  template <detail::shares<const std::string> Pointer>
  body(Pointer octets) : body(shared<const std::string>(std::move(octets))) {}
  template <detail::shares<body_stream> Pointer>
  body(Pointer stream) : body(shared<body_stream>(std::move(stream))) {}
  body(const body&) = default;
  body& operator=(const body&) = default;
  /// A moved-from body is empty.
  body(body&& other) noexcept
      : kind_(other.kind_),
        octets_(std::move(other.octets_)),
        held_(std::move(other.held_)),
        slice_(std::move(other.slice_)),
        position_(other.position_),
        default_limit_(other.default_limit_) {
    other.kind_ = kind::none;
    other.position_ = 0;
  }
  body& operator=(body&& other) noexcept;
  ~body() = default;

  void clear() noexcept {
    if (kind_ != kind::none) *this = body();
  }
  /// Assigns the argument without making another body in between.
  void become(std::string_view octets) {
    clear();
    octets_.assign(octets);
    kind_ = kind::octets;
  }
  void become(shared<const std::string>&& octets) noexcept {
    clear();
    kind_ = octets ? kind::text : kind::none;
    held_ = std::move(octets);
  }
  void become(content_slice&& slice) noexcept {
    clear();
    kind_ = kind::slice;
    slice_ = std::move(slice);
  }

  /// The body is in memory, or empty: `text()` is all of it.
  [[nodiscard]] bool is_octets() const noexcept { return kind_ <= kind::text; }
  [[nodiscard]] std::string_view text() const noexcept;

  /// The total number of octets; empty if that is known only at the end.
  [[nodiscard]] std::optional<std::uint64_t> length() const {
    return is_octets() ? std::optional<std::uint64_t>(text().size()) : length_elsewhere();
  }

  /// Returns the next octets, from the beginning on; an empty view is the end. The view is valid until
  /// the next call or change. One reader at a time.
  template <class = void>  // g++ compiles every coroutine it sees; a template only where it is used
  [[nodiscard]] task<result<std::string_view>> next();
  /// The same for a body without a stream, which never has to wait.
  [[nodiscard]] result<std::string_view> next_here();

  /// Pulls the rest and stores it as octets; the view is valid until the body is changed. More than
  /// `limit` octets are an error of kind `limit` with status hint 413, and are not kept.
  template <class = void>
  [[nodiscard]] task<result<std::string_view>> read_all(std::uint64_t limit);
  template <class = void>
  [[nodiscard]] task<result<std::string_view>> read_all() { return read_all(default_limit_); }

  /// The limit of `read_all()`. Servers and clients set it from their options.
  void set_default_limit(std::uint64_t octets) noexcept { default_limit_ = octets; }
  [[nodiscard]] std::uint64_t default_limit() const noexcept { return default_limit_; }

  /// The trailer section, once the end has been pulled; null if there is none.
  [[nodiscard]] const fields* trailers() const noexcept;

  /// The parts, for the code that sends them. Null unless the body is of that kind.
  [[nodiscard]] const content_slice* slice() const noexcept {
    return kind_ == kind::slice ? &slice_ : nullptr;
  }
  [[nodiscard]] const owned_list<body_piece>* pieces() const noexcept {
    return kind_ == kind::pieces ? static_cast<const owned_list<body_piece>*>(held_.get()) : nullptr;
  }
  [[nodiscard]] body_stream* stream() const noexcept {
    return kind_ == kind::stream
               ? const_cast<body_stream*>(static_cast<const body_stream*>(held_.get()))
               : nullptr;
  }

 private:
  enum class kind : std::uint8_t { none, octets, text, slice, pieces, stream };

  [[nodiscard]] static owned_list<body_piece> list_of(std::vector<body_piece> pieces);
  [[nodiscard]] std::optional<std::uint64_t> length_elsewhere() const;
  result<std::string_view> next_of(const content_slice& slice, std::uint64_t start);
  result<std::string_view> next_octets(std::string_view all, std::uint64_t start);

  // Not std::variant: copying and moving a variant of six costs every program that includes this header
  // more compile time than the rest of this layer.
  kind kind_ = kind::none;
  std::string octets_;          // of kind octets; else the octets that the last view of a slice shows
  // A text or pieces, both immutable, or a stream; of kind octets: the trailers of the stream that was read.
  detail::shared_owner held_;
  content_slice slice_;
  std::uint64_t position_ = 0;  // octets pulled so far, except from streams
  std::uint64_t default_limit_ = std::uint64_t{1} << 20;
};

namespace detail {

template <class Made>
concept pulled_octets = std::is_convertible_v<Made, std::string_view> || std::is_same_v<Made, result<std::string>> ||
                        std::is_same_v<Made, task<result<std::string>>>;

}  // namespace detail

/// A body pulled from `pull`, which returns the next octets, or an empty string at the end. If `length`
/// is given, the total must be exactly that.
template <class Pull>
  requires detail::pulled_octets<std::invoke_result_t<Pull&>>
[[nodiscard]] body stream_body(Pull pull, std::optional<std::uint64_t> length = std::nullopt);
template <class Pull>  // for what is none: compilers show this line
body stream_body(Pull, std::optional<std::uint64_t> = std::nullopt) = delete;  // takes a callable without arguments that returns std::string, result<std::string>, or task<result<std::string>>

// ---------------------------------------------------------------------------------------------

inline body& body::operator=(body&& other) noexcept {
  if (this == &other) return *this;
  std::destroy_at(this);  // not member by member: a string keeps its memory when a short one moves in
  return *std::construct_at(this, std::move(other));
}

inline std::string_view body::text() const noexcept {
  if (kind_ == kind::octets) return octets_;
  if (kind_ == kind::text) return *static_cast<const std::string*>(held_.get());
  return {};
}

namespace detail {

/// A stream out of a callable that returns octets, now or as a task.
template <class Pull>
class pulled_stream final : public body_stream {
 public:
  pulled_stream(Pull pull, std::optional<std::uint64_t> length)
      : pull_(std::move(pull)), length_(length) {}

  task<result<std::string_view>> next() override {
    if constexpr (std::is_same_v<decltype(pull_()), task<result<std::string>>>) {
      return next_later();
    } else {
      return ready_task(next_now());
    }
  }
  [[nodiscard]] std::optional<std::uint64_t> length() const override { return length_; }

 private:
  task<result<std::string_view>> next_later() {
    auto pulled = co_await pull_();
    if (!pulled) co_return pulled.error();
    window_ = std::move(*pulled);
    co_return std::string_view(window_);
  }
  result<std::string_view> next_now() {
    if constexpr (std::is_same_v<decltype(pull_()), result<std::string>>) {
      auto pulled = pull_();
      if (!pulled) return pulled.error();
      window_ = std::move(*pulled);
    } else {
      window_ = pull_();
    }
    return std::string_view(window_);
  }

  Pull pull_;
  std::optional<std::uint64_t> length_;
  std::string window_;
};

/// Room in `all` for `more` octets, and for twice of what it had, but not beyond `most`: what a string
/// does by itself, and in `reserve` too, is to double whatever was asked for.
inline void make_room(std::string& all, std::size_t more, std::uint64_t most) {
  const std::uint64_t wanted = all.size() + more;
  if (wanted <= all.capacity()) return;
  const std::uint64_t doubled = at_most<std::uint64_t>(2 * std::uint64_t{all.capacity()}, most);
  std::string larger;
  larger.reserve(static_cast<std::size_t>(doubled > wanted ? doubled : wanted));
  larger.append(all);
  all = std::move(larger);
}

inline constexpr std::size_t body_window = 64 * 1024;  // octets pulled from a source at a time

}  // namespace detail

inline owned_list<body_piece> body::list_of(std::vector<body_piece> pieces) {
  owned_list<body_piece> list;
  for (body_piece& each : pieces) list.push_back(owned<body_piece>(new body_piece(std::move(each))));
  return list;
}

inline std::optional<std::uint64_t> body::length_elsewhere() const {
  if (const auto* one = slice()) return one->length;
  if (const auto* many = pieces()) {
    std::uint64_t sum = 0;
    for (const auto& piece : *many) sum += piece.length();
    return sum;
  }
  const auto* const source = stream();
  return source != nullptr ? source->length() : std::nullopt;
}

inline const fields* body::trailers() const noexcept {
  if (const auto* source = stream()) return source->trailers();
  return kind_ == kind::octets ? static_cast<const fields*>(held_.get()) : nullptr;
}

inline result<std::string_view> body::next_octets(std::string_view all, std::uint64_t start) {
  const auto rest = all.substr(static_cast<std::size_t>(position_ - start));
  position_ += rest.size();
  return rest;
}

inline result<std::string_view> body::next_of(const content_slice& slice, std::uint64_t start) {
  const std::uint64_t done = position_ - start;
  const std::uint64_t left = slice.length - done;
  octets_.resize(at_most(left, detail::body_window));
  if (octets_.empty()) return std::string_view();
  const auto got = slice.source->read_at(slice.offset + done, octets_);
  if (!got) return got.error();
  if (*got == 0) return error(error_kind::io, "content ended before its length");
  position_ += *got;
  return std::string_view(octets_).substr(0, *got);
}

inline result<std::string_view> body::next_here() {
  if (is_octets()) return next_octets(text(), 0);
  if (const auto* one = slice()) return next_of(*one, 0);
  const auto* const many = pieces();
  if (many == nullptr) return std::string_view();
  std::uint64_t start = 0;
  for (const auto& piece : *many) {
    const std::uint64_t end = start + piece.length();
    if (position_ < end) {
      return piece.is_slice() ? next_of(piece.slice, start) : next_octets(piece.octets, start);
    }
    start = end;
  }
  return std::string_view();
}

template <class>
task<result<std::string_view>> body::next() {
  if (auto* source = stream()) return source->next();
  return ready_task(next_here());
}

template <class>
task<result<std::string_view>> body::read_all(std::uint64_t limit) {
  const auto too_large = [limit] {
    return error(error_kind::limit,
                 "body: more than " + ascii::to_decimal(limit) + " octets", 413);
  };
  if (const auto known = length(); known && *known > limit) co_return too_large();
  if (is_octets()) co_return text();
  std::string all;
  for (;;) {
    const auto piece = co_await next();
    if (!piece) co_return piece.error();
    if (piece->empty()) break;
    if (piece->size() > limit - all.size()) co_return too_large();
    detail::make_room(all, piece->size(), length().value_or(limit));
    all.append(*piece);
  }
  detail::shared_owner lasting;
  if (const auto* kept = trailers(); kept != nullptr && !kept->empty())
    lasting = share(new fields(*kept));
  kind_ = kind::octets;
  octets_ = std::move(all);
  held_ = std::move(lasting);
  slice_ = {};
  position_ = 0;
  co_return text();
}

template <class Pull>
  requires detail::pulled_octets<std::invoke_result_t<Pull&>>
body stream_body(Pull pull, std::optional<std::uint64_t> length) {
  return body(share(new detail::pulled_stream<Pull>(std::move(pull), length)));
}

}  // namespace tinyhttp
