// tinyhttp/files/assets.hpp -- a handler over named contents in memory.
//
// Gives the same answers as static_files.hpp, from the same engine, without a disk: for programs
// that contain their pages. Compresses nothing; variants are made beforehand.
#pragma once

#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/files/error_pages.hpp>
#include <tinyhttp/files/mount.hpp>
#include <tinyhttp/files/path.hpp>
#include <tinyhttp/files/plan.hpp>
#include <tinyhttp/files/rules.hpp>
#include <tinyhttp/files/stamp.hpp>
#include <tinyhttp/http/negotiation.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp {

/// The options of `assets`: those of `static_files_options` that apply in memory.
struct assets_options {
  std::string strip_prefix = {};       // as in static_files_options
  std::string index = "index.html";    // what `/` and `/docs/` show
  std::string cache_control = "no-cache";
  std::vector<cache_rule> cache_rules = {};
  std::vector<media_type_rule> media_types = {};

  std::string fallback = {};           // an asset

  /// Your own pages for errors, as `{{404, "404.html"}}`: assets, in their plain variant.
  std::vector<error_page> error_pages = {};
};

/// Named contents, and a handler that serves them to GET and HEAD with ranges and conditions; entity tags are hashes
/// of the content. Fill it first, then pass it to a server. A value whose copies share the contents. Any thread, once
/// filled.
///
///     assets site({.fallback = "index.html"});
///     site.add("index.html", page).add("app.js", script);
class assets {
 public:
  /// Throws std::invalid_argument for invalid options, like `static_files`.
  explicit assets(assets_options options = {}) : options_(std::move(options)) {
    files::detail::require_places(options_.strip_prefix, options_.fallback);
    files::detail::require_field_value("assets: cache_control", options_.cache_control);
  }

  /// Adds the content of `name`, such as `css/site.css`, or replaces it if it exists. With `coding`
  /// (`br`, `zstd`, `gzip`) it is that variant of the asset, for clients that accept it; among
  /// equals, the one added first is preferred. Throws std::invalid_argument, and adds nothing,
  /// for a name that no request could reach, a coding that is not a token, and an option's rule that
  /// is not valid in a field.
  assets& add(std::string_view name, std::string octets, std::string_view coding = {});

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

  [[nodiscard]] reply operator()(const request& r) const;

 private:
  struct variant {
    files::facts known;
    shared<const std::string> octets;
  };
  struct asset {
    std::string name;
    std::vector<variant> variants;  // the plain one, where there is one, without a coding
  };

  [[nodiscard]] const asset* find(std::string_view name) const noexcept;
  [[nodiscard]] std::size_t place_of(std::string_view name) const noexcept;
  [[nodiscard]] response serve(const request& r) const;
  [[nodiscard]] static response serve_asset(const request& r, const asset& found);
  void show_error_page(response& made) const;

  assets_options options_;
  std::vector<asset> entries_;  // sorted by name
};

// ---------------------------------------------------------------------------------------------

namespace detail {

/// A strong entity tag out of the content: 128 bits. Good against accidents, which is what a cache
/// fears; whoever makes the content on purpose has no need to fool himself.
[[nodiscard]] inline std::string content_tag(std::string_view octets, std::string_view coding) {
  std::uint64_t a = octets.size(), b = ~a;
  const auto take = [&](std::string_view text) {
    for (std::size_t at = 0; at < text.size(); at += 8) {
      std::uint64_t word = 0;
      for (const char c : text.substr(at, 8)) word = word << 8 | static_cast<unsigned char>(c);
      a = files::mix(a + word);
      b = files::mix(b ^ word) + a;
    }
  };
  take(octets);
  take(coding);
  std::string tag = "\"";
  ascii::append_hex(tag, a);
  ascii::append_hex(tag, files::mix(b));
  return tag.append("\"");
}

}  // namespace detail

