// What becomes of a result for one caller, step by step. The sidecar answers with it, and `hipaa-mcp explain` tells of it.
//
//   apart       into texts, documents and bytes; what is no result of its kind goes no further
//   survey      of the whole: a name that was taken out of one place is still found in the others
//   error       the server's own words, all withheld. Before reach: where none of them leaves it must make no difference whom
//               they are about, or a refusal would tell
//   reach       records of others are taken out, where they can be told from the rest; who was taken out counts for nothing
//   patients    as many as one record can name, and as the caller's limits admit: before anything is made for them
//   whole       kept as it came, unless something was taken out of it
//   part        the part that is the result (`at`), in the structure that its schema speaks of
//   prepare     ages grouped, pseudonyms placed: in the part alone, so that nothing is made of what does not leave
//   together    cut by fields and texts
//   schema      last, because it speaks of what is left

import type { JsonObject } from '../canonical.ts'
import type { PatternTree } from '../pointer.ts'
import type { Policy } from '../policy.ts'
import { fitOneRecord } from '../record-room.ts'
import { TooMuchText } from '../text/tokenize.ts'
import { aliases } from './aliases.ts'
import { narrowed } from './narrow.ts'
import { groupsAges, type Making, prepared, rulesOfTexts } from './prepare.ts'
import { type Projection, projection } from './project.ts'
import { concernsOthers, documentsOf, partsWithin, type Within } from './reach-parts.ts'
import { type Parts, type Shape, surveyOf } from './results.ts'
import type { ReturnRules } from './rules.ts'
import type { Survey } from './survey.ts'
import type { TextRules } from './text.ts'

/** How texts of a result are judged. `resultBytes`: most that may leave. */
export type Judging = {
  readonly policy: Pick<Policy, 'redaction'>
  readonly making: Making
  readonly resultBytes: number
}

/** To whom a result is shown, and under which rules. */
export type Showing = Judging & {
  readonly shape: Shape
  readonly returns: ReturnRules
  /** Where else patients stand in results, by policy. */
  readonly places: PatternTree
  /** Patients whom the call named. */
  readonly named: readonly string[]
  /** Those of them whom it named by a pseudonym. */
  readonly hidden?: readonly string[]
  /** Whom the caller may reach; undefined for anybody. */
  readonly reach: readonly string[] | undefined
  /** Told of the patients before anything is made of their records: whoever counts them throws where they are too many. */
  readonly admit?: (patients: readonly string[]) => void
}

/** Why nothing of a result leaves. */
export type Why =
  | 'no-result'
  | 'too-many-patients'
  | 'out-of-reach'
  | 'lacks-part'
  | 'too-much-text'
  | 'breaks-schema'

type Seen = {
  readonly known: Survey
  /** Who is recorded: all who are shown, and those who were named. */
  readonly patients: readonly string[]
}
/** `dropped`: what was taken out as out of reach, by rule. */
type Reached = Seen & { readonly by: Projection; readonly dropped: Readonly<Record<string, number>> }

export type Outcome =
  | { readonly is: 'refused'; readonly why: Why; readonly known?: Survey }
  /** An error of the server's, of which nothing leaves. */
  | (Seen & { readonly is: 'withheld'; readonly blocks: number })
  /** As it came. */
  | (Reached & { readonly is: 'whole' })
  /** `parts`: as they were when they were cut. */
  | (Reached & { readonly is: 'built'; readonly shown: JsonObject; readonly parts: Parts })

/** What leaves of a result. Throws what `admit` throws. */
export function show(result: JsonObject, showing: Showing): Outcome {
  const { shape, returns, places, named, admit } = showing
  const all = shape.apart(result)
  if (all === undefined) return { is: 'refused', why: 'no-result' }
  const known = surveyOf(all, places)
  const refused = (why: Why): Outcome => ({ is: 'refused', why, known })
  const isError = result['isError'] === true
  if (isError && !returns.whole) {
    const patients = patientsOf(known, named)
    if (!fitOneRecord(patients)) return refused('too-many-patients')
    return { is: 'withheld', known, patients, blocks: all.blocks.length }
  }
  const within = reached(all, known, isError, showing)
  if (within === undefined) return refused('out-of-reach')
  const { parts, dropped } = within
  const patients = patientsOf(within.known, named)
  if (!fitOneRecord(patients)) return refused('too-many-patients')
  admit?.(patients)

  const by = projection(known, searchRules(returns, patients, showing), returns.fields.resources)
  Object.assign(by.tally.dropped, dropped)
  const seen = { known, patients, by, dropped }
  // What was filtered is put together anew, whatever the policy keeps.
  if (returns.whole && parts === all) {
    by.kept['whole'] = 1
    return { ...seen, is: 'whole' }
  }
  const part = narrowed(parts, returns)
  if (part === undefined) return refused('lacks-part')
  const own = prepared(part, known, returns, showing.making, showing.hidden ?? [])
  if (groupsAges(known, returns)) by.tally.redacted['age'] = known.old
  if (result['_meta'] !== undefined) by.tally.dropped['meta'] = 1
  const shown = withinSearch(() => shape.together(result, own, { by, returns }))
  if (shown === undefined) return refused('too-much-text')
  if (returns.check?.(shown['structuredContent']) === false) return refused('breaks-schema')
  return { ...seen, is: 'built', shown, parts: own }
}

/** The part that is about whom the caller may reach; undefined where it cannot be told from the rest. */
function reached(
  parts: Parts,
  known: Survey,
  isError: boolean,
  { reach, places }: Showing,
): Within | undefined {
  if (reach === undefined) return { parts, known, dropped: {} }
  // Words of an error that are kept are nobody's record.
  if (isError && concernsOthers(documentsOf(parts), known, reach)) return undefined
  return partsWithin(parts, known, { reach, places })
}

/** All patients in what the server returned, and those that were asked for; one who has two identifiers counts once. */
export function patientsOf(known: Survey, named: readonly string[]): readonly string[] {
  const same = aliases(known.same, named)
  const all = new Set(named)
  for (const patient of known.patients) all.add(same.get(patient) ?? patient)
  return [...all]
}

/**
 * Over the bytes that a result may have: characters of its kept texts that are searched. Little of a text is identifiers, so
 * one of as many is too large when it is redacted, too, and need not be searched to see that.
 */
const searchedOverBytes = 4

/** How the texts of a result about these patients are judged. */
export function searchRules(
  returns: ReturnRules,
  patients: readonly string[],
  { policy, making, resultBytes }: Judging,
): TextRules {
  const mostSearched = resultBytes * searchedOverBytes
  return { ...rulesOfTexts(returns, policy, patients, making), mostSearched }
}

/** What is made of a result; undefined where its texts are more than are searched. */
export function withinSearch<Made>(make: () => Made): Made | undefined {
  try {
    return make()
  } catch (cause) {
    if (cause instanceof TooMuchText) return undefined
    throw cause
  }
}
