// Boost.Beast: one thread, callbacks, as its own fast example.  beast PORT DIRECTORY
#include <boost/asio.hpp>
#include <boost/beast.hpp>

#include <cstdlib>
#include <memory>
#include <string>

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

struct session : std::enable_shared_from_this<session> {
  explicit session(tcp::socket from, const std::string& in) : socket(std::move(from)), directory(in) {}
  void read() {
    request = {};
    http::async_read(socket, buffer, request, [self = shared_from_this()](auto failed, std::size_t) {
      if (!failed) self->answer();
    });
  }
  template <class Response>
  void send(std::shared_ptr<Response> made) {
    made->version(request.version());
    made->keep_alive(request.keep_alive());
    made->prepare_payload();
    http::async_write(socket, *made, [self = shared_from_this(), made](auto failed, std::size_t) {
      if (failed) return;
      if (made->need_eof()) return void(self->socket.shutdown(tcp::socket::shutdown_send, failed));
      self->read();
    });
  }
  void answer() {
    if (request.target() == "/hello") {
      auto made = std::make_shared<http::response<http::string_body>>();
      made->set(http::field::content_type, "text/plain; charset=utf-8");
      made->body() = "Hello, World!";
      return send(made);
    }
    auto made = std::make_shared<http::response<http::file_body>>();
    boost::beast::error_code failed;
    const std::string path = directory + std::string(request.target());
    made->body().open(path.c_str(), boost::beast::file_mode::scan, failed);
    if (failed) made->result(404);
    send(made);
  }
  tcp::socket socket;
  const std::string& directory;
  boost::beast::flat_buffer buffer;
  http::request<http::empty_body> request;
};

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::string directory = argv[2];
  asio::io_context loop{1};
  tcp::acceptor from(loop, {asio::ip::address_v4::loopback(), static_cast<unsigned short>(std::atoi(argv[1]))});
  std::function<void()> accept = [&] {
    from.async_accept([&](auto failed, tcp::socket got) {
      if (!failed) {
        got.set_option(tcp::no_delay(true));
        std::make_shared<session>(std::move(got), directory)->read();
      }
      accept();
    });
  };
  accept();
  loop.run();
}
