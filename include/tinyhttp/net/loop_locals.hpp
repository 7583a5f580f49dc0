// tinyhttp/net/loop_locals.hpp -- things that belong to one loop and end with it, found again by
// whom they serve.
//
// For what serves many loops and has something on each: a client its connections. Knows no loop.
#pragma once

#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/owned_list.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace tinyhttp::net {

/// The loop's thread only.
class loop_locals {
 public:
  loop_locals() = default;
  loop_locals(const loop_locals&) = delete;
  loop_locals& operator=(const loop_locals&) = delete;

  /// The thing that `owner` has here, made by `make`, a callable that gives a `shared_ptr<T>`, when
  /// there is none. Always the same `T` for one owner. Things whose owner has gone go.
  template <class T, class Owner, class Make>
  [[nodiscard]] std::shared_ptr<T> of(const std::shared_ptr<Owner>& owner, Make&& make) {
    std::shared_ptr<void> found;
    owned_list<entry> gone;  // destroyed once nothing here refers to them
    for (std::size_t i = all_.size(); i-- > 0;) {
      if (all_[i].owner.expired()) {
        gone.push_back(all_.take(i));
      } else if (all_[i].key == owner.get()) {
        found = all_[i].thing;
      }
    }
    if (!found) {
      found = make();
      all_.push_back(owned<entry>(new entry{owner.get(), owner, found}));
    }
    return std::static_pointer_cast<T>(found);
  }

  void clear() noexcept {
    const owned_list<entry> gone = std::move(all_);
  }
  [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }

 private:
  struct entry {
    const void* key;
    std::weak_ptr<const void> owner;
    std::shared_ptr<void> thing;
  };
  owned_list<entry> all_;
};

}  // namespace tinyhttp::net
