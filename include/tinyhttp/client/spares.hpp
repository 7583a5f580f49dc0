// tinyhttp/client/spares.hpp -- objects that have grown their memory, kept for whoever needs one next.
#pragma once

#include <tinyhttp/core/mutex.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/owned_list.hpp>

#include <cstddef>
#include <utility>

namespace tinyhttp {

/// Thread-safe. `T` is default-constructed, and has a `clear()` after which it is as new but for its
/// memory.
template <class T>
class spares {
 public:
  explicit spares(std::size_t most) : most_(most) { kept_.reserve(most); }
  spares(const spares&) = delete;
  spares& operator=(const spares&) = delete;

  /// One `T`, back among the spares at its end; they outlive it. One moved from has none.
  class loan {
   public:
    explicit loan(spares& from) : from_(&from), lent_(from.take()) {}
    loan(loan&&) noexcept = default;
    loan& operator=(loan&&) = delete;
    ~loan() {
      if (lent_) from_->give(std::move(lent_));
    }
    [[nodiscard]] T& operator*() const noexcept { return *lent_; }

   private:
    spares* from_;
    owned<T> lent_;
  };

  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(guard_);
    return kept_.size();
  }

 private:
  owned<T> take() {
    {
      const std::lock_guard lock(guard_);
      if (!kept_.empty()) return kept_.take(kept_.size() - 1);
    }
    return owned<T>(new T);
  }
  void give(owned<T> used) noexcept {
    used->clear();
    const std::lock_guard lock(guard_);
    if (kept_.size() < most_) kept_.push_back(std::move(used));
  }

  std::size_t most_;
  mutable std::mutex guard_;
  owned_list<T> kept_;  // guarded
};

}  // namespace tinyhttp
