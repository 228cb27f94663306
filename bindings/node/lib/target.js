'use strict'
// Request targets: those that a URL leaves as they are, and others, which `raw_target` sends as they are.

const PLAIN = /^\/(?!\/)(?!.*(?:\/\.|%2e))[\w\-.~!$&()*+,;=:@%/?]*$/i
/** What no target can have: a URL encodes it, or drops it with its fragment. */
const IMPOSSIBLE = /[^\x21-\x7e]|#/

/** Sets `url` and, where that would not do, an own option of `prepared` for the target below the origin `base`. */
function setTarget(prepared, base, target) {
  if (PLAIN.test(target) || IMPOSSIBLE.test(target)) {
    prepared.url = base + target
  } else {
    prepared.url = `${base}/`
    prepared.own = [...(prepared.own ?? []), 'raw_target', target]
  }
}

module.exports = { setTarget }
