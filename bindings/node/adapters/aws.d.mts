import * as module_ from './aws.js'

export * from './aws.js'
export default module_
