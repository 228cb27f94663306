// Node's own http server with the routes of tests/servers.rs. Prints its port; ends when its
// standard input does. Arguments: the keepAliveTimeout in ms (0: Node's default), and
// maxRequestsPerSocket (0: no limit).
'use strict';
const http = require('http');
const zlib = require('zlib');

const large = Buffer.alloc(3_000_000, Buffer.from(Array.from({ length: 251 }, (_, i) => i)));
const text = 'All work and no play makes a dull text.\n'.repeat(1000);
const stored = new Map();

const routes = {
  '/small': (request, response) => {
    if (request.headers['if-none-match'] === '"v1"') {
      return response.writeHead(304, { ETag: '"v1"' }).end();
    }
    response.writeHead(200, { ETag: '"v1"', 'Content-Length': 6 }).end('small\n');
  },
  '/large': (request, response) => {
    response.writeHead(200, { 'Content-Length': large.length }).end(large);
  },
  '/text': (request, response) => {
    if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
      return response.end(text);
    }
    response.writeHead(200, { 'Content-Encoding': 'gzip' });
    zlib.createGzip().on('data', (piece) => response.write(piece)).on('end', () => response.end()).end(text);
  },
  '/chunked': (request, response) => {
    for (let at = 0; at < large.length; at += 10_007) response.write(large.subarray(at, at + 10_007));
    response.end();
  },
  '/half': (request, response) => {
    response.writeHead(200, { 'Content-Length': 1000 }).write('half of it');
  },
};

const server = http.createServer((request, response) => {
  if (request.method === 'PUT') {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece)).on('end', () => {
      stored.set(request.url, Buffer.concat(pieces));
      response.writeHead(201).end();
    });
    return;
  }
  const route = routes[request.url];
  if (route) return route(request, response);
  const body = stored.get(request.url);
  response.writeHead(body ? 200 : 404).end(body);
});
const [keepAliveTimeout, maxRequests] = process.argv.slice(2).map(Number);
if (keepAliveTimeout > 0) server.keepAliveTimeout = keepAliveTimeout;
server.maxRequestsPerSocket = maxRequests;
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit(0)).resume();
