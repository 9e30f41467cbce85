// AtRest, 45 CFR 164.312(a)(2)(iv): every volume of the pods and of declared stores.

import { no, noPods, type Rule, yes } from './finding.ts'

export const atRest: Rule = ({ volumes }, { expected }) => {
  const worst = volumes.find(({ grade }) => grade === 'Unknown')
  if (worst !== undefined)
    return no(
      'NotEncrypted',
      'A volume shows no evidence of encryption, which counts as none: see status.volumes for which and why.',
    )
  if (volumes.length === 0)
    return expected === 0 ? noPods : yes('NoVolumes', 'Neither the pods nor declared stores mount a disk.')
  return volumes.every(({ grade }) => grade === 'Recorded')
    ? yes('Recorded', 'Every volume bears its driver’s own attribute of encryption.')
    : yes('Declared', 'The class of every volume asks for encryption; see status.volumes for each grade.')
}
