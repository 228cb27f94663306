import module_ from './agent.js'

export const { HttpAgent, HttpsAgent, httpAgent, httpsAgent } = module_
export default module_
