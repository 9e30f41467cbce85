// What is told of the witnesses while the collector runs: in its log and its metrics.

import { idOf } from '../../core/log.ts'
import type { Config } from '../config.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import { askOverHttp } from './ask.ts'
import type { WitnessesOptions } from './witnesses.ts'

/** A witness has so long for its answer: an export waits for it as well, and nothing else does. */
const timeoutMs = 5_000

/** The witnesses of the configuration, asked over HTTP. */
export function askingOf(
  { ca, ...settings }: NonNullable<Config['witnesses']>,
  metrics: Pick<Metrics, 'refused'>,
  log: Log,
): WitnessesOptions {
  return {
    ...settings,
    ask: askOverHttp({ timeoutMs, ...(ca === undefined ? {} : { ca }) }),
    events: {
      refused: (witness, reason) => {
        metrics.refused(idOf(witness), reason)
        log.error(
          'a witness refuses to sign the registry log: keep a copy of the store, and read docs/witnesses.md',
          {
            witness: idOf(witness),
            reason: idOf(reason),
          },
        )
      },
      changed: (witness, state, reason = '') => {
        if (state === 'cosigns') log.info('a witness signs the registry log', { witness: idOf(witness) })
        if (state === 'unreachable')
          log.warn('a witness does not sign', { witness: idOf(witness), reason: idOf(reason) })
      },
      forgot: (witness) =>
        log.warn('a witness has signed fewer records than it once had: it lost its memory', {
          witness: idOf(witness),
        }),
    },
  }
}
