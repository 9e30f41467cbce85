import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commands } from '../../cli/commands.ts'
import { commandOf, read } from '../../cli/main.ts'
import { columns, wrap } from '../../cli/table.ts'
import own from '../../package.json' with { type: 'json' }
import { aFolder } from '../collector/a-trail.ts'
import { hipaaMcp } from '../support/command-line.ts'
import { anExport, tamper } from './an-export.ts'

const root = join(import.meta.dirname, '../..')
const ran = async (...args: string[]) => await hipaaMcp(args)

test('verify exits 0 for a good trail and 1 for a bad one, and says which record', async () => {
  const { folder, witness, closed } = await anExport()

  const good = await ran('verify', folder, '--witness', witness)
  expect(good).toMatchObject({ code: 0, notes: '' })
  expect(good.out.replaceAll(/\s+/g, ' ')).toMatch(
    /complete through index 7, witnessed at 2026-.*VERIFIED: 3 chains, 24 records Not proved: that whoever/,
  )
  expect(good.out).toMatch(/1 call may have run, the result is unknown: lost/)

  tamper(folder, closed.origin, (lines) => lines.with(4, `${lines[4]} `))
  const bad = await ran('verify', folder)
  expect(bad.code).toBe(1)
  expect(bad.out.replaceAll(/\s+/g, ' ')).toContain(
    `${closed.origin}, record 4: it is no record in canonical form`,
  )
  const json = JSON.parse((await ran('verify', folder, '--json')).out) as {
    ok: boolean
    findings: { index: number }[]
  }
  expect(json.ok).toBe(false)
  expect(json.findings[0]?.index).toBe(4)
})

test('the key of the witness may stand in a file, and any other text is a wrong command line', async () => {
  const { folder, witness } = await anExport()
  const file = join(aFolder(), 'witness')
  writeFileSync(file, `${witness}\n`)

  expect((await ran('verify', folder, '--witness', `@${file}`)).out).toContain('VERIFIED')
  const log = readFileSync(join(folder, 'registry', 'vkey'), 'utf8').trim()
  for (const wrong of ['nonsense', log])
    for (const command of [
      ['verify', folder],
      ['trail', folder],
      ['verify', 's3://trail/clinic'],
      ['check', 'config/samples/ehr.yaml', '--trail', folder],
    ])
      expect(await ran(...command, '--witness', wrong)).toMatchObject({
        code: 2,
        notes: expect.stringContaining('--witness wants a verifier key') as string,
      })
  expect((await ran('verify', folder, '--witness', `@${file}-gone`)).code).toBe(3)
})

test('every command has its help, which fits 80 columns and names the exit codes', async () => {
  for (const { name, options } of commands) {
    const { code, out } = await ran(...name.split(' '), '--help')
    expect(code).toBe(0)
    for (const option of Object.keys(options)) expect(out).toContain(`--${option}`)
    expect(out.replaceAll(/\s+/g, ' ')).toContain('3 it could not be done')
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  }
  expect((await ran('--help')).code).toBe(0)
})

test('--version says which one this is', async () => {
  expect(await ran('--version')).toMatchObject({ code: 0, out: own.version, notes: '' })
})

