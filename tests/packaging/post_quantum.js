'use strict'
// post_quantum.js KEY CERTIFICATE: an https server on a free port of 127.0.0.1 that agrees on keys by X25519MLKEM768 and
// nothing else, until its standard input ends; prints its port. It needs a Node whose OpenSSL is 3.5 or newer.

const { readFileSync } = require('node:fs')
const https = require('node:https')

const [key, cert] = process.argv.slice(2).map((file) => readFileSync(file))
const server = https.createServer({ key, cert, ecdhCurve: 'X25519MLKEM768', minVersion: 'TLSv1.3' }, (_, response) => {
  response.end('agreed')
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
process.stdin.resume().on('end', () => process.exit())
