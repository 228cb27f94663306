'use strict'
// Replies in place of servers, for tests.

module.exports = require('../lib/mock/agent')
