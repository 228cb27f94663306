import * as module_ from './agent.js'

export * from './agent.js'
export default module_
