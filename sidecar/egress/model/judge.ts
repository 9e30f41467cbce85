// Whether one call to a model's vendor is what its agreement covers (45 CFR 164.502(e), 164.504(e)). Pure: the table is
// core/model-vendors.ts. What the body is forwarded as is written anew from what was judged, so that the vendor's reader
// cannot take another meaning out of it.

import { isObject } from '../../../core/is-object.ts'
import { parseJson } from '../../../core/json.ts'
import {
  type ModelEndpoint,
  type ModelVendor,
  modelVendors,
  storedContent,
} from '../../../core/model-vendors.ts'
import type { ModelRules } from '../../../core/policy.ts'
import type { Reason } from '../reasons.ts'

export type ModelCall = {
  method: string
  /** Path and query. */
  url: string
  headers: { readonly [name: string]: string | string[] | undefined }
  body: Buffer
}

export type Judged = { refused: Reason } | { body: string; headers: { [name: string]: string } }

/** `host`: the declared name, which the call's Host must be. */
export function judgeModelCall(call: ModelCall, { vendor: name, models }: ModelRules, host: string): Judged {
  const vendor = modelVendors[name]
  const { headers } = call
  if (headers['host']?.toString().toLowerCase().replace(/:443$/, '') !== host)
    return { refused: 'model-host' }
  const found = endpointOf(call, vendor)
  if (found === undefined) return { refused: 'model-endpoint' }
  const { endpoint, groups } = found
  if (groups['region'] !== undefined && !host.startsWith(`${groups['region']}-aiplatform.`))
    return { refused: 'model-endpoint' }
  if (vendor.refuses.some((header) => headers[header] !== undefined)) return { refused: 'model-header' }
  // Only JSON as it is: what is packed is not read, and what is not read does not leave.
  const plain = /^application\/json(?:;\s*charset=utf-8)?$/i.test(headers['content-type']?.toString() ?? '')
  if (!plain || headers['content-encoding'] !== undefined) return { refused: 'model-header' }
  const parsed = parseJson(call.body)
  if ('fault' in parsed || !isObject(parsed.value)) return { refused: 'model-body' }
  const refused =
    bodyFault(parsed.value, endpoint) ?? modelFault(parsed.value, groups['model'], vendor, models)
  if (refused !== undefined) return { refused }
  const passed = vendor.passes.flatMap((header): [string, string][] => {
    const value = headers[header]
    return typeof value === 'string' ? [[header, value]] : []
  })
  return { body: JSON.stringify(parsed.value), headers: Object.fromEntries(passed) }
}

function endpointOf(
  { method, url }: ModelCall,
  { endpoints }: ModelVendor,
): { endpoint: ModelEndpoint; groups: { [name: string]: string | undefined } } | undefined {
  if (method !== 'POST') return undefined
  // As it is, never decoded: what needs an escape is no path of the table.
  const [path = '', query, ...more] = url.split('?')
  if (more.length > 0) return undefined
  for (const endpoint of endpoints) {
    const match = endpoint.path.exec(path)
    if (match === null) continue
    const parameters = (query ?? '').split('&').filter((one) => one !== '')
    const known = parameters.every((parameter) => {
      const [name = '', value = '', ...rest] = parameter.split('=')
      return (
        rest.length === 0 &&
        Object.hasOwn(endpoint.query ?? {}, name) &&
        endpoint.query?.[name]?.test(value) === true
      )
    })
    return known ? { endpoint, groups: match.groups ?? {} } : undefined
  }
  return undefined
}

type Body = { [member: string]: unknown }

function bodyFault(body: Body, endpoint: ModelEndpoint): Reason | undefined {
  const { members, required, content, items, tools } = endpoint
  if (Object.keys(body).some((member) => !members.includes(member))) return 'model-member'
  if (Object.entries(required ?? {}).some(([member, value]) => body[member] !== value)) return 'model-member'
  if (!toolsAllowed(body[tools.member], tools)) return 'model-tool'
  if (items !== undefined && offersTools(body[items.member])) return 'model-tool'
  if (items !== undefined && !itemsAllowed(body[items.member], items.types)) return 'model-content'
  return content.some((member) => reachesOut(body[member])) ? 'model-content' : undefined
}

/** Whether each item holds its content itself. One of which only an id is there would be taken from what the vendor stores. */
function itemsAllowed(value: unknown, types: readonly string[]): boolean {
  if (value === undefined || typeof value === 'string') return true
  if (!Array.isArray(value)) return false
  return (value as unknown[]).every((item) => {
    if (!isObject(item)) return false
    const { type = 'message', role, encrypted_content: sealed } = item
    if (typeof type !== 'string' || !types.includes(type)) return false
    if (type === 'message') return typeof role === 'string'
    return type !== 'reasoning' || typeof sealed === 'string'
  })
}

/** Whether tools stand elsewhere than where they are looked at. */
function offersTools(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(offersTools)
  return (
    isObject(value) && Object.entries(value).some(([name, inner]) => name === 'tools' || offersTools(inner))
  )
}

function toolsAllowed(value: unknown, tools: ModelEndpoint['tools']): boolean {
  if (value === undefined) return true
  const all = Array.isArray(value) ? (value as unknown[]) : [value]
  return all.every((tool) => {
    if (!isObject(tool)) return false
    if ('only' in tools)
      return (
        Object.keys(tool).every((member) => tools.only.includes(member)) &&
        (tools.within === undefined || toolsAllowed(tool[tools.within.member], tools.within))
      )
    const { type } = tool
    return type === undefined ? tools.untyped : typeof type === 'string' && tools.type.test(type)
  })
}

/** Types of blocks that stand for something the vendor stores or fetches. */
const storedTypes = /^(?:url|container_upload|item_reference|mcp_.*)$/
/** Members that hold an address from which the vendor would fetch. */
const addresses: ReadonlySet<string> = new Set(['url', 'image_url', 'uri'])

/**
 * Whether content points to what the vendor stores, or has it fetch something. Arguments that a model gave to a tool, and a
 * tool's own schema, are the caller's words and are not looked into.
 */
function reachesOut(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(reachesOut)
  if (!isObject(value)) return false
  return Object.entries(value).some(([member, inner]) => {
    if (storedContent.has(member)) return true
    // An answer in audio that the vendor keeps.
    if (member === 'audio' && isObject(inner) && inner['id'] !== undefined) return true
    if (member === 'type') return typeof inner === 'string' && storedTypes.test(inner)
    if (addresses.has(member) && typeof inner === 'string') return !inner.startsWith('data:')
    if (ofCaller.has(member)) return false
    return reachesOut(inner)
  })
}
const ofCaller: ReadonlySet<string> = new Set(['input_schema', 'parameters', 'args', 'arguments'])

function modelFault(
  body: Body,
  inPath: string | undefined,
  { notModels }: ModelVendor,
  models: readonly string[] | undefined,
): Reason | undefined {
  const asked = inPath ?? body['model']
  if (typeof asked !== 'string' || notModels?.test(asked) === true) return 'model-name'
  return models === undefined || models.includes(asked) ? undefined : 'model-name'
}
