// strace, as what traces a program's calls on files and lets one of them fail.

import { existsSync, readFileSync } from 'node:fs'

/** Calls on files that a writer may make. Which of them one really makes is seen in a run that is traced. */
const candidates =
  'openat,open,creat,write,writev,pwrite64,pwritev,pwritev2,read,readv,pread64,preadv,preadv2,fsync,fdatasync,sync_file_range,' +
  'fallocate,ftruncate,truncate,rename,renameat,renameat2,mkdir,mkdirat,unlink,unlinkat,rmdir,link,linkat,close,copy_file_range,' +
  'sendfile,getdents64,statx,newfstatat,access,faccessat2'

// Nothing stops but at the calls that are named (`--seccomp-bpf`). The tracer is a grandchild, so that a signal to the process that was started reaches the program itself.
const always = ['strace', '-D', '-f', '-qq', '--seccomp-bpf']

/** Traces a program's calls on files. */
export const tracing = (log: string): string[] => [
  ...always,
  '-y',
  '-s',
  '200',
  '-o',
  log,
  '-e',
  `trace=${candidates}`,
]

export type Injection = {
  call: string /** `error=EIO`, `retval=0`. */
  what: string /** Which of them, from 1. */
  nth: number
}

/** Lets one call on one of these paths fail. strace counts for each thread by itself: the program should have one for its disk. */
export const injecting = (
  log: string,
  { call, what, nth }: Injection,
  paths: readonly string[],
): string[] => [
  ...always,
  '-o',
  log,
  ...paths.flatMap((path) => ['-P', path]),
  '-e',
  `trace=${call}`,
  '-e',
  `inject=${call}:${what}:when=${nth}`,
]

export const wasInjected = (log: string): boolean =>
  existsSync(log) && readFileSync(log, 'utf8').includes('(INJECTED)')

/** Call -> on how many of them a fault can fall: the most that one thread made. And every path below the folder. */
export function callsBelow(folder: string, log: string): { calls: Map<string, number>; paths: string[] } {
  const perThread = new Map<string, number>()
  const paths = new Set<string>()
  for (const line of readFileSync(log, 'utf8').split('\n')) {
    const [, thread = '', call = '', args = ''] = /^(\d+) +([a-z0-9_]+)\((.*)$/.exec(line) ?? []
    const found = [...args.matchAll(/["<](\/[^">]*)[">]/g)].map(([, path = '']) => path)
    const below = found.filter((path) => path === folder || path.startsWith(`${folder}/`))
    if (below.length === 0) continue
    for (const path of below) paths.add(path)
    const key = `${thread} ${call}`
    perThread.set(key, (perThread.get(key) ?? 0) + 1)
  }
  const calls = new Map<string, number>()
  for (const [key, count] of perThread) {
    const [, call = ''] = key.split(' ')
    calls.set(call, Math.max(count, calls.get(call) ?? 0))
  }
  return { calls, paths: [...paths] }
}
