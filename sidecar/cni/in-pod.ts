// The packet filter's programs in the network namespace of a pod, with the loader and libraries of our own image: what the
// node has of them is not ours to know.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { StartFilter } from '../guard/set.ts'
import { programFiles } from './on-host.ts'

/** `programs`: the folder of a version (on-host.ts). `netns`: a path. */
export function filterIn(programs: string, netns: string): StartFilter {
  const at = (file: string): string => join(programs, file)
  const own = [at(programFiles.loader), '--library-path', at(programFiles.libraries)] as const
  return (program, input) =>
    spawnSync(
      own[0],
      [
        ...own.slice(1),
        at(programFiles.nsenter),
        `--net=${netns}`,
        '--',
        ...own,
        at(programFiles.filter),
        program,
      ],
      {
        encoding: 'utf8',
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', XTABLES_LIBDIR: at(programFiles.extensions) },
        ...(input === undefined ? {} : { input }),
      },
    )
}
