import module_ from './aws.js'

export const { requestHandler } = module_
export default module_
