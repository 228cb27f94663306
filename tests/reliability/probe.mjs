// The reliability probe in Node: probe.mjs CA_FILE request. Speaks as probe.c does; "blocked" blocks
// the event loop while it waits, "idle" does not.
import { readSync, read } from 'node:fs'
import { promisify } from 'node:util'
import { Client } from '../../bindings/node/index.mjs'

const readSome = promisify(read)
const byte = Buffer.alloc(1)

async function line(how) {
  let text = ''
  for (;;) {
    const { bytesRead } = how === 'blocked'
      ? { bytesRead: readSync(0, byte, 0, 1) }
      : await readSome(0, byte, 0, 1, null)
    if (bytesRead === 0 || byte[0] === 10) return text
    text += byte.toString('latin1')
  }
}

for (;;) {
  const words = (await line('blocked')).split(' ')
  if (words.length !== 5) break
  const [how, warm, method, url, key] = words
  const client = new Client({ caFile: process.argv[2] })
  await (await client.request(warm)).body.text()
  console.log('ready')
  await line(how)
  const headers = key === '-' ? {} : { 'idempotency-key': key }
  const body = method === 'GET' ? undefined : 'x'
  try {
    const response = await client.request(url, { method, headers, body })
    await response.body.text()
    console.log(response.statusCode)
  } catch (error) {
    console.log(error.code?.startsWith('KA_') ? 'error' : String(error))
  }
  client.close()
}
