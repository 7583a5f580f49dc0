#!/usr/bin/env python3
"""The example `own_loop`: an epoll loop that only has its octets turned into requests and answers."""
import re
import socket
import tempfile
import unittest

from harness import run, running_example


class own_loop(unittest.TestCase):
    def setUp(self):
        self.server = running_example("own_loop")
        self.addCleanup(self.server.stop)

    def test_curl_is_answered_over_a_connection_that_is_kept(self):
        done = run("curl", "-s", self.server.url("/hello/ada"), self.server.url("/hello/bob"), "-w", "%{num_connects}\n")
        self.assertEqual(done.stdout, b"hello, ada\n1\nhello, bob\n0\n")

    def test_curl_sends_a_large_body_after_it_was_told_to_go_on(self):
        with tempfile.NamedTemporaryFile() as body:
            body.write(b"x" * 900_000)
            body.flush()
            done = run("curl", "-s", "-H", "Expect: 100-continue", "--expect100-timeout", "60", "--data-binary",
                       "@" + body.name, self.server.url("/echo"))
        self.assertEqual(done.stdout, b"x" * 900_000)

    def test_requests_in_a_row_and_their_end_are_answered_and_so_is_what_is_none(self):
        one = b"GET /hello/x HTTP/1.1\r\nHost: a\r\n\r\n"
        for asked, answers in ((one * 3, [b"200"] * 3), (one + b"x\r\n\r\n", [b"200", b"400"])):
            with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as s:
                s.sendall(asked)
                s.shutdown(socket.SHUT_WR)
                got = b""
                while octets := s.recv(65536):
                    got += octets
            self.assertEqual(re.findall(rb"HTTP/1.1 (\d+) ", got), answers)


if __name__ == "__main__":
    unittest.main()
