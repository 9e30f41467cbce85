// What the first text of a process would pay for: word lists are unpacked, expressions compiled.

import { setImmediate } from 'node:timers/promises'
import { survey } from '../redaction/survey.ts'
import { findIdentifiers } from './find.ts'

/** Made up, and with something for most rules. */
const note =
  'Maria Lopez, seen by Dr. Harriet Okonkwo at Elm Clinic on March 3rd, 2021 (MRN: 4001234, SSN 123-45-6789). Call (617) 555-0143 or ' +
  'write to a@example.org before 4/22/2021 10:30; she lives at 12 Elm Street, Boston, MA 02115 – a 94-year-old with Crohn’s disease.'

/** Often enough for the engine to see that these expressions are worth their machine code. */
const times = 20

/** Takes tens of milliseconds, in pieces that let others go on between them. Without it the first call takes them. */
export async function warmUp(): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    await setImmediate()
    findIdentifiers(note, survey())
  }
}
