'use strict'
// `download`: a request whose body the engine writes to a file.

const { fileURLToPath } = require('node:url')
const { argumentError } = require('./errors')
const { Exchange } = require('./exchange')
const { prepareRequest } = require('./request')

/** For `download(url, path, options)`. */
function prepareDownload(url, path, options) {
  const { fsync, resume, ...rest } = objectOf(options)
  const own = target(path)
  for (const [name, value] of [['fsync', fsync], ['resume', resume]]) {
    if (value === undefined) continue
    if (typeof value !== 'boolean') throw argumentError(`${name}: expected true or false; got ${value === null ? 'null' : typeof value}`)
    if (value) own.push(name, '')
  }
  const prepared = prepareRequest(url, rest)
  // The place of the file is known before what is said of it.
  prepared.own = [...own, ...(prepared.own ?? [])]
  return prepared
}

/** A path as a string or file: URL; a descriptor as a number, or an object that has one, as a FileHandle. */
function target(path) {
  const fd = typeof path === 'object' && path !== null && typeof path.fd === 'number' ? path.fd : path
  if (typeof fd === 'number') {
    if (!Number.isSafeInteger(fd) || fd < 0) throw argumentError(`path: ${fd} is no file descriptor`)
    return ['download_fd', String(fd)]
  }
  const text = path instanceof URL || path?.href !== undefined ? fileURLToPath(path) : path
  if (typeof text !== 'string') throw argumentError(`path: expected a string, a file: URL, a file descriptor or a FileHandle; got ${text === null ? 'null' : typeof text}`)
  if (text === '' || text.includes('\0')) throw argumentError('path: empty, or with a NUL in it')
  return ['download_path', text]
}

function objectOf(options) {
  if (options === undefined || options === null) return {}
  if (typeof options !== 'object') throw argumentError(`options: expected an object; got ${typeof options}`)
  return options
}

/** An exchange whose body goes to a file. */
class Downloading extends Exchange {
  submit(client, limit, request, life) {
    this.saved = null
    super.submit(client, limit, request, life)
  }

  onSaved(saved) {
    this.saved = saved
  }

  onHead(record) {
    const { deliver, saved } = this
    this.deliver = (incoming) => deliver(incoming, saved)
    super.onHead(record)
  }
}

module.exports = { Downloading, prepareDownload }
