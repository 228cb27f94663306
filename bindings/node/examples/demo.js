'use strict'
// node demo.js URL [CA_FILE] N: N requests over kept connections, then N with a connection each.

const { Client } = require('..')

async function timed(count, send) {
  const start = process.hrtime.bigint()
  for (let i = 0; i < count; i += 1) await send()
  return Number(process.hrtime.bigint() - start) / 1e9
}

async function main() {
  const [url, ...rest] = process.argv.slice(2)
  const requests = Number(rest.pop())
  const [caFile] = rest
  if (url === undefined || !Number.isInteger(requests) || requests < 1) {
    console.error('usage: node demo.js URL [CA_FILE] N')
    process.exit(2)
  }
  const options = caFile ? { caFile } : {}

  const client = new Client(options)
  const keepalive = await timed(requests, async () => {
    const response = await client.request(url)
    await response.body.bytes()
  })
  const { opened, reused } = client.stats()
  client.close()

  const fresh = new Client(options)
  const newConnection = await timed(requests, async () => {
    const response = await fresh.request(url, { headers: { Connection: 'close' } })
    await response.body.bytes()
  })
  fresh.close()

  console.log(JSON.stringify({
    language: 'Node',
    requests,
    opened,
    reused,
    keepalive_s: keepalive,
    new_connection_s: newConnection,
  }))
}

main()
