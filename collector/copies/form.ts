// What a target is sent, by the form that it reads. Neither holds what names a patient: a token, never the identifier, and not
// the sealed identifier either.

import type { CopyReport } from '../../core/copies.ts'
import { ocsfEvent, ocsfStub } from '../../core/export/ocsf.ts'
import { otlpLogRecord, otlpRequest, otlpStub } from '../../core/export/otlp.ts'
import { Calls, type Naming, type Told } from '../../core/export/told.ts'
import type { AuditRecord } from '../../core/record.ts'
import { partsOfOrigin } from '../../core/wire.ts'
import product from '../../package.json' with { type: 'json' }

/** JSON of one log record, or event, of a chain. */
export type Item = { origin: string; text: string }

export interface Form {
  /** The next record of a chain: what is to be sent, which may come only with a later record. */
  take(origin: string, index: number, record: AuditRecord): Item | undefined
  /** The oldest record of a chain without which later ones could not be told; undefined where there is none. */
  oldest(origin: string): number | undefined
  /** A chain ended: what is left to be told of it, which is then forgotten. */
  end(origin: string): Item[]
  /** In the place of an item: which record it is, and no more. */
  stub(item: Item): { text: string; uid: string }
  /** The body of a request. */
  body(items: readonly Item[]): string
}

export const forms: { readonly [as in CopyReport['as']]: () => Form } = { otlp, ocsf }

function otlp(): Form {
  return {
    take: (origin, index, record) => ({ origin, text: otlpLogRecord(origin, index, record) }),
    oldest: () => undefined,
    end: () => [],
    stub: ({ text }) => otlpStub(text),
    body: (items) => otlpRequest(items, product.version),
  }
}

const tokenAlone: Naming = ({ token }) => ({ token })

/** Calls of each chain whose messages in a stream may follow their result. */
const remembered = 16

/** A call is one event, made of its two records: between them it is remembered who asked, and why. */
function ocsf(): Form {
  const chains = new Map<string, Calls>()
  return {
    take(origin, index, record) {
      const calls = chains.get(origin) ?? new Calls(remembered)
      chains.set(origin, calls)
      const taken = calls.take({ origin, index }, record)
      return taken === undefined ? undefined : item(taken.told)
    },
    oldest: (origin) => chains.get(origin)?.oldest()?.index,
    end(origin) {
      const left = chains.get(origin)?.unanswered() ?? []
      chains.delete(origin)
      return left.map(({ told }) => item(told))
    },
    stub: ({ text }) => ocsfStub(text),
    // An array: what receivers of JSON over HTTP read as so many events.
    body: (items) => `[${items.map(({ text }) => text).join(',')}]`,
  }
}

function item(told: Told): Item {
  const parts = partsOfOrigin(told.origin)
  const server = parts === undefined ? 'hipaa-mcp' : `${parts.namespace}/${parts.server}`
  return { origin: told.origin, text: JSON.stringify(ocsfEvent(told, server, tokenAlone, product.version)) }
}
