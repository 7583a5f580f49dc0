// tests/client/no_proxy_table.hpp -- URLs and lists of exceptions: who is asked through the proxy?
//
// Each line: what curl 7.88.1 does, what we do, the URL, the list, with tabs between. What curl does
// was seen by running it; tests/programs/test_proxies.py does so again. Where the two differ, curl
// takes the host of an IPv6 URL for a name, and finds it in no network.
#pragma once

#include <string_view>

namespace client_test {

inline constexpr std::string_view no_proxy_table = R"(
direct	direct	http://example.com/	example.com
direct	direct	http://example.com/	EXAMPLE.com
direct	direct	http://www.example.com/	example.com
direct	direct	http://www.example.com/	.example.com
direct	direct	http://example.com/	.example.com
proxy	proxy	http://notexample.com/	example.com
proxy	proxy	http://notexample.com/	.example.com
proxy	proxy	http://example.com/	www.example.com
direct	direct	http://example.com/	*
proxy	proxy	http://example.com/	*,other
proxy	proxy	http://example.com/	 *
proxy	proxy	http://example.com/	*.com
proxy	proxy	http://www.example.com/	*.example.com
direct	direct	http://example.com/	other,example.com
direct	direct	http://example.com/	other, example.com
direct	direct	http://example.com/	other example.com
direct	direct	http://example.com/	example.com other
direct	direct	http://example.com/	other ,example.com
direct	direct	http://example.com/	,,example.com,,
direct	direct	http://example.com/	example.com.
direct	direct	http://example.com/	.example.com.
direct	direct	http://example.com./	example.com
direct	direct	http://example.com./	example.com.
proxy	proxy	http://example.com/	..example.com
direct	direct	http://example.com/	com
direct	direct	http://example.com/	.com
proxy	proxy	http://example.com/	.
proxy	proxy	http://example.com/	,
proxy	proxy	http://example.com/	 
proxy	proxy	http://example.com/	ample.com
proxy	proxy	http://example.com/	example
proxy	proxy	http://example.com/	example.com:80
proxy	proxy	http://example.com:8080/	example.com:8080
proxy	proxy	http://example.com:8080/	example.com:80
direct	direct	http://example.com:8080/	example.com
proxy	proxy	http://example.com/	exam ple.com
proxy	proxy	http://example.com/	http://example.com
proxy	proxy	http://example.com/	example.com/
direct	direct	http://localhost/	localhost
proxy	proxy	http://localhost/	
proxy	proxy	http://localhost/	127.0.0.1
proxy	proxy	http://127.0.0.1/	
direct	direct	http://127.0.0.1/	127.0.0.1
proxy	proxy	http://127.0.0.1/	localhost
direct	direct	http://127.0.0.1/	127.0.0.1/32
direct	direct	http://127.0.0.1/	127.0.0.0/8
proxy	proxy	http://127.0.0.1/	127.0.0.0/33
proxy	proxy	http://127.0.0.1/	127.0.0.0/0
direct	direct	http://127.0.0.1/	127.0.0.1/0
proxy	proxy	http://127.0.0.1/	127.0.0.0/-1
proxy	proxy	http://127.0.0.1/	127.0.0.0/
direct	direct	http://127.0.0.1/	127.0.0.1/
direct	direct	http://127.0.0.1/	127.0.0.1/x
direct	direct	http://127.0.0.1/	127.0.0.1/8x
proxy	proxy	http://127.0.0.1/	127.
proxy	proxy	http://127.0.0.1/	.0.0.1
proxy	proxy	http://127.0.0.1/	0.0.1
proxy	proxy	http://127.0.0.1/	127.0.0.1:80
proxy	proxy	http://127.0.0.1/	127.1
proxy	proxy	http://127.0.0.1/	127.0.0.1.
direct	direct	http://192.168.1.77/	192.168.1.0/24
proxy	proxy	http://192.168.2.77/	192.168.1.0/24
direct	direct	http://192.168.1.77/	192.168.1.64/26
proxy	proxy	http://192.168.1.77/	192.168.1.80/28
direct	direct	http://192.168.1.77/	192.168.1.77/31
direct	direct	http://192.168.1.77/	192.168.1.76/31
direct	direct	http://192.168.1.77/	192.168.1.1/24
direct	direct	http://192.168.1.77/	192.168.0.0/16,10.0.0.0/8
direct	direct	http://192.168.1.77/	10.0.0.0/8, 192.168.0.0/16
direct	direct	http://192.168.1.77/	*
direct	direct	http://[::1]/	::1
proxy	proxy	http://[::1]/	[::1]
proxy	direct	http://[::1]/	::1/128
proxy	proxy	http://[::1]/	::/0
proxy	direct	http://[::1]/	::/1
proxy	direct	http://[::1]/	::1/0
proxy	proxy	http://[::1]/	::2/127
proxy	direct	http://[::1]/	::/127
proxy	proxy	http://[::1]/	::/129
proxy	direct	http://[::1]/	0:0:0:0:0:0:0:1
proxy	proxy	http://[::1]/	127.0.0.1
proxy	proxy	http://[::1]/	127.0.0.0/8
proxy	proxy	http://[::1]/	localhost
proxy	proxy	http://[::1]/	[::1]:80
proxy	direct	http://[fe80::1]/	fe80::/10
proxy	direct	http://[febf::1]/	fe80::/10
proxy	proxy	http://[fec0::1]/	fe80::/10
proxy	direct	http://[2001:db8::7]/	2001:DB8::/32
proxy	proxy	http://[2001:db9::7]/	2001:db8::/32
proxy	proxy	http://[2001:db8::7]/	2001:db8::
proxy	proxy	http://[::ffff:127.0.0.1]/	127.0.0.1
direct	direct	http://[::ffff:127.0.0.1]/	::ffff:127.0.0.1
direct	direct	http://example.com/	127.0.0.1,example.org,.net,example.com
direct	direct	http://a.b.example.com/	b.example.com
direct	direct	http://a.b.example.com/	.b.example.com,
direct	direct	http://xn--nxasmq6b.test/	test
proxy	proxy	http://example.com/	-example.com
direct	direct	http://user@example.com/	example.com
proxy	proxy	http://1.2.3.4.example/	1.2.3.4
)";

}  // namespace client_test
