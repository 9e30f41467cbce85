// What ajv counts as described when branches decide it at run time, mended. ajv 8 takes a list that no branch described for
// one that is described whole, and a member called as one that every object inherits (constructor) for a described one.

import { _, type Ajv2020, type CodeKeywordDefinition, type KeywordCxt, Name } from 'ajv/dist/2020.js'

/** Puts both keywords right in an instance that has compiled nothing yet. */
export function mendUnevaluated(ajv: Ajv2020): void {
  // The count of described items. ajv's own may be true or undefined as well, and is compared as a number.
  mend(ajv, 'unevaluatedItems', ({ it, gen, data }) => {
    const found = it.items
    if (found instanceof Name)
      it.items = gen.const('described', _`${found} === true ? ${data}.length : ${found} || 0`)
    return () => (it.items = true)
  })
  // The described members, in an object that inherits none.
  mend(ajv, 'unevaluatedProperties', ({ it, gen }) => {
    const found = it.props
    if (found instanceof Name)
      it.props = gen.const(
        'described',
        _`${found} && ${found} !== true ? Object.assign(Object.create(null), ${found}) : ${found}`,
      )
    return () => (it.props = true)
  })
}

/** Afterwards nothing of the value is left undescribed; the constant may not leave its block. */
function mend(ajv: Ajv2020, keyword: string, normalize: (cxt: KeywordCxt) => () => void): void {
  const own = ajv.getKeyword(keyword)
  if (typeof own !== 'object' || !('code' in own))
    throw new TypeError(`ajv knows no ${keyword}: look at its changes`)
  const { code } = own
  // Added anew it comes last among its type's, as it must: only then all others have said what they describe.
  ajv.removeKeyword(keyword)
  ajv.addKeyword({
    ...(own as CodeKeywordDefinition),
    code(cxt, ruleType) {
      const settle = normalize(cxt)
      code(cxt, ruleType)
      settle()
    },
  })
}
