import * as module_ from './index.js'

export * from './index.js'
export default module_
