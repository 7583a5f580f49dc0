#!/usr/bin/env python3
"""Server-sent events of the example `chat`, read by curl and by Chromium's EventSource."""
import os
import random
import re
import subprocess
import time
import unittest
import urllib.request

import devtools
from harness import find_nginx, nginx, program, run, running_example

ALL = os.environ.get("TINYHTTP_ALL") == "1"


class chat(unittest.TestCase):
    def setUp(self):
        self.server = running_example("chat", "0")
        self.addCleanup(self.server.stop)

    def say(self, octets):
        asked = urllib.request.Request(self.server.url("/say"), data=octets, method="POST")
        with urllib.request.urlopen(asked, timeout=20) as answer:
            self.assertEqual(answer.status, 204)

    def listen(self, *more, url=None):
        """A curl that reads events, and has said on standard error that it has the head of the answer."""
        curl = subprocess.Popen(["curl", "--no-buffer", "--silent", "--verbose", "--max-time", "60", *more,
                                 url or self.server.url("/events")],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for undone in (curl.stdout.close, curl.stderr.close, curl.wait, curl.kill):
            self.addCleanup(undone)
        head = []
        while not head or head[-1] not in (b"< \r\n", b""):
            head.append(curl.stderr.readline())
        for line in (b"HTTP/1.1 200 OK", b"Content-Type: text/event-stream", b"Cache-Control: no-store"):
            self.assertIn(b"< " + line + b"\r\n", head)
        return curl

    def test_curl_reads_each_event_as_it_is_said_and_nobody_can_inject_a_line(self):
        curl = self.listen()
        for number, (said, lines) in enumerate([
                (b"hello", b"data: hello\n"), (b"", b"data: \n"), (b"a\r\nevent: b\rid: 7\n\n", b"data: a\ndata: event: b\ndata: id: 7\ndata: \ndata: \n"),
                ("gr\u00fc\u00df dich".encode(), "data: gr\u00fc\u00df dich\n".encode())], 1):
            self.say(said)
            wanted = b"id: %d\n" % number + lines + b"\n"
            self.assertEqual(curl.stdout.read(len(wanted)), wanted)

    def test_who_comes_back_goes_on_behind_what_it_saw(self):
        for said in (b"1", b"2", b"3"):
            self.say(said)
        wanted = b"id: 3\ndata: 3\n\n"
        self.assertEqual(self.listen("--header", "Last-Event-ID: 2").stdout.read(len(wanted)), wanted)

    def test_a_proxy_passes_events_on_as_they_come(self):
        if not find_nginx():
            raise unittest.SkipTest("nginx is not there")
        front = nginx("/nonexistent", f"location / {{ proxy_pass {self.server.url('')}; }}")
        self.addCleanup(front.stop)
        curl = self.listen(url=front.url("/events"))
        for number in (1, 2):
            self.say(b"x")
            wanted = b"id: %d\ndata: x\n\n" % number
            self.assertEqual(curl.stdout.read(len(wanted)), wanted)

    def test_a_stop_ends_the_streams_of_all_in_good_order_and_at_once(self):
        listeners = [self.listen() for _ in range(5)]
        self.say(b"bye")
        began = time.monotonic()
        self.assertEqual(self.server.stop(), 0)
        self.assertLess(time.monotonic() - began, 8)  # a stream that was waited for would take ten
        for curl in listeners:
            self.assertEqual(curl.stdout.read(), b"id: 1\ndata: bye\n\n")
            self.assertEqual(curl.wait(timeout=20), 0)

    def test_says_how_it_is_used(self):
        got = run(program("chat"), "--help")
        self.assertEqual((got.returncode, got.stdout, got.stderr), (0, b"usage: chat [PORT]\n", b""))
        got = run(program("chat"), "none")
        self.assertEqual((got.returncode, got.stderr), (2, b"usage: chat [PORT]\n"))

    @unittest.skipUnless(ALL, "a browser is a large package: tests/run --all")
    def test_a_browser_comes_back_and_gets_what_it_has_not_seen(self):
        if not devtools.find():
            raise unittest.SkipTest("chromium is not there")
        browser = devtools.browser()
        self.addCleanup(browser.stop)
        browser.go(self.server.url("/"))
        browser.run("""new Promise(open => { window.got = [];
            events.addEventListener('message', e => got.push(e.data));
            events.readyState == 1 ? open() : events.onopen = open })""")
        self.say(b"1")
        self.say(b"2")
        browser.run("""new Promise(done => { const look = () =>
            got.length < 2 ? setTimeout(look, 10) : done(); look() })""")
        self.server.stop()
        again = running_example("chat", self.server.port)
        self.addCleanup(again.stop)
        for said in (b"1", b"2", b"3"):  # before the browser asks again, some seconds later
            self.say(said)
        browser.run("""new Promise(done => { const look = () =>
            got.length < 3 ? setTimeout(look, 10) : done(); look() })""")
        self.assertEqual(browser.run("got"), ["1", "2", "3"])

    @unittest.skipUnless(ALL, "a browser is a large package: tests/run --all")
    def test_a_browser_reads_what_was_said_whatever_it_is(self):
        if not devtools.find():
            raise unittest.SkipTest("chromium is not there")
        browser = devtools.browser()
        self.addCleanup(browser.stop)
        browser.go(self.server.url("/"))
        browser.run("""new Promise(open => { window.got = [];
            events.addEventListener('message', e => got.push([e.lastEventId, e.data]));
            events.readyState == 1 ? open() : events.onopen = open })""")
        chance = random.Random(2026)
        said = ["", " ", "\n", "\r\r\n", "data: x\n\nid: 9\n\n", "\ufeffmark", "\0", "smile \U0001f600"]
        said += ["".join(chance.choice("\r\n: \0a\ufeff\u00e4\U0001f600") for _ in range(chance.randrange(12)))
                 for _ in range(200)]
        for each in said:
            self.say(each.encode())
        browser.run(f"""new Promise(done => {{ const look = () =>
            got.length < {len(said)} ? setTimeout(look, 10) : done(); look() }})""")
        self.assertEqual(browser.run("got"), [[str(number), re.sub("\r\n?", "\n", each)]
                                              for number, each in enumerate(said, 1)])
        self.assertEqual(browser.run("document.querySelector('ul').children.length"), len(said))
        browser.run("document.querySelector('input').value = 'by the page', document.forms[0].requestSubmit()")
        browser.run("""new Promise(done => { const look = () =>
            got.at(-1)[1] != 'by the page' ? setTimeout(look, 10) : done(); look() })""")


if __name__ == "__main__":
    unittest.main()
