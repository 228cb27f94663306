'use strict'
// Trust as Node's own clients have it: names of options, the environment, warnings.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { after, test } = require('node:test')
const { Client } = require('..')
const { runNode, useOrigin } = require('./support')

const origin = useOrigin()
const directory = fs.mkdtempSync(path.join(tmpdir(), 'keepalive-tls-'))
after(() => fs.rmSync(directory, { recursive: true }))

async function text(client, url) {
  const { body } = await client.request(url)
  return body.text()
}

const rejected = { code: 'KA_CERTIFICATE_REJECTED' }

/** Runs a program with these variables; what it printed, and what it was warned of. */
async function run(program, variables, args = []) {
  const env = { ...process.env, ...variables }
  const { code, stdout, stderr } = await runNode(program, args, { env })
  assert.equal(code, 0, stderr)
  return { out: stdout.trim().split('\n'), warned: stderr }
}

test('rejectUnauthorized: false takes any certificate, and shares nothing with those who verify', async (t) => {
  const warnings = []
  const listener = (warning) => warnings.push(warning)
  process.on('warning', listener)
  t.after(() => process.off('warning', listener))
  const anybody = [new Client({ rejectUnauthorized: false }), new Client({ tlsVerify: false })]
  for (const client of anybody) {
    for (const base of [origin.wrong_host, origin.expired, origin.untrusted]) {
      assert.equal(await text(client, `${base}/ok`), 'ok')
    }
  }
  const verifying = new Client({ caPem: origin.ca, rejectUnauthorized: true })
  await assert.rejects(verifying.request(`${origin.untrusted}/ok`), rejected)
  for (const client of [...anybody, verifying]) client.close()
  assert.deepEqual(warnings.map(({ name }) => name), ['InsecureWarning'])
})

test('servername is asked for and verified', async () => {
  const client = new Client({ caPem: origin.ca, servername: 'other.invalid' })
  const seen = JSON.parse(await text(client, `${origin.wrong_host}/echo`))
  assert.equal(seen.tls.server_name, 'other.invalid')
  await assert.rejects(client.request(`${origin.https}/ok`), rejected)
  client.close()
  assert.throws(() => new Client({ servername: 'a', tlsServerName: 'b' }), /servername and tlsServerName are the same/)
  assert.throws(() => new Client({ servername: 'a b' }), /option tlsServerName: "a b" is no host name/)
  assert.throws(() => new Client({ rejectUnauthorised: false }), /did you mean rejectUnauthorized\?/)
})

test('versions, pins and authorities are those of the engine', async () => {
  const client = new Client({ caPem: origin.ca, caOnly: true, tlsMaxVersion: '1.2' })
  const seen = JSON.parse(await text(client, `${origin.https}/echo`))
  assert.equal(seen.tls.version, 'TLSv1_2')
  client.close()
  assert.throws(() => new Client({ caOnly: true }), /option caOnly: needs caFile, caDir or caPem/)
  assert.throws(() => new Client({ tlsMinVersion: '1.1' }), /option tlsMinVersion: "1.1" is not a version/)
  const wrong = new Client({ caPem: origin.ca, tlsPins: `sha256//${Buffer.alloc(32).toString('base64')}` })
  await assert.rejects(wrong.request(`${origin.https}/ok`), /is none of the pinned ones/)
  wrong.close()
})

test('certificates are believed as webpki does', async () => {
  const cases = await origin.control('/_certificates')
  assert.ok(cases.length > 30)
  const resolve = cases.map(({ host, url }) => `${host}:${new URL(url).port}:127.0.0.1`).join(' ')
  const client = new Client({ caPem: origin.ca, resolve })
  const wrong = []
  for (const { name, url, accepted } of cases) {
    const told = await text(client, url).catch(({ code }) => code)
    if (told !== (accepted ? 'ok' : rejected.code)) wrong.push(`${name}: ${told}`)
  }
  client.close()
  assert.deepEqual(wrong, [])
})

