// tinyhttp/http/fields.hpp -- the fields of a message: ordered, case-insensitive, with repeated lines kept.
//
// RFC 9110 5. A field that could split a message cannot be added. Knows no field's meaning.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/small_vector.hpp>
#include <tinyhttp/http/constant_line.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tinyhttp {

/// One field line. Views into its `fields`, valid until those change or are destroyed.
struct field {
  std::string_view name;
  std::string_view value;
};

/// Field lines in the order in which they arrived or were added. A value type that owns all of its octets, in one
/// block: usual messages need no allocation, and clearing one keeps its memory.
class fields {
 public:
  fields() noexcept {}  // not defaulted: `fields()` would set its 456 octets to 0 first
  fields(std::initializer_list<field> lines) {
    for (const auto& [name, value] : lines) add(name, value);
  }
  /// Where the compiler sees the line, this is a few stores.
  [[gnu::always_inline]] explicit fields(const constant_line& line) {
    const std::size_t size = line.text().size(), name = line.name_size();
    std::memcpy(text_.extend(size), line.text().data(), size);
    entries_.push_back({{0, static_cast<std::uint32_t>(name)},
                        {static_cast<std::uint32_t>(name + 2), static_cast<std::uint32_t>(size - name - 4)}});
    names_ = bit_of(line.text().substr(0, name));
  }

  /// Appends a line; existing ones of the same name stay. `name` must be a token, `value` without
  /// control octets (blanks around it are dropped): otherwise throws std::invalid_argument.
  fields& add(std::string_view name, std::string_view value);

  /// Like `add`, but returns false and changes nothing where `add` would throw.
  [[nodiscard]] bool try_add(std::string_view name, std::string_view value);

  /// Replaces every line of that name by one at the end. Throws like `add`.
  fields& set(std::string_view name, std::string_view value);

  /// Removes every line of that name; returns how many there were.
  std::size_t remove(std::string_view name);
  void clear() noexcept {
    text_.clear();
    entries_.clear();
    names_ = repeated_ = 0;
    packed_ = true;
  }

  /// Keeps only the given number of lines, from the front. For lines that were added here, not received.
  void keep_first(std::size_t count) noexcept {
    if (count >= entries_.size()) return;
    text_.resize_within(entries_[count].name.at);
    entries_.resize_within(count);
  }

  /// The value of the first line of that name. For a constant name, an absent one costs one test.
  [[nodiscard, gnu::always_inline]] std::optional<std::string_view> get(std::string_view name) const noexcept {
    return may_contain(name) ? find(text_.data(), name) : std::nullopt;
  }

  /// The value of the first line of that name; empty if there is none. Const, because an assignment to it would have no effect.
  [[nodiscard]] const std::string_view operator[](std::string_view name) const noexcept {
    return get(name).value_or(std::string_view());
  }
  [[nodiscard]] bool contains(std::string_view name) const noexcept { return get(name).has_value(); }
  /// False: there is no line of that name, found without a search. True: there may be.
  [[nodiscard, gnu::always_inline]] bool may_contain(std::string_view name) const noexcept {
    return !name.empty() && (names_ & bit_of(name)) != 0;
  }
  /// False: there is at most one line of that name, found as cheaply. True: there may be more.
  [[nodiscard, gnu::always_inline]] bool may_repeat(std::string_view name) const noexcept {
    return !name.empty() && (repeated_ & bit_of(name)) != 0;
  }
  [[nodiscard]] std::size_t count(std::string_view name) const noexcept;

  /// The values of all lines of that name, joined by `, ` (RFC 9110 5.3). Empty if there is no such line.
  [[nodiscard]] std::optional<std::string> combined(std::string_view name) const;
  /// The same as a view of this, or of `store` if there are several lines.
  [[nodiscard]] std::optional<std::string_view> combined(std::string_view name, std::string& store) const;

