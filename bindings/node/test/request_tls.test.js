'use strict'
// TLS options of one request: whom it believes, and that nobody else profits from it.

const assert = require('node:assert/strict')
const { after, before, test } = require('node:test')
const { Client } = require('..')
const { startOrigin } = require('./support')

let origin

before(async () => {
  origin = await startOrigin()
})
after(() => origin.stop())

test('a request believes whom it says and no other does', async () => {
  const client = new Client()
  const url = `${origin.https}/ok`
  const warned = new Promise((resolve) => process.once('warning', resolve))
  for (let round = 0; round < 2; round += 1) {
    await assert.rejects(client.request(url), { code: 'KA_CERTIFICATE_REJECTED' })
    for (const options of [{ rejectUnauthorized: false }, { caFile: origin.ca_file }, { tlsVerify: false, tlsMaxVersion: '1.2' }]) {
      await (await client.request(url, options)).body.text()
      const { body, info } = await client.request(url, options)
      assert.equal(await body.text(), 'ok')
      assert.equal(info.reused, true, JSON.stringify(options))
      assert.equal(info.tls.version, options.tlsMaxVersion === undefined ? 'TLSv1.3' : 'TLSv1.2')
    }
  }
  assert.equal((await warned).name, 'InsecureWarning')
  assert.equal(await (await client.fetch(url, { caFile: origin.ca_file })).text(), 'ok')
  client.close()
})

test('what is wrong with them is named', async () => {
  const client = new Client()
  const url = `${origin.https}/ok`
  await assert.rejects(client.request(url, { rejectUnauthorized: 'no' }), /rejectUnauthorized: expected true or false/)
  await assert.rejects(client.request(url, { caFile: '/nowhere.pem' }), /nowhere\.pem/)
  await assert.rejects(client.request(url, { servername: 'a b' }), /a b/)
  client.close()
})
