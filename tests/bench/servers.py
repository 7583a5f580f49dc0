"""The servers that are measured, and what each is asked for."""
import os
import shutil

from measuring import BUILD, build

# name: target, connections, pipeline, closes, octets of the body
CLOSE = "Connection: close\r\n"
SCENARIOS = {
    "hello": ("/hello", 64, 1, False, 13),
    "file-1k": ("/f1k", 64, 1, False, 1 << 10),
    "file-64k": ("/f64k", 64, 1, False, 64 << 10),
    "file-1m": ("/f1m", 16, 1, False, 1 << 20),
    "file-64m": ("/f64m", 4, 1, False, 64 << 20),
    "pipelined-16": ("/hello", 64, 16, False, 13),
    "connect": ("/hello", 64, 1, True, 13),
}


NGINX = """worker_processes 1; daemon off; pid {scratch}/nginx{cache}.pid; error_log /dev/null crit; master_process on;
events {{ worker_connections 16384; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; keepalive_timeout 75;
  client_body_temp_path {scratch}/t1; proxy_temp_path {scratch}/t2; fastcgi_temp_path {scratch}/t3;
  uwsgi_temp_path {scratch}/t4; scgi_temp_path {scratch}/t5; {open_file_cache}
  server {{ listen 127.0.0.1:{port} backlog=511; root {www}; location = /hello {{ return 200 "Hello, World!"; }} }} }}
"""
LIGHTTPD = """server.document-root = "{www}"
server.bind = "127.0.0.1"
server.port = {port}
server.max-keep-alive-requests = 1000000000
server.max-connections = 16384
server.max-fds = 32768
server.feature-flags = ( "server.graceful-shutdown-timeout" => 1 )
mimetype.assign = ( "" => "application/octet-stream" )
"""
H2O = """listen: {{host: 127.0.0.1, port: {port}}}
num-threads: 1
max-connections: 16384
hosts: {{"127.0.0.1:{port}": {{paths: {{"/": {{file.dir: {www}}}}}}}, default: {{paths: {{"/": {{file.dir: {www}}}}}}}}}
"""


def commands(scratch, www):
    """Name -> a function of (scenario, request size, port) that gives a command, or None."""
    def floor(kind):
        def command(scenario, size, port):
            target, _, _, closes, octets = SCENARIOS[scenario]
            if kind != "memory" and octets < 64 << 10:
                return None
            return [BUILD / "floor", port, size, www / target[1:], kind] + (["close"] if closes else [])
        return command

    def configured(name, text, *arguments, **more):
        def command(_scenario, _size, port):
            file = scratch / f"{name}-{port}.conf"
            file.write_text(text.format(port=port, www=www, scratch=scratch, **more))
            return [shutil.which(arguments[0]) or f"/usr/sbin/{arguments[0]}", *arguments[1:], file]
        return command

    def program(name, *more):
        return lambda _scenario, _size, port: [BUILD / name, port, www, *more]

    def trusting(scenario, _size, port):  # spares a `stat`, which only a small file's answer notices
        return [BUILD / "ours", port, www, "trust=1000"] if scenario == "file-1k" else None

    def installed(name):
        return shutil.which(name) or os.path.exists(f"/usr/sbin/{name}")

    found = {"floor": floor("memory"), "floor-sendfile": floor("sendfile"), "floor-bounded": floor("bounded")}
    found["tinyhttp"] = program("ours")
    found["tinyhttp-trust"] = trusting
    if installed("nginx"):
        found["nginx"] = configured("nginx", NGINX, "nginx", "-c", cache=0, open_file_cache="")
        found["nginx-cache"] = configured("nginx-cache", NGINX, "nginx", "-c", cache=1,
                                          open_file_cache="open_file_cache max=1000; open_file_cache_valid 1s;")
    if installed("lighttpd"):
        found["lighttpd"] = configured("lighttpd", LIGHTTPD, "lighttpd", "-D", "-f")
    if installed("h2o"):
        found["h2o"] = configured("h2o", H2O, "h2o", "-c")
    for name in ("microhttpd", "beast", "httplib"):
        if build(name):
            found[name] = program(name)
    return found
