// What Node's built-in HTTP parser makes of octets, for second_opinion.py.
//
// Reads lines of ROLE TAB ASKED TAB OCTETS (hexadecimal) and prints for each what verdicts.cpp prints for
// us, of the first message, followed by a close: "read ...", "refused WHY" or "incomplete".
'use strict';

const { HTTPParser, methods } = process.binding('http_parser');

function opinion(role, asked, octets) {
  const parser = new HTTPParser();
  parser.initialize(role === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {}, 64 * 1024, 0);
  let head = null;
  let informational = false;
  let done = false;
  const body = [];
  // What node's own server and client answer here: 1 for "no body", 2 for "another protocol".
  parser[HTTPParser.kOnHeadersComplete] = (major, minor, fields, method, url, status, reason, upgrade) => {
    if (done) return 0;
    if (role === 'request') {
      const name = methods[method];
      head = `${name} ${url}`;
      return upgrade && name === 'CONNECT' ? 2 : 0;
    }
    informational = status < 200 && status !== 101;
    head = String(status);
    if (asked === 'CONNECT' && status >= 200 && status < 300) return 2;
    if (status === 101) return 2;
    return asked === 'HEAD' || informational ? 1 : 0;
  };
  parser[HTTPParser.kOnHeaders] = () => {};
  parser[HTTPParser.kOnBody] = (piece) => { if (!done) body.push(Buffer.from(piece)); };
  parser[HTTPParser.kOnMessageComplete] = () => { if (!informational) done = true; };
  let failed = parser.execute(octets);
  if (!done && !(failed instanceof Error)) failed = parser.finish();
  parser.close();
  if (done) return `read ${head} ${Buffer.concat(body).toString('hex')}`;
  if (failed instanceof Error && failed.code !== 'HPE_INVALID_EOF_STATE')
    return `refused ${failed.code}: ${failed.reason}`;
  return 'incomplete';
}

const lines = require('fs').readFileSync(0, 'latin1').split('\n');
lines.pop();
const answers = lines.map((line) => {
  const [role, asked, octets] = line.split('\t');
  return opinion(role, asked, Buffer.from(octets, 'hex'));
});
process.stdout.write(answers.join('\n') + '\n');
