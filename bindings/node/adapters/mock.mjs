import module_ from './mock.js'

export const { MockAgent, MockNotMatchedError } = module_
export default module_
