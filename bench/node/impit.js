'use strict'
// impit, without impersonation.

const { Impit } = require('impit')
const fetchClient = require('./fetch_client')
const { run } = require('./harness')

run(__filename, () => {
  const impit = new Impit()
  return fetchClient((url, init) => impit.fetch(url, init))
})
