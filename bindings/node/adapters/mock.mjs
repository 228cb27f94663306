import module_ from './mock.js'

export const { MockAgent, MockCallHistory, MockCallHistoryLog, MockClient, MockNotMatchedError, MockPool } = module_
export default module_
