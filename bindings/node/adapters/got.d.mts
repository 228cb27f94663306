import * as module_ from './got.js'

export * from './got.js'
export default module_
