// Names of a test's own programs.

import type { Lookup } from '../../sidecar/channel/lookup.ts'

/** Loopback for every name. */
export const loopback: Lookup = (_name, options, answer) =>
  options.all === true ? answer(null, [{ address: '127.0.0.1', family: 4 }]) : answer(null, '127.0.0.1', 4)
