// tinyhttp/net/loop_locals.hpp -- objects that belong to one loop, end with it, and are found by their users.
//
// For objects that serve many loops and keep something on each, as a client keeps connections. Knows no loop.
#pragma once

#include <tinyhttp/core/atomic.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/core/shared.hpp>

#include <cstddef>
#include <utility>

namespace tinyhttp::net {

/// Has things on loops until it is destroyed. Stays where it is; any thread.
class local_owner {
 public:
  /// Outlives it, and knows whether it has gone.
  class weak_type {
   public:
    weak_type(const local_owner& of) noexcept : gone_(of.gone_) {}
    [[nodiscard]] bool expired() const noexcept { return gone_->load(threading::memory_order::acquire); }

   private:
    shared<const threading::atomic<bool>> gone_;
  };

  local_owner() : gone_(share(new threading::atomic<bool>(false))) {}
  local_owner(const local_owner&) = delete;
  local_owner& operator=(const local_owner&) = delete;
  ~local_owner() { gone_->store(true, threading::memory_order::release); }
  /// What it is known by: no other's while anything of it is on a loop.
  [[nodiscard]] const void* get() const noexcept { return gone_.get(); }

 private:
  shared<threading::atomic<bool>> gone_;
};

/// For the loop's thread only.
class loop_locals {
 public:
  loop_locals() = default;
  loop_locals(const loop_locals&) = delete;
  loop_locals& operator=(const loop_locals&) = delete;

  /// The object that `owner`, a `local_owner` or a `std::shared_ptr`, has here; if there is none, the one that `make`, a callable,
  /// returns as a `shared<T>`. An owner must always use the same `T`. Objects whose owner is gone are dropped.
  template <class T, class Owner, class Make>
  [[nodiscard]] shared<T> of(const Owner& owner, Make&& make) {
    using its_entry = entry_of<T, typename Owner::weak_type>;
    shared<T> found;
    owned_list<entry> gone;  // destroyed once nothing here refers to them
    for (std::size_t i = all_.size(); i-- > 0;) {
      if (all_[i].is_orphaned()) {
        gone.push_back(all_.take(i));
      } else if (all_[i].key == owner.get()) {
        found = static_cast<its_entry&>(all_[i]).thing;
      }
    }
    if (!found) {
      found = make();
      all_.push_back(owned<entry>(new its_entry(owner.get(), owner, found)));
    }
    return found;
  }

  void clear() noexcept {
    const owned_list<entry> gone = std::move(all_);
  }
  [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }

 private:
  struct entry {
    explicit entry(const void* of) noexcept : key(of) {}
    virtual ~entry() = default;
    [[nodiscard]] virtual bool is_orphaned() const noexcept = 0;
    const void* key;
  };
  template <class T, class Weak>
  struct entry_of final : entry {
    entry_of(const void* of, Weak whose, shared<T> what) noexcept
        : entry(of), owner(std::move(whose)), thing(std::move(what)) {}
    [[nodiscard]] bool is_orphaned() const noexcept override { return owner.expired(); }
    Weak owner;
    shared<T> thing;
  };
  owned_list<entry> all_;
};

}  // namespace tinyhttp::net