inline std::size_t assets::place_of(std::string_view name) const noexcept {
  std::size_t low = 0, high = entries_.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (entries_[middle].name < name) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

inline const assets::asset* assets::find(std::string_view name) const noexcept {
  const std::size_t at = place_of(name);
  return at < entries_.size() && entries_[at].name == name ? &entries_[at] : nullptr;
}

inline assets& assets::add(std::string_view name, std::string octets, std::string_view coding) {
  for (std::size_t at = 0; at <= name.size();) {
    const auto end = name.find('/', at);
    const auto segment = name.substr(at, end - at);
    if (!is_safe_name(segment, {.dot_files = true}))
      throw std::invalid_argument(std::string("assets: no request reaches \"").append(name).append("\""));
    at = end == name.npos ? name.size() + 1 : end + 1;
  }
  if (!coding.empty() && !ascii::is_token(coding))
    throw std::invalid_argument("assets: coding: not a token");

  files::facts known;
  known.size = octets.size();
  known.etag = detail::content_tag(octets, coding);
  known.media_type = files::media_type_by(options_.media_types, name);
  known.content_encoding = coding;
  known.cache_control = files::cache_control_by(options_.cache_rules, name, options_.cache_control);
  files::detail::require_field_value("assets: media_types", known.media_type);
  files::detail::require_field_value("assets: cache_rules", known.cache_control);
  variant made{std::move(known), share<const std::string>(new std::string(std::move(octets)))};

  const std::size_t place = place_of(name);
  if (place == entries_.size() || entries_[place].name != name) {
    asset fresh{std::string(name), {}};
    fresh.variants.reserve(1);  // from here on it is all or nothing: there is no asset without a variant
    entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(place), std::move(fresh));
  }
  auto& variants = entries_[place].variants;
  std::size_t at = 0;
  while (at < variants.size() && variants[at].known.content_encoding != made.known.content_encoding) ++at;
  if (at < variants.size()) variants[at] = std::move(made);
  else variants.push_back(std::move(made));
  for (auto& v : variants) v.known.varies = variants.size() > 1 || !variants[0].known.content_encoding.empty();
  return *this;
}

inline reply assets::operator()(const request& r) const {
  response made = serve(r);
  show_error_page(made);
  return made;
}

inline void assets::show_error_page(response& made) const {
  const int code = made.status.code();
  if (code < 400 || options_.error_pages.empty()) return;
  const auto* page = find(files::error_page_for(options_.error_pages, code));
  if (page == nullptr) return;
  for (const auto& v : page->variants)
    if (v.known.content_encoding.empty()) files::put_error_page(made, v.octets, v.known.media_type);
}

inline response assets::serve(const request& r) const {
  if (r.method != method::get && r.method != method::head)
    return problem(status::method_not_allowed).with("Allow", "GET, HEAD");
  const auto below = files::below_prefix(r.path(), options_.strip_prefix);
  if (!below) return problem(status::not_found);
  const safe_path_options all{.dot_files = true};
  const auto name = safe_path(below->empty() ? "/" : *below, all);
  if (!name) return files::refuse_path(r, name.error(), all);
  const bool folder = *name == "." || name->ends_with('/');
  const std::string index = files::inside(folder ? *name : *name + "/", options_.index);
  if (const auto* found = find(folder ? index : *name)) {
    if (folder && !r.path().ends_with('/')) return files::slash_redirect(r);  // the mount itself
    return serve_asset(r, *found);
  }
  if (!folder && find(index) != nullptr) return files::slash_redirect(r);
  const auto* page = options_.fallback.empty() ? nullptr : find(options_.fallback);
  if (page == nullptr) return problem(status::not_found);
  return files::by_navigation(files::is_navigation(r) ? serve_asset(r, *page) : problem(status::not_found));
}

/// Decides by Accept-Encoding between the variants; where nothing fits, the first is better than
/// nothing (RFC 9110 12.5.3).
inline response assets::serve_asset(const request& r, const asset& found) {
  const variant* best = &found.variants.front();
  if (best->known.varies) {
    std::vector<std::string_view> offered;
    for (const auto& v : found.variants)
      if (!v.known.content_encoding.empty()) offered.push_back(v.known.content_encoding);
    std::string store;
    const auto accepted = r.fields.combined("Accept-Encoding", store);
    auto coding = preferred_coding(accepted, offered).value_or("");
    if (coding == "identity") coding = {};
    for (const auto& v : found.variants)
      if (v.known.content_encoding.empty()) best = &v;
    for (const auto& v : found.variants)
      if (v.known.content_encoding == coding) best = &v;
  }
  return files::answer(r, best->known, best->octets, files::now_for(r), files::seed_for(r));
}

}  // namespace tinyhttp
