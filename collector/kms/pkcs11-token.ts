// What is asked of an HSM's library, in the process that runs it (pkcs11-process.ts): it has one session. A wrapped key is
// nonce 12 ‖ ciphertext ‖ tag 16.

import { randomBytes } from 'node:crypto'
import pkcs11 from 'pkcs11js'
import type { KmsReason } from './key-wrapper.ts'
import type { Pkcs11Answer, Pkcs11Request } from './pkcs11.ts'

const nonceBytes = 12
const tagBytes = 16
/** No data key is longer. */
const most = 256

/** A failure that has a name of its own; any other is a token that is away. */
class Failed extends Error {
  readonly reason: KmsReason
  constructor(reason: KmsReason) {
    super(reason)
    this.reason = reason
  }
}

/** Return values of PKCS#11 2.40, by number. */
const reasonOfCode = new Map<number, KmsReason>([
  [pkcs11.CKR_PIN_INCORRECT, 'kms-refuses'],
  [pkcs11.CKR_PIN_INVALID, 'kms-refuses'],
  [pkcs11.CKR_PIN_LEN_RANGE, 'kms-refuses'],
  [pkcs11.CKR_PIN_EXPIRED, 'kms-refuses'],
  [pkcs11.CKR_PIN_LOCKED, 'kms-refuses'],
  [pkcs11.CKR_USER_PIN_NOT_INITIALIZED, 'kms-refuses'],
  [pkcs11.CKR_KEY_FUNCTION_NOT_PERMITTED, 'kms-key-unfit'],
  [pkcs11.CKR_KEY_TYPE_INCONSISTENT, 'kms-key-unfit'],
  [pkcs11.CKR_MECHANISM_INVALID, 'kms-key-unfit'],
])

const library = new pkcs11.PKCS11()
let session: Buffer | undefined
let label = ''
/** Why nothing is open. Whoever asked behind the opening is told the same, since both answers may be read at once. */
let whyNot: KmsReason = 'kms-away'

function open({
  module,
  token,
  object,
  pin,
}: {
  module: string
  token: string
  object: string
  pin: string
}): void {
  try {
    library.load(module)
  } catch {
    throw new Failed('kms-library')
  }
  library.C_Initialize()
  const slot = library.C_GetSlotList(true).find((one) => library.C_GetTokenInfo(one).label.trim() === token)
  if (slot === undefined) throw new Error('The token is not there')
  // A session that reads only: nothing of ours ever changes the token.
  const opened = library.C_OpenSession(slot, pkcs11.CKF_SERIAL_SESSION)
  library.C_Login(opened, pkcs11.CKU_USER, pin)
  session = opened
  label = object
}

/** The key of that label with the highest CKA_ID, or with this one. Looked up each time: another may have been made. */
function find(object: string, wanted?: string): { key: Buffer; ckaId: string } {
  const held = session as Buffer
  library.C_FindObjectsInit(held, [
    { type: pkcs11.CKA_CLASS, value: pkcs11.CKO_SECRET_KEY },
    { type: pkcs11.CKA_LABEL, value: object },
    ...(wanted === undefined ? [] : [{ type: pkcs11.CKA_ID, value: Buffer.from(wanted, 'hex') }]),
  ])
  const found: Buffer[] = []
  try {
    for (let key = library.C_FindObjects(held); key !== null; key = library.C_FindObjects(held))
      found.push(key)
  } finally {
    library.C_FindObjectsFinal(held)
  }
  const newest = found
    .map((key) => ({ key, ckaId: attribute(key, pkcs11.CKA_ID).toString('hex') }))
    .toSorted((a, b) => a.ckaId.length - b.ckaId.length || (a.ckaId < b.ckaId ? -1 : 1))
    .at(-1)
  if (newest === undefined || newest.ckaId === '') throw new Failed('kms-key-missing')
  return newest
}

function attribute(key: Buffer, type: number): Buffer {
  return library.C_GetAttributeValue(session as Buffer, key, [{ type }])[0]?.value as Buffer
}

/** A key that can leave the token wraps nothing: who copies it opens every segment, and nobody would know. */
function mustStay(key: Buffer): void {
  const said = (type: number): boolean => attribute(key, type)[0] === 1
  if (said(pkcs11.CKA_EXTRACTABLE) || !said(pkcs11.CKA_SENSITIVE)) throw new Failed('kms-key-unfit')
}

function mechanism(iv: Uint8Array, aad: Uint8Array): pkcs11.Mechanism {
  const parameter: pkcs11.AesGCM = {
    type: pkcs11.CK_PARAMS_AES_GCM_v240,
    iv: Buffer.from(iv),
    aad: Buffer.from(aad),
    ivBits: nonceBytes * 8,
    tagBits: tagBytes * 8,
  }
  return { mechanism: pkcs11.CKM_AES_GCM, parameter }
}

function wrap(dataKey: Uint8Array, aad: Uint8Array): { bytes: Uint8Array; ckaId: string } {
  const { key, ckaId } = find(label)
  mustStay(key)
  const nonce = randomBytes(nonceBytes)
  library.C_EncryptInit(session as Buffer, mechanism(nonce, aad), key)
  const sealed = library.C_Encrypt(session as Buffer, Buffer.from(dataKey), Buffer.alloc(most))
  dataKey.fill(0)
  return { bytes: Buffer.concat([nonce, sealed]), ckaId }
}

function unwrap(
  bytes: Uint8Array,
  aad: Uint8Array,
  wanted: { object: string; ckaId: string },
): { bytes: Uint8Array } {
  const { key } = find(wanted.object, wanted.ckaId)
  library.C_DecryptInit(session as Buffer, mechanism(bytes.subarray(0, nonceBytes), aad), key)
  try {
    const sealed = Buffer.from(bytes.subarray(nonceBytes))
    return { bytes: library.C_Decrypt(session as Buffer, sealed, Buffer.alloc(most)) }
  } catch (error) {
    // Libraries have many names for a tag that does not fit; a token that went away says so at the next call.
    if ((error as { code?: number }).code === pkcs11.CKR_DEVICE_REMOVED) throw error
    throw new Failed('kms-cannot-open')
  }
}

/** Never throws: what went wrong is the answer. */
export function answer(request: Pkcs11Request): Pkcs11Answer {
  const { id } = request
  try {
    if ('open' in request) {
      open(request.open)
      return { id }
    }
    if (session === undefined) throw new Failed(whyNot)
    return {
      id,
      ...('wrap' in request
        ? wrap(request.wrap, request.aad)
        : unwrap(request.unwrap, request.aad, request.key)),
    }
  } catch (error) {
    const code = (error as { code?: number }).code ?? 0
    const failed = error instanceof Failed ? error.reason : (reasonOfCode.get(code) ?? 'kms-away')
    if ('open' in request) whyNot = failed
    return { id, failed }
  }
}
