// Compiled, never run: what a CommonJS program sees.

import k = require('libkeepalive')
const a: typeof globalThis.fetch = k.fetch
const client: k.Client = new k.Client()
// @ts-expect-error: a CommonJS module has none
k.default
export = { a, client }
