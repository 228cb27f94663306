import * as module_ from './elastic.js'

export * from './elastic.js'
export default module_
