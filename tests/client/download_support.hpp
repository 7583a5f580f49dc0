// tests/client/download_support.hpp -- what the tests of downloads share: answers, held time, and a digest.
#pragma once

#include "catch.hpp"
#include "folder.hpp"
#include "support.hpp"

#include <tinyhttp/client/download.hpp>
#include <tinyhttp/testing/digest.hpp>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace client_test {

inline std::string content_of(const std::string& path) {
  auto file = file_body(path);
  return file ? std::string(pull_all(*file, 1 << 20).value()) : file.error().message();
}
inline void put(const std::string& path, std::string_view text) {
  auto file = part_file::create(path).value();
  file.write(text).value();
  file.commit(false).value();
}

using names = std::vector<std::string>;

inline std::string whole(std::string_view text, std::string_view fields = "ETag: \"v1\"\r\n") {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + ascii::to_decimal(text.size()) + "\r\n" +
         std::string(fields) + "\r\n" + std::string(text);
}
inline std::string rest(std::string_view text, std::string_view range,
                 std::string_view fields = "ETag: \"v1\"\r\n") {
  return "HTTP/1.1 206 Partial Content\r\nContent-Length: " + ascii::to_decimal(text.size()) +
         "\r\nContent-Range: bytes " + std::string(range) + "\r\n" + std::string(fields) + "\r\n" +
         std::string(text);
}

/// Gives each connection one answer and notes what was asked.
class one_answer_each {
 public:
  explicit one_answer_each(std::vector<std::string> answers)
      : server([this, answers = std::move(answers)](net::socket& s, int number) {
          std::string request = read_request(s);
          {
            const std::lock_guard lock(guard_);
            asked_.push_back(std::move(request));
          }
          static_cast<void>(s.send_all(answers.at(static_cast<std::size_t>(number))));
        }) {}
  /// The request of that number.
  [[nodiscard]] std::string asked(std::size_t number) {
    const std::lock_guard lock(guard_);
    return asked_.at(number);
  }

 private:
  std::mutex guard_;
  std::vector<std::string> asked_;

 public:
  scripted_server server;
};

/// Time that passes where it is waited for, and nowhere else.
class held_clock final : public clock {
 public:
  time_point now() noexcept override { return now_; }
  std::int64_t unix_seconds() noexcept override { return 784111777; }  // as in RFC 9110 5.6.7
  task<void> wait_until(time_point when) override {
    waits.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(when - now_));
    now_ = when;
    co_return;
  }
  std::vector<std::chrono::milliseconds> waits;

 private:
  time_point now_ = time_point(std::chrono::hours(1));
};

/// SHA-256 of all that came.
class collected_sha256 final : public hasher {
 public:
  void update(std::string_view octets) override { all_ += octets; }
  std::string finish() override { return testing::sha256(std::exchange(all_, {})); }

 private:
  std::string all_;
};

inline expected_digest expected_sha256(std::string_view octets) {
  return {std::make_shared<collected_sha256>(), testing::sha256(octets)};
}

}  // namespace client_test