  /// Whether one of the comma-separated elements of that name's lines is `token`, ignoring case.
  [[nodiscard, gnu::always_inline]] bool has_token(std::string_view name, std::string_view token) const noexcept {
    return may_contain(name) && find_token(name, token);
  }

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] field operator[](std::size_t i) const noexcept;

  class iterator;
  [[nodiscard]] iterator begin() const noexcept;
  [[nodiscard]] iterator end() const noexcept;

  /// Appends every line as `name: value CRLF`.
  void append_to(std::string& out) const;
  /// The same text as a view, if it is contiguous, so that it need not be put together; otherwise an empty text.
  [[nodiscard]] std::string_view wire_text() const noexcept {
    return packed_ ? std::string_view(text_.data(), text_.size()) : std::string_view();
  }

  /// Like `get`, for a caller that still has the octets that `set_block` was given: a view of those, which are faster to read
  /// than a fresh copy.
  [[nodiscard, gnu::always_inline]] std::optional<std::string_view> get_of(const char* block, std::string_view name) const noexcept {
    return may_contain(name) ? find(block, name) : std::nullopt;
  }

  /// The beginning of the octets that all views point into.
  [[nodiscard]] const char* block() const noexcept { return text_.data(); }

  /// For the parser, which has checked every octet: after `clear()`, takes lines by their position in a head. At
  /// its end the parser passes the head, which becomes the block that they live in.
  class parsed_lines;
  void set_block(std::string_view head) {
    text_.clear();
    text_.append(head.data(), head.size());
    packed_ = false;
  }

 private:
  struct part { std::uint32_t at, size; };  // octets of text_
  struct entry { part name, value; };

  /// One of 64 bits, the same for names that differ in case only: 4 and 24 times 0x20 is none of them.
  [[nodiscard, gnu::always_inline]] static constexpr std::uint64_t bit_of(std::string_view name) noexcept {
    const std::size_t first = static_cast<unsigned char>(name.front());
    const std::size_t last = static_cast<unsigned char>(name.back());
    return std::uint64_t{1} << ((name.size() + first * 4 + last * 24) % 64);  // few usual names share one
  }
  [[nodiscard]] std::optional<std::string_view> find(const char* block, std::string_view name) const noexcept;
  [[nodiscard]] bool find_token(std::string_view name, std::string_view token) const noexcept;
  bool combine(std::string_view name, std::string& into) const;
  [[nodiscard]] bool owns(std::string_view view) const noexcept;
  static void check(std::string_view name, std::string_view value);
  [[nodiscard]] field line(const entry& e) const noexcept;

  small_vector<char, 256> text_;  // built: the lines as they go on the wire; parsed: the whole head
  small_vector<entry, 8> entries_;
  std::uint64_t names_ = 0;  // the bits of all names, and maybe of some that have been removed
  std::uint64_t repeated_ = 0;  // those that stand for several lines, or did
  bool packed_ = true;  // text_ is exactly the lines on the wire
};

/// Lines being parsed, as many as there is room for. The fields know of them once `keep` was called; the
/// next one of these goes on from there, with more room.
class fields::parsed_lines {
 public:
  /// Lines of the text at `head`, until there are `most` in all.
  parsed_lines(fields& into, const char* head, std::size_t most) : into_(&into), head_(head), names_(into.names_) {
    into.entries_.reserve(into.entries_.size() + 1);
    next_ = into.entries_.end();
    end_ = into.entries_.data() + (most < into.entries_.capacity() ? most : into.entries_.capacity());
  }

  [[nodiscard]] bool have_room() const noexcept { return next_ != end_; }
  /// Where there is room.
  void add(std::string_view name, std::string_view value) noexcept {
    next_->name = place(name);
    const std::uint64_t bit = bit_of(name);
    if ((names_ & bit) != 0) [[unlikely]] into_->repeated_ |= bit;
    names_ |= bit;
    next_->value = place(value);
    ++next_;
  }
  void keep() noexcept {
    into_->entries_.resize_within(static_cast<std::size_t>(next_ - into_->entries_.data()));
    into_->names_ = names_;
  }

 private:
  [[nodiscard]] part place(std::string_view text) const noexcept {
    return {static_cast<std::uint32_t>(text.data() - head_), static_cast<std::uint32_t>(text.size())};
  }

  fields* into_;
  const char* head_;
  entry *next_, *end_;
  std::uint64_t names_;
};

class fields::iterator {
 public:
  iterator(const char* text, const entry* at) noexcept : text_(text), at_(at) {}
  [[nodiscard]] field operator*() const noexcept {
    return {{text_ + at_->name.at, at_->name.size}, {text_ + at_->value.at, at_->value.size}};
  }
  iterator& operator++() noexcept {
    ++at_;
    return *this;
  }
  friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.at_ == b.at_; }

 private:
  const char* text_;
  const entry* at_;
};

// ---------------------------------------------------------------------------------------------

inline fields::iterator fields::begin() const noexcept { return {text_.data(), entries_.begin()}; }
inline fields::iterator fields::end() const noexcept { return {text_.data(), entries_.end()}; }

inline field fields::line(const entry& e) const noexcept { return *iterator(text_.data(), &e); }

inline field fields::operator[](std::size_t i) const noexcept { return line(entries_[i]); }

