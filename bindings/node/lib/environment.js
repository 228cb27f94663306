'use strict'
// What the process was told about its environment's proxies.

const FLAG = '--use-env-proxy'

/** Whether they are to be used, in the ways of Node's own fetch. */
function trustsEnvironment() {
  const { env, execArgv } = process
  return env.NODE_USE_ENV_PROXY === '1' || execArgv.includes(FLAG) ||
    (env.NODE_OPTIONS !== undefined && env.NODE_OPTIONS.split(/\s+/).includes(FLAG))
}

module.exports = { trustsEnvironment }
