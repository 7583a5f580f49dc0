// tinyhttp/testing.hpp -- everything of this layer: a fake file server for unit tests.
//
// `using namespace tinyhttp::testing;` brings in its words; see docs/testing.md.
#pragma once

#include <tinyhttp/testing/answer.hpp>
#include <tinyhttp/testing/archive.hpp>
#include <tinyhttp/testing/behavior.hpp>
#include <tinyhttp/testing/behaviors.hpp>
#include <tinyhttp/testing/call.hpp>
#include <tinyhttp/testing/connection.hpp>
#include <tinyhttp/testing/content.hpp>
#include <tinyhttp/testing/digest.hpp>
#include <tinyhttp/testing/exchange.hpp>
#include <tinyhttp/testing/fake_host.hpp>
#include <tinyhttp/testing/fake_options.hpp>
#include <tinyhttp/testing/fake_server.hpp>
#include <tinyhttp/testing/faulty_line.hpp>
#include <tinyhttp/testing/gate.hpp>
#include <tinyhttp/testing/handshake.hpp>
#include <tinyhttp/testing/journal.hpp>
#include <tinyhttp/testing/ledger.hpp>
#include <tinyhttp/testing/match.hpp>
#include <tinyhttp/testing/memory_stream.hpp>
#include <tinyhttp/testing/private_folder.hpp>
#include <tinyhttp/testing/repositories.hpp>
#include <tinyhttp/testing/rules.hpp>
#include <tinyhttp/testing/run_apart.hpp>
#include <tinyhttp/testing/script.hpp>
#include <tinyhttp/testing/script_rules.hpp>
#include <tinyhttp/testing/sender.hpp>
#include <tinyhttp/testing/stepping.hpp>
#include <tinyhttp/testing/sweep.hpp>
#include <tinyhttp/testing/torture.hpp>
#include <tinyhttp/testing/torture_cases.hpp>
#include <tinyhttp/testing/units.hpp>
#include <tinyhttp/testing/verdict.hpp>
#include <tinyhttp/testing/wire.hpp>
#include <tinyhttp/testing/wire_plan.hpp>