inline void fields::check(std::string_view name, std::string_view value) {
  if (!ascii::is_token(name)) throw std::invalid_argument("field name: not a token");
  if (!ascii::is_field_value(value))
    throw std::invalid_argument(std::string("field ").append(name).append(": control octet in its value"));
}

/// `view` shows our own octets, which move when we grow or shrink.
inline bool fields::owns(std::string_view view) const noexcept {
  const auto begin = reinterpret_cast<std::uintptr_t>(text_.data());
  const auto at = reinterpret_cast<std::uintptr_t>(view.data());
  return !view.empty() && at >= begin && at < begin + text_.size();
}

inline fields& fields::set(std::string_view name, std::string_view value) {
  value = ascii::trim(value);
  check(name, value);
  if (owns(name) || owns(value)) return set(std::string(name), std::string(value));
  remove(name);
  return add(name, value);
}

inline fields& fields::add(std::string_view name, std::string_view value) {
  value = ascii::trim(value);
  check(name, value);
  if (text_.size() + name.size() + value.size() > std::numeric_limits<std::uint32_t>::max() - 4)
    throw std::length_error("fields: over 4 GiB");
  if (owns(name) || owns(value)) return add(std::string(name), std::string(value));
  entries_.reserve(entries_.size() + 1);  // what throws comes first
  char* const line = text_.extend(name.size() + value.size() + 4);
  name.copy(line, name.size());
  std::memcpy(line + name.size(), ": ", 2);
  value.copy(line + name.size() + 2, value.size());
  std::memcpy(line + name.size() + 2 + value.size(), "\r\n", 2);
  parsed_lines lines(*this, text_.data(), entries_.size() + 1);
  lines.add({line, name.size()}, {line + name.size() + 2, value.size()});
  lines.keep();
  return *this;
}

inline bool fields::try_add(std::string_view name, std::string_view value) {
  if (!ascii::is_token(name) || !ascii::is_field_value(ascii::trim(value))) return false;
  add(name, value);
  return true;
}

inline std::size_t fields::remove(std::string_view name) {
  std::size_t removed = 0;
  if (!may_contain(name)) return removed;
  for (std::size_t i = entries_.size(); i-- > 0;) {
    const entry gone = entries_[i];
    if (!ascii::equal_ignoring_case(line(gone).name, name)) continue;
    entries_.erase(i, 1);
    ++removed;
    if (!packed_) continue;
    const std::uint32_t size = gone.name.size + gone.value.size + 4;  // ": " and CRLF
    text_.erase(gone.name.at, size);
    for (std::size_t later = i; later < entries_.size(); ++later) {
      entries_[later].name.at -= size;
      entries_[later].value.at -= size;
    }
  }
  return removed;
}

inline std::optional<std::string_view> fields::find(const char* block, std::string_view name) const noexcept {
  for (const entry& e : entries_)
    if (e.name.size == name.size() && ascii::equal_ignoring_case({block + e.name.at, e.name.size}, name))
      return std::string_view(block + e.value.at, e.value.size);
  return std::nullopt;
}

[[gnu::noinline]] inline std::size_t fields::count(std::string_view name) const noexcept {
  std::size_t lines = 0;
  for (const auto [line_name, value] : *this)
    if (ascii::equal_ignoring_case(line_name, name)) ++lines;
  return lines;
}

inline std::optional<std::string> fields::combined(std::string_view name) const {
  std::string all;
  if (!combine(name, all)) return std::nullopt;
  return all;
}

inline std::optional<std::string_view> fields::combined(std::string_view name, std::string& store) const {
  if (!may_repeat(name)) return get(name);
  if (!combine(name, store)) return std::nullopt;
  return store;
}

/// False: there is no such line.
[[gnu::cold]] inline bool fields::combine(std::string_view name, std::string& into) const {
  into.clear();
  std::size_t lines = 0;
  for (const auto [line_name, value] : *this) {
    if (!ascii::equal_ignoring_case(line_name, name)) continue;
    if (++lines > 1) into.append(", ");
    into.append(value);
  }
  return lines > 0;
}

inline bool fields::find_token(std::string_view name, std::string_view token) const noexcept {
  for (const entry& e : entries_)
    if (e.name.size == name.size() && ascii::equal_ignoring_case(line(e).name, name) &&
        ascii::list_contains(line(e).value, token))
      return true;
  return false;
}

inline void fields::append_to(std::string& out) const {
  if (packed_) {
    out.append(text_.data(), text_.size());
    return;
  }
  for (const auto [name, value] : *this) out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace tinyhttp
