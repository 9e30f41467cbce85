// Every attack that a trail of hashes is known to fall to, and the tests in which somebody tries it here. The names are those of
// the tests; a test that is renamed or gone makes this file fail.

import { expect, test } from 'vitest'
import { textOf } from './claims.ts'

/** Attack -> the tests that carry it out: file and part of the title. */
const attacks: { readonly [attack: string]: readonly (readonly [file: string, title: string])[] } = {
  'the end of a log is cut off': [
    ['test/cli/verify.test.ts', 'dropped at the end'],
    ['test/cli/verify-policy.test.ts', 'the log is cut off'],
    ['test/collector/a-forger.ts', 'is cut off at its end'],
    ['test/collector/trail.test.ts', 'it remembers what it cosigned when it starts anew'],
  ],
  'everything is rewritten by whoever holds the disk and every key of ours': [
    [
      'test/cli/verify-policy.test.ts',
      'whoever holds every key of ours rewrites a record, and all that follows from it',
    ],
    ['test/collector/a-forger.ts', 'is rewritten in the middle'],
    ['test/cli/verify.test.ts', 'a forger who signs everything anew with keys of his own'],
  ],
  'a log goes on in two histories': [
    ['test/collector/a-forger.ts', 'goes on from another end'],
    ['test/collector/trail.test.ts', 'other records at a place that is taken are a fork'],
    ['test/collector/trail.test.ts', 'it cosigns what it recomputed, and nothing else'],
  ],
  'a log begins anew at zero': [
    ['test/collector/a-forger.ts', 'begins anew'],
    ['test/collector/trail.test.ts', 'a restart gets the next number'],
    [
      'test/sidecar/trail/succession.test.ts',
      'a sidecar names the chain that it succeeds in its first record',
    ],
    [
      'test/collector/witnesses.test.ts',
      'a store whose log does not reach what a quorum signed is not opened',
    ],
  ],
  'a whole chain is taken out': [
    ['test/cli/verify.test.ts', 'a whole chain is missing, and its registration was cut out as well'],
    ['test/cli/verify-policy.test.ts', 'a whole chain is taken out, and out of the log'],
    [
      'test/cli/verify-succession.test.ts',
      'whoever holds every key of the collector takes a chain out, and out of the log',
    ],
  ],
  'the end is cut off while nothing happens': [
    ['test/sidecar/trail/checkpoints.test.ts', 'a chain that is idle is signed again and again'],
    ['test/collector/witnesses.test.ts', 'an idle log is signed anew all the same'],
    ['test/cli/verify-policy.test.ts', 'a chain that was idle is cut where it grew last'],
  ],
  'what was sealed is sealed anew with a later key': [
    ['test/cli/verify-policy.test.ts', 'a chain is sealed anew with the key of a later one'],
    ['test/collector/trail.test.ts', 'a checkpoint of another key, chain or form is refused'],
  ],
  'seals are stripped off': [
    ['test/cli/verify.test.ts', 'stripped off a checkpoint is found'],
    ['test/cli/verify.test.ts', 'a checkpoint that was taken away is missed'],
    ['test/cli/verify-policy.test.ts', 'what the witnesses signed is taken away'],
    ['test/cli/verify-policy.test.ts', 'their signatures are stripped off'],
    ['test/cli/verify-policy.test.ts', 'one of two that are needed is stripped off'],
  ],
  'the records say one thing and the tree another': [
    ['test/cli/verify.test.ts', 'no changed byte of any record of any chain passes'],
    ['test/cli/tiles/mutations.test.ts', 'of a log of tiles, nothing that was done to it passes'],
  ],
  'another log is shown as this one': [
    ['test/cli/verify-policy.test.ts', 'another log is shown under the same names, with keys of its own'],
    ['test/cli/verify-policy.test.ts', 'a trail that another log and other witnesses signed proves nothing'],
    ['test/cli/verify-policy.test.ts', 'keys that come from the export itself prove nothing'],
    ['test/collector/witnesses.test.ts', 'a witness that knows the log under another key refuses it'],
  ],
  'content is guessed by its hash': [
    [
      'test/sidecar/hashes.test.ts',
      'whoever tries every possible content without the key finds none by its hash',
    ],
    ['test/core/record.test.ts', 'an unkeyed hash'],
  ],
  'the trail is flooded, so that service stops': [
    ['test/sidecar/requests/floods.test.ts', 'handshakes that fail are counted by source and reason'],
    ['test/sidecar/requests/floods.test.ts', 'so many are recorded one by one, the rest is counted'],
    ['test/collector/witnesses.test.ts', 'gates nothing, and is left alone for a while'],
  ],
  'a clock is turned back': [
    ['test/cli/verify-policy.test.ts', 'a pod whose clock ran back is told of'],
    ['test/collector/witnesses.test.ts', 'a quorum that no longer signs is late, and says since when'],
  ],
}

test.each(Object.entries(attacks))('%s: it is tried, and found or of no use', async (_, tests) => {
  expect(tests.length).toBeGreaterThan(0)
  for (const [file, title] of tests) expect(await textOf(file), `${title}, in ${file}`).toContain(title)
})

test('all thirteen are here', () => {
  expect(Object.keys(attacks)).toHaveLength(13)
})
