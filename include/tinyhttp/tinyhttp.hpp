// tinyhttp/tinyhttp.hpp -- the map of the house: every header that needs no other library.
//
// Each may be included by itself, and costs less. A header knows its own floor and those
// above it on this page, except that h1 and net are strangers. Floor 6 is in testing.hpp.
#pragma once

#include <tinyhttp/version.hpp>

// floor 0: octets, results, tasks, time
#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/buffer.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/concepts.hpp>
#include <tinyhttp/core/frame_memory.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/hasher.hpp>
#include <tinyhttp/core/held_here.hpp>
#include <tinyhttp/core/mutex.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/small_vector.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/core/utf8.hpp>

// floor 1: what messages mean (RFC 9110)
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/body_parts.hpp>
#include <tinyhttp/http/challenge.hpp>
#include <tinyhttp/http/conditional.hpp>
#include <tinyhttp/http/constant_line.hpp>
#include <tinyhttp/http/content_coding.hpp>
#include <tinyhttp/http/content_disposition.hpp>
#include <tinyhttp/http/content_range.hpp>
#include <tinyhttp/http/cookie.hpp>
#include <tinyhttp/http/cookie_file.hpp>
#include <tinyhttp/http/cookie_store.hpp>
#include <tinyhttp/http/date.hpp>
#include <tinyhttp/http/digest_access.hpp>
#include <tinyhttp/http/escape.hpp>
#include <tinyhttp/http/event_reader.hpp>
#include <tinyhttp/http/events.hpp>
#include <tinyhttp/http/fields.hpp>
#include <tinyhttp/http/file_extensions.hpp>
#include <tinyhttp/http/form.hpp>
#include <tinyhttp/http/ip_address.hpp>
#include <tinyhttp/http/media_type.hpp>
#include <tinyhttp/http/method.hpp>
#include <tinyhttp/http/multipart.hpp>
#include <tinyhttp/http/multipart_parser.hpp>
#include <tinyhttp/http/multipart_reader.hpp>
#include <tinyhttp/http/negotiation.hpp>
#include <tinyhttp/http/percent.hpp>
#include <tinyhttp/http/query.hpp>
#include <tinyhttp/http/range.hpp>
#include <tinyhttp/http/received_cookie.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/http/status.hpp>
#include <tinyhttp/http/target.hpp>
#include <tinyhttp/http/typed_body.hpp>
#include <tinyhttp/http/uri_reference.hpp>
#include <tinyhttp/http/url.hpp>

// floor 2: the wire format, without I/O (RFC 9112)
#include <tinyhttp/h1/body_reader.hpp>
#include <tinyhttp/h1/connection.hpp>
#include <tinyhttp/h1/framing.hpp>
#include <tinyhttp/h1/gathered.hpp>
#include <tinyhttp/h1/head_parser.hpp>
#include <tinyhttp/h1/lifecycle.hpp>
#include <tinyhttp/h1/limits.hpp>
#include <tinyhttp/h1/scan.hpp>
#include <tinyhttp/h1/writer.hpp>

// floor 2: sockets, readiness, timers; no HTTP
#include <tinyhttp/net/acceptor.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/net/address_memory.hpp>
#include <tinyhttp/net/blocking_stream.hpp>
#include <tinyhttp/net/connect_options.hpp>
#include <tinyhttp/net/connector.hpp>
#include <tinyhttp/net/descriptor.hpp>
#include <tinyhttp/net/find_addresses.hpp>
#include <tinyhttp/net/flight.hpp>
#include <tinyhttp/net/host_map.hpp>
#include <tinyhttp/net/interrupter.hpp>
#include <tinyhttp/net/layered_operation.hpp>
#include <tinyhttp/net/listener.hpp>
#include <tinyhttp/net/loop.hpp>
#include <tinyhttp/net/loop_locals.hpp>
#include <tinyhttp/net/operation.hpp>
#include <tinyhttp/net/poller.hpp>
#include <tinyhttp/net/posted_calls.hpp>
#include <tinyhttp/net/proxy_header.hpp>
#include <tinyhttp/net/race.hpp>
#include <tinyhttp/net/resolve.hpp>
#include <tinyhttp/net/resolver.hpp>
#include <tinyhttp/net/secure_session.hpp>
#include <tinyhttp/net/secured_stream.hpp>
#include <tinyhttp/net/send_file.hpp>
#include <tinyhttp/net/small_address.hpp>
#include <tinyhttp/net/socket.hpp>
#include <tinyhttp/net/stream.hpp>
#include <tinyhttp/net/system.hpp>
#include <tinyhttp/net/tcp_stream.hpp>
#include <tinyhttp/net/thread.hpp>
#include <tinyhttp/net/time_source.hpp>
#include <tinyhttp/net/timers.hpp>
#include <tinyhttp/net/transfer.hpp>
#include <tinyhttp/net/waiter.hpp>
#include <tinyhttp/net/waiting.hpp>
#include <tinyhttp/net/wake_descriptors.hpp>