test('a response tells of its TLS', async () => {
  const client = new Client({ caPem: origin.ca })
  assert.equal((await client.request(`${origin.http}/ok`)).info.tls, null)
  const { info } = await client.fetch(`${origin.tls12}/ok`)
  const { certificate, chain, group, ...others } = info.tls
  assert.deepEqual(others, {
    version: 'TLSv1.2',
    cipher: 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
    alpn: 'http/1.1',
    resumed: false,
    early: false,
  })
  assert.match(group, /25519/)
  const { X509Certificate } = require('node:crypto')
  const own = new X509Certificate(fs.readFileSync(origin.server_cert_file))
  assert.deepEqual(chain, [own.raw])
  const { pin, ...said } = certificate
  assert.deepEqual(said, {
    subject: 'CN=localhost',
    issuer: 'CN=keepalive-origin test CA',
    serial: own.serialNumber.toLowerCase(),
    names: ['localhost', '127.0.0.1', '::1'],
    notBefore: new Date(own.validFrom),
    notAfter: new Date(own.validTo),
  })
  client.close()
  const pinned = new Client({ caPem: origin.ca, tlsPins: pin })
  const again = await pinned.request(`${origin.https}/ok`)
  await again.body.dump()
  assert.equal(again.info.tls, again.info.tls)
  assert.ok(JSON.stringify(again.info).includes('TLSv1.3'))
  pinned.close()
})

test('NODE_TLS_REJECT_UNAUTHORIZED=0 holds where no option says otherwise, with the warning of Node', async () => {
  const program = `
    const { Client, fetch } = require('.')
    const [url] = process.argv.slice(1)
    const show = (promise) => promise.then(async (response) => console.log(await response.text()), (error) => console.log((error.cause ?? error).code))
    show(fetch(url)).then(() => show(new Client().fetch(url))).then(async () => {
      await show(new Client({ rejectUnauthorized: true }).fetch(url))
      Client.shared().close()
      await show(fetch(url))
    })
  `
  const url = `${origin.untrusted}/ok`
  const off = await run(program, { NODE_TLS_REJECT_UNAUTHORIZED: '0' }, [url])
  assert.deepEqual(off.out, ['ok', 'ok', 'KA_CERTIFICATE_REJECTED', 'ok'])
  const own = "Warning: Setting the NODE_TLS_REJECT_UNAUTHORIZED environment variable to '0' makes TLS connections and HTTPS requests insecure by disabling certificate verification."
  assert.equal(off.warned.split(own).length, 2, off.warned)
  const on = await run(program, { NODE_TLS_REJECT_UNAUTHORIZED: '1' }, [url])
  assert.deepEqual(new Set(on.out), new Set(['KA_CERTIFICATE_REJECTED']))
  assert.equal(on.warned, '')
})

test('NODE_EXTRA_CA_CERTS is trusted beside the system, but not instead of what caOnly says', async () => {
  const program = `
    const { fetch, Client } = require('.')
    const fs = require('node:fs')
    const [url, other] = process.argv.slice(1)
    const code = (promise) => promise.then((response) => console.log(response.status), (error) => console.log(error.cause.code))
    code(fetch(url)).then(() => code(new Client({ caFile: other, caOnly: true }).fetch(url)))
  `
  const { untrusted, https } = origin
  const url = `${https}/ok`
  const other = origin.client_cert_file
  const extra = await run(program, { NODE_EXTRA_CA_CERTS: origin.ca_file }, [url, other])
  assert.deepEqual([extra.out, extra.warned], [['200', 'KA_CERTIFICATE_REJECTED'], ''])
  const none = path.join(directory, 'none.pem')
  const empty = path.join(directory, 'empty.pem')
  fs.writeFileSync(empty, '')
  for (const [file, reason] of [[none, 'ENOENT'], [empty, 'is empty']]) {
    const absent = await run(program, { NODE_EXTRA_CA_CERTS: file }, [`${untrusted}/ok`, other])
    assert.deepEqual(absent.out, ['KA_CERTIFICATE_REJECTED', 'KA_CERTIFICATE_REJECTED'])
    assert.ok(absent.warned.includes(`Warning: Ignoring extra certs from \`${file}\`, load failed: ${reason}`), absent.warned)
  }
})
