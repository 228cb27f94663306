'use strict'
// Node's own fetch; it trusts the CA through NODE_EXTRA_CA_CERTS.

const fetchClient = require('./fetch_client')
const { run } = require('./harness')

run(__filename, () => fetchClient(fetch))