// floor 3: from request to response
#include <tinyhttp/app/access_log.hpp>
#include <tinyhttp/app/auth.hpp>
#include <tinyhttp/app/blocking.hpp>
#include <tinyhttp/app/combined_log.hpp>
#include <tinyhttp/app/cors.hpp>
#include <tinyhttp/app/event_channel.hpp>
#include <tinyhttp/app/event_stream.hpp>
#include <tinyhttp/app/first_to_end.hpp>
#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/app/recover.hpp>
#include <tinyhttp/app/route_pattern.hpp>
#include <tinyhttp/app/route_tree.hpp>
#include <tinyhttp/app/router.hpp>
#include <tinyhttp/app/time_limit.hpp>
#include <tinyhttp/app/trusted_proxies.hpp>
#include <tinyhttp/app/worker_call.hpp>
#include <tinyhttp/app/worker_pool.hpp>

// floor 4: files as responses
#include <tinyhttp/files/assets.hpp>
#include <tinyhttp/files/assets_folder.hpp>
#include <tinyhttp/files/cache.hpp>
#include <tinyhttp/files/directory.hpp>
#include <tinyhttp/files/error_pages.hpp>
#include <tinyhttp/files/kept_files.hpp>
#include <tinyhttp/files/listing.hpp>
#include <tinyhttp/files/listing_answer.hpp>
#include <tinyhttp/files/listing_order.hpp>
#include <tinyhttp/files/listing_text.hpp>
#include <tinyhttp/files/listing_writer.hpp>
#include <tinyhttp/files/mount.hpp>
#include <tinyhttp/files/path.hpp>
#include <tinyhttp/files/plan.hpp>
#include <tinyhttp/files/rules.hpp>
#include <tinyhttp/files/segment_walk.hpp>
#include <tinyhttp/files/siblings.hpp>
#include <tinyhttp/files/stamp.hpp>
#include <tinyhttp/files/static_files.hpp>
#include <tinyhttp/files/system.hpp>
#include <tinyhttp/files/upload.hpp>
#include <tinyhttp/files/writable_files.hpp>

// floor 5: a handler behind a listener
#include <tinyhttp/server/answers.hpp>
#include <tinyhttp/server/budget.hpp>
#include <tinyhttp/server/census.hpp>
#include <tinyhttp/server/complaints.hpp>
#include <tinyhttp/server/handling.hpp>
#include <tinyhttp/server/options.hpp>
#include <tinyhttp/server/pace.hpp>
#include <tinyhttp/server/request_body.hpp>
#include <tinyhttp/server/send_body.hpp>
#include <tinyhttp/server/serve.hpp>
#include <tinyhttp/server/served_connection.hpp>
#include <tinyhttp/server/served_exchange.hpp>
#include <tinyhttp/server/server.hpp>
#include <tinyhttp/server/services.hpp>
#include <tinyhttp/server/shard.hpp>
#include <tinyhttp/server/signals.hpp>

// floor 5: requests to other hosts
#include <tinyhttp/client/as_handler.hpp>
#include <tinyhttp/client/async.hpp>
#include <tinyhttp/client/blocking_transport.hpp>
#include <tinyhttp/client/call.hpp>
#include <tinyhttp/client/client.hpp>
#include <tinyhttp/client/connecting.hpp>
#include <tinyhttp/client/connection.hpp>
#include <tinyhttp/client/cookie_jar.hpp>
#include <tinyhttp/client/credentials.hpp>
#include <tinyhttp/client/decoding.hpp>
#include <tinyhttp/client/digest_login.hpp>
#include <tinyhttp/client/download.hpp>
#include <tinyhttp/client/download_digest.hpp>
#include <tinyhttp/client/download_options.hpp>
#include <tinyhttp/client/download_pieces.hpp>
#include <tinyhttp/client/download_run.hpp>
#include <tinyhttp/client/download_target.hpp>
#include <tinyhttp/client/engine.hpp>
#include <tinyhttp/client/exchange.hpp>
#include <tinyhttp/client/follow_events.hpp>
#include <tinyhttp/client/forwarding.hpp>
#include <tinyhttp/client/hooks.hpp>
#include <tinyhttp/client/local_file.hpp>
#include <tinyhttp/client/loop_transport.hpp>
#include <tinyhttp/client/options.hpp>
#include <tinyhttp/client/part_file.hpp>
#include <tinyhttp/client/part_origin.hpp>
#include <tinyhttp/client/pool.hpp>
#include <tinyhttp/client/progress.hpp>
#include <tinyhttp/client/proxy.hpp>
#include <tinyhttp/client/rate_floor.hpp>
#include <tinyhttp/client/redirects.hpp>
#include <tinyhttp/client/retry.hpp>
#include <tinyhttp/client/route.hpp>
#include <tinyhttp/client/sending.hpp>
#include <tinyhttp/client/spares.hpp>
#include <tinyhttp/client/transport.hpp>
#include <tinyhttp/client/tunnel.hpp>
#include <tinyhttp/client/upload_form.hpp>
