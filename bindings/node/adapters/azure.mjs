import module_ from './azure.js'

export const { httpClient } = module_
export default module_
