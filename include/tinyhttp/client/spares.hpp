// tinyhttp/client/spares.hpp -- reusable objects that have already allocated their memory.
#pragma once

#include <tinyhttp/core/atomic.hpp>
#include <tinyhttp/core/owned.hpp>

#include <cstddef>
#include <utility>

namespace tinyhttp {

/// Thread-safe. `T` is default-constructible, and has a `clear()` that resets it but keeps its memory. At most `Most`
/// are kept.
template <class T, std::size_t Most>
class spares {
 public:
  spares() = default;
  spares(const spares&) = delete;
  spares& operator=(const spares&) = delete;
  ~spares() {
    for (const auto& each : kept_) delete each.load(threading::memory_order::relaxed);
  }

  /// A `T` on loan, returned to the spares at its destruction; they must outlive it. A moved-from loan has none.
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

  [[nodiscard]] std::size_t size() const noexcept {
    std::size_t all = 0;
    for (const auto& each : kept_)
      if (each.load(threading::memory_order::relaxed) != nullptr) ++all;
    return all;
  }

 private:
  owned<T> take() {
    for (auto& each : kept_)
      if (each.load(threading::memory_order::relaxed) != nullptr)
        if (T* const spare = each.exchange(nullptr, threading::memory_order::acquire)) return owned<T>(spare);
    return owned<T>(new T);
  }
  void give(owned<T> used) noexcept {
    used->clear();
    for (auto& each : kept_)
      if (each.try_replace(nullptr, used.get(), threading::memory_order::release)) return static_cast<void>(used.release());
  }

  threading::atomic<T*> kept_[Most] = {};
};

}  // namespace tinyhttp
