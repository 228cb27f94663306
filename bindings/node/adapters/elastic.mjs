import module_ from './elastic.js'

export const { connection } = module_
export default module_
