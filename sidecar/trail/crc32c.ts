// CRC-32C (Castagnoli; RFC 3720 appendix B.4). Finds torn and rotten frames; tampering is what the Merkle tree finds.

const table = new Uint32Array(256).map((_, n) => {
  let value = n
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
  return value >>> 0
})

export function crc32c(bytes: Uint8Array): number {
  let value = 0xffffffff
  for (let i = 0; i < bytes.length; i += 1)
    value = (table[(value ^ (bytes[i] as number)) & 0xff] as number) ^ (value >>> 8)
  return (value ^ 0xffffffff) >>> 0
}
