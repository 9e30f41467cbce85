// A partition: packets to and from a port are dropped, without a word to either side. The command runs in a network
// namespace of its own (main.ts), so that nobody else's packets are.

import { spawnSync } from 'node:child_process'

function nft(rules: string): void {
  const { status, stderr } = spawnSync('nft', ['-f', '-'], { input: rules, encoding: 'utf8' })
  if (status !== 0) throw new Error(`nft: ${stderr}`)
}

export function dropPort(port: number): void {
  nft(`table inet drop_${port} {
  chain drops {
    type filter hook input priority 0;
    tcp dport ${port} drop
    tcp sport ${port} drop
  }
}`)
}

export function dropNoMore(port: number): void {
  nft(`table inet drop_${port} {}\ndelete table inet drop_${port}`)
}
