// tinyhttp/http/fields.hpp -- the fields of a message: ordered, case-insensitive, repeats kept.
//
// RFC 9110 5. A field that could split a message cannot be put in. Knows no field's meaning.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/small_vector.hpp>

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

/// One field line. Views into the `fields` it came from, until those change or end.
struct field {
  std::string_view name;
  std::string_view value;
};

/// Field lines in the order they came or were added. A value type that owns all of its octets, in
/// one block: usual messages need no allocation, and clearing one keeps its memory.
class fields {
 public:
  fields() noexcept {}  // not defaulted: `fields()` would set its 456 octets to 0 first
  fields(std::initializer_list<field> lines) {
    for (const auto& [name, value] : lines) add(name, value);
  }

  /// Appends a line; an existing one of the same name stays. `name` is a token, `value` without
  /// control octets (blanks around it are dropped): otherwise throws std::invalid_argument.
  fields& add(std::string_view name, std::string_view value);

  /// As `add`, but says false and changes nothing where that would throw.
  [[nodiscard]] bool try_add(std::string_view name, std::string_view value);

  /// Replaces every line of that name by one at the end. Throws as `add`.
  fields& set(std::string_view name, std::string_view value);

  /// Removes every line of that name; says how many there were.
  std::size_t remove(std::string_view name);
  void clear() noexcept {
    text_.clear();
    entries_.clear();
    names_ = repeated_ = 0;
    packed_ = true;
  }

  /// The value of the first line of that name. For a constant name, what is not there takes one test.
  [[nodiscard, gnu::always_inline]] std::optional<std::string_view> get(std::string_view name) const noexcept {
    return may_contain(name) ? find(name) : std::nullopt;
  }

  /// The value of the first line of that name; empty when there is none.
  [[nodiscard]] std::string_view operator[](std::string_view name) const noexcept {
    return get(name).value_or(std::string_view());
  }
  [[nodiscard]] bool contains(std::string_view name) const noexcept { return get(name).has_value(); }
  /// False: there is no line of that name, which takes no search to say. True: there may be.
  [[nodiscard, gnu::always_inline]] bool may_contain(std::string_view name) const noexcept {
    return !name.empty() && (names_ & bit_of(name)) != 0;
  }
  /// False: there is at most one line of that name, as cheaply. True: there may be more.
  [[nodiscard, gnu::always_inline]] bool may_repeat(std::string_view name) const noexcept {
    return !name.empty() && (repeated_ & bit_of(name)) != 0;
  }
  [[nodiscard]] std::size_t count(std::string_view name) const noexcept;

  /// The values of all lines of that name, joined by `, ` (RFC 9110 5.3). Empty when there is none.
  [[nodiscard]] std::optional<std::string> combined(std::string_view name) const;

  /// One of the comma-separated elements of that name's lines is `token`, whatever its case.
  [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const noexcept {
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
  /// All of that, where it lies together: then it need not be put together. Empty text elsewhere.
  [[nodiscard]] std::string_view wire_text() const noexcept {
    return packed_ ? std::string_view(text_.data(), text_.size()) : std::string_view();
  }

  /// For the parser, which has checked every octet: after `clear()`, names lines by their place in
  /// a head, and at its end hands over that head, which becomes the block they live in.
  void set_block(std::string_view head) {
    text_.clear();
    text_.append(head.data(), head.size());
    packed_ = false;
  }
  void add_parsed(std::string_view name, std::size_t name_at, std::size_t value_at,
                  std::size_t value_size) {
    const std::uint64_t bit = bit_of(name);
    if ((names_ & bit) != 0) repeated_ |= bit;
    names_ |= bit;
    *entries_.extend(1) = {static_cast<std::uint32_t>(name_at), static_cast<std::uint32_t>(name.size()),
                           static_cast<std::uint32_t>(value_at), static_cast<std::uint32_t>(value_size)};
  }

 private:
  struct entry {
    std::uint32_t name_at, name_size, value_at, value_size;  // octets into text_
  };

  /// One of 64 bits, the same for names that differ in case only.
  [[nodiscard]] static constexpr std::uint64_t bit_of(std::string_view name) noexcept {
    const auto first = static_cast<unsigned char>(name.front()) | 0x20u;
    return std::uint64_t{1} << ((name.size() * 23 + first) % 64);  // few usual names share one
  }
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;
  [[nodiscard]] bool find_token(std::string_view name, std::string_view token) const noexcept;
  [[nodiscard]] bool owns(std::string_view view) const noexcept;
  static void check(std::string_view name, std::string_view value);
  [[nodiscard]] field line(const entry& e) const noexcept;

  small_vector<char, 256> text_;  // built: the lines as they go on the wire; parsed: the whole head
  small_vector<entry, 8> entries_;
  std::uint64_t names_ = 0;  // the bits of all names, and maybe of some that have been removed
  std::uint64_t repeated_ = 0;  // those that stand for several lines, or did
  bool packed_ = true;  // text_ is exactly the lines on the wire
};

class fields::iterator {
 public:
  iterator(const char* text, const entry* at) noexcept : text_(text), at_(at) {}
  [[nodiscard]] field operator*() const noexcept {
    return {{text_ + at_->name_at, at_->name_size}, {text_ + at_->value_at, at_->value_size}};
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
  const std::size_t at = text_.size();
  char* const line = text_.extend(name.size() + value.size() + 4);
  name.copy(line, name.size());
  std::memcpy(line + name.size(), ": ", 2);
  value.copy(line + name.size() + 2, value.size());
  std::memcpy(line + name.size() + 2 + value.size(), "\r\n", 2);
  add_parsed(name, at, at + name.size() + 2, value.size());
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
    const std::uint32_t size = gone.name_size + gone.value_size + 4;  // ": " and CRLF
    text_.erase(gone.name_at, size);
    for (std::size_t later = i; later < entries_.size(); ++later) {
      entries_[later].name_at -= size;
      entries_[later].value_at -= size;
    }
  }
  return removed;
}

inline std::optional<std::string_view> fields::find(std::string_view name) const noexcept {
  for (const entry& e : entries_)
    if (e.name_size == name.size() && ascii::equal_ignoring_case(line(e).name, name))
      return line(e).value;
  return std::nullopt;
}

inline std::size_t fields::count(std::string_view name) const noexcept {
  std::size_t lines = 0;
  for (const auto& [line_name, value] : *this)
    if (ascii::equal_ignoring_case(line_name, name)) ++lines;
  return lines;
}

inline std::optional<std::string> fields::combined(std::string_view name) const {
  std::optional<std::string> all;
  for (const auto& [line_name, value] : *this) {
    if (!ascii::equal_ignoring_case(line_name, name)) continue;
    if (all) {
      all->append(", ").append(value);
    } else {
      all.emplace(value);
    }
  }
  return all;
}

inline bool fields::find_token(std::string_view name, std::string_view token) const noexcept {
  for (const entry& e : entries_)
    if (e.name_size == name.size() && ascii::equal_ignoring_case(line(e).name, name) &&
        ascii::list_contains(line(e).value, token))
      return true;
  return false;
}

inline void fields::append_to(std::string& out) const {
  if (packed_) {
    out.append(text_.data(), text_.size());
    return;
  }
  for (const auto& [name, value] : *this) out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace tinyhttp
