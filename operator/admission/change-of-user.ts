// Programs that become another user, and then begin what they are told. A guarded container has neither SETUID nor SETGID, and
// gains none by a file's bits (tenant.ts): they end at once, with an error of their own. What an image does that its pod does
// not say is not seen here.

import { ownNames } from '../../core/identifiers.ts'
import { type Container, containersOf, type Handler, type PodSpec } from './pod.ts'

/** Whether a program fails for certain, by the options that it is given. */
type Fails = (options: readonly string[]) => boolean
const always: Fails = () => true
const where =
  (...asks: string[]): Fails =>
  (options) =>
    options.some((option) => asks.includes(option))

/**
 * Those that `always` fail set the groups of the process, also to what they are; without SETGID the kernel lets nobody do that.
 * Tried as root and as another user, to the same one and to another: gosu 1.14, util-linux 2.38 and busybox 1.35 (su), sudo 1.9,
 * coreutils 9.1 (chroot), daemontools 0.76. By its source: su-exec. By what people report: s6-setuidgid.
 */
const programs: ReadonlyMap<string, Fails> = new Map<string, Fails>([
  ['gosu', always],
  ['runuser', always],
  ['s6-setuidgid', always],
  ['setuidgid', always],
  ['su', always],
  ['su-exec', always],
  ['sudo', always],
  ['chroot', where('--userspec')],
  // To the user that it is, with its groups kept, it succeeds.
  ['setpriv', where('--clear-groups', '--groups', '--init-groups')],
])
/** These do other work too, or work as the user that they are: they are named, and refuse nothing. */
const perhaps: ReadonlySet<string> = new Set(['chpst', 'doas', 's6-applyuidgid', 'setuser'])

/** Their options that a value follows as a word of its own. */
const valued: ReadonlySet<string> = new Set([
  '--reuid',
  '--ruid',
  '--euid',
  '--regid',
  '--rgid',
  '--egid',
  '--groups',
  '--userspec',
  '--inh-caps',
  '--ambient-caps',
  '--bounding-set',
  '--securebits',
  '--pdeathsig',
])

/** They begin the program that is named behind their own options. */
const starters: ReadonlySet<string> = new Set(['catatonit', 'dumb-init', 'env', 'tini'])

/** What its author does instead. */
export const changeAdvice =
  'write the number of the server’s user as securityContext.runAsUser, its group as spec.securityContext.fsGroup where it writes to volumes, and the server’s own command'
export const changeRefused = 'no guarded container may (it has no SETUID, no SETGID, and no_new_privs)'

/**
 * Commands that cannot start, each with its field and what to write. Asked of new pods alone: it is no safeguard, and one that runs
 * all the same is let run. `spec`: as its author wrote it.
 */
export function changeOfUserViolations(spec: PodSpec): string[] {
  return tenantsOf(spec)
    .filter(({ container }) => failsForCertain(container))
    .map(({ container, path }) => `${path}.command: ${names(container)}: ${changeAdvice}`)
}

/** What may keep a container of a guarded pod from starting, and refuses nothing. */
export function changeOfUserHints(spec: PodSpec): string[] {
  return tenantsOf(spec).flatMap(({ container, path }) => {
    if (failsForCertain(container)) return []
    if (programNamed(container) !== undefined)
      return [`${path}: ${names(container)}, so that what it begins does not start: ${changeAdvice}`]
    return mayBeRoot(container, spec)
      ? [
          `${path}.securityContext.runAsUser: where its image begins as root and changes its user itself (by gosu, su-exec, su, or the server’s own setting) it ends at once, for ${changeRefused}: ${changeAdvice}`,
        ]
      : []
  })
}

const names = (container: Container): string =>
  `names ${programNamed(container) ?? ''}, which changes the user, and ${changeRefused}`

const tenantsOf = (spec: PodSpec) =>
  containersOf(spec).filter(({ container }) => !ownNames.has(container.name))

/** The first such program that anything names which the pod begins in the container, also within a shell's script. */
export function programNamed(container: Container): string | undefined {
  const { command, args, livenessProbe, readinessProbe, startupProbe, lifecycle } = container
  const probes: readonly (Handler | undefined)[] = [livenessProbe, readinessProbe, startupProbe]
  const handlers = [...probes, lifecycle?.preStop, lifecycle?.postStart]
  return [command, args, ...handlers.map((handler) => handler?.exec?.command)]
    .flatMap(wordsOf)
    .flatMap((word) => word.split(/[\s;&|()<>`'"$]+/))
    .map(baseName)
    .find((name) => programs.has(name) || perhaps.has(name))
}

function failsForCertain({ command, args }: Container): boolean {
  // Without a command the arguments are the entrypoint's to read.
  if (wordsOf(command).length === 0) return false
  const [program = '', ...words] = begun([...wordsOf(command), ...wordsOf(args)])
  return programs.get(baseName(program))?.(optionsOf(words)) === true
}

/** The program that stands behind those that only begin it, and its words. */
function begun(words: readonly string[]): readonly string[] {
  const [first = '', ...rest] = words
  if (!starters.has(baseName(first))) return words
  const next = rest.findIndex((word) => !word.startsWith('-') && !word.includes('='))
  return next === -1 ? [] : begun(rest.slice(next))
}

/** Up to the first word that is none: what comes then is the other program's. */
function optionsOf(words: readonly string[]): string[] {
  const [first = '', ...rest] = words
  if (!first.startsWith('-') || first === '--') return []
  return [first.split('=')[0] as string, ...optionsOf(valued.has(first) ? rest.slice(1) : rest)]
}

/** A manifest that nobody has looked at may hold numbers there. */
const wordsOf = (words: readonly unknown[] | null | undefined): string[] => (words ?? []).map(String)

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

function mayBeRoot(
  { securityContext: own = {} }: Container,
  { securityContext: pod = {} }: PodSpec,
): boolean {
  const user = own.runAsUser ?? pod.runAsUser
  return user === 0 || (user === undefined && (own.runAsNonRoot ?? pod.runAsNonRoot) !== true)
}
