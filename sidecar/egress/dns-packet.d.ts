// The part of dns-packet that the resolver uses; the package brings no types.
declare module 'dns-packet' {
  export type Question = { name: string; type: string; class: string }
  export type Answer = { name: string; type: 'A' | 'AAAA'; class: 'IN'; ttl: number; data: string }
  export type Packet = {
    id: number
    type: 'query' | 'response'
    /** The header's flags with opcode and response code. */
    flags: number
    questions: Question[]
    answers: Answer[]
  }
  export const RECURSION_DESIRED: number
  export const RECURSION_AVAILABLE: number
  export const AUTHORITATIVE_ANSWER: number
  /** Throws for anything that is no packet. */
  export function decode(bytes: Uint8Array): Packet
  export function encode(packet: Packet): Buffer
}