const texts = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => join('docs', name))]
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }))
/** Commands that a text tells people to run, in blocks and in lines. */
const told = texts.flatMap(({ name, text }) =>
  [...text.replaceAll(/ \\\n\s*/g, ' ').matchAll(/^(?:\$ )?hipaa-mcp (.*)$|`hipaa-mcp ([^`]*)`/gm)].map(
    ([, line, inline = '']) => ({ name, line: (line ?? inline).replace(/(?: #| [|>]|; ).*$| < .*$/, '') }),
  ),
)
const examples = commands.map(({ example }) => ({ name: 'help', line: example.replaceAll('\\\n', ' ') }))

test('every command that the documents and the help show is one', () => {
  expect(told.length).toBeGreaterThan(80)
  for (const { name, line } of [...told, ...examples]) {
    const args = [...line.matchAll(/"[^"]*"|'[^']*'|\S+/g)].map(([word]) =>
      word.replaceAll(/^["']|["']$/g, ''),
    )
    const command = commandOf(args)
    expect(command !== undefined || args[0]?.startsWith('-') || isGroup(args[0]), `${name}: ${line}`).toBe(
      true,
    )
    if (command !== undefined) expect(() => read(command, args), `${name}: ${line}`).not.toThrow(/knows no/)
  }
})

const isGroup = (word = ''): boolean => commands.some(({ name }) => name.startsWith(`${word} `))

test('help of several words, of a group and by the word help is the help of that', async () => {
  expect(await ran('help', 'trail', 'export')).toEqual(await ran('trail', 'export', '--help'))
  const group = await ran('break-glass', '--help')
  expect(group.code).toBe(0)
  expect(group.out).toMatch(/break-glass request[^]*break-glass list/)
  expect(group.out).not.toContain('verify')
  expect((await ran('check', '--help')).out).toContain(
    '\nExample:\n  hipaa-mcp check ehr.yaml agreement.yaml\n',
  )
})

test('completion offers operands where they are fixed words alone', async () => {
  const { out } = await ran('completion', 'bash')

  expect(out).toContain('--help bash zsh fish"')
  expect(out).not.toContain('DIR...')
})

test.each([
  [['verify'], /wants one trail/],
  [['break-glass'], /^break-glass wants one of request, approve, end, review, list$/],
  [['break-glass', 'nope'], /^break-glass wants one of request/],
  [['check', '--nope'], /^check knows no option --nope\nhipaa-mcp check --help says how\.$/],
  [['check', '-x'], /^check knows no option -x$/m],
  [['check', '--days'], /^--days wants N: With --trail: for how long/],
  [['trail', 'export', '-o', '--json'], /^--output wants PATH: New folder/],
  [['check', '--json=1', 'x'], /^--json takes no value$/m],
  [['check', '--help=1'], /^--help takes no value$/m],
  [['trail', 'export', '-o'], /^--output wants PATH: New folder/],
  [['verify', 'a', 'b'], /wants one trail/],
  [['verify', 'a', '--nope'], /nope/],
  [['verify', 'a', '--server', 'x'], /NAMESPACE\/NAME/],
  // It opens no sealed record: a file of keys would be taken and not read.
  [['verify', 's3://trail/clinic', '--data-keys', 'keys'], /--data-keys/],
  [['trail', 'export'], /--server wants/],
  [['trail', 'export', '--server', 'a/b'], /--output wants/],
  [['trail', 'export', '--server', 'a/b', '-o', 'x', '--wait', 'long'], /--wait wants/],
  [['redact', '--html'], /html/],
  [['completion', 'csh'], /bash, zsh or fish/],
  [['trail'], /trail wants one trail/],
  [['constructor'], /no command/],
])('a wrong command line %j exits 2 and says how it is right', async (args, says) => {
  const { code, notes, out } = await ran(...args)

  expect(code).toBe(2)
  expect(out).toBe('')
  expect(notes).toMatch(says)
})

test('what cannot be done exits 3 and says what to do', async () => {
  expect(await ran('verify', '/nonexistent')).toMatchObject({
    code: 3,
    notes: expect.stringMatching(/trail export/) as string,
  })
  expect(await ran('status', '--kubeconfig', '/nonexistent')).toMatchObject({
    code: 3,
    notes: expect.stringMatching(/set KUBECONFIG/) as string,
  })
})

test('completion knows every command and option, for three shells', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { out } = await ran('completion', shell)
    for (const { name, options } of commands) {
      expect(out).toContain(name.split(' ').at(-1))
      for (const option of Object.keys(options)) expect(out).toContain(option)
    }
  }
})

test('tables wrap their last column and keep the width', () => {
  const lines = columns(
    [
      ['a', 'word '.repeat(40).trim()],
      ['longer', 'x'],
    ],
    40,
  )

  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40)
  expect(lines[0]?.startsWith('a       word')).toBe(true)
  expect(wrap('', 10)).toEqual([''])
})

test('an installed package gives the command, and kubectl finds it', () => {
  expect(Object.keys(own.bin)).toEqual(['hipaa-mcp', 'kubectl-hipaa'])
  for (const file of Object.values(own.bin)) {
    const path = join(import.meta.dirname, '../..', file)

    expect(statSync(path).mode & 0o111).toBe(0o111)
    expect(readFileSync(path, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
  }
})
