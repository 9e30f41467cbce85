// `hipaa-mcp connect` on a machine outside of the cluster, started by an official client as any host starts it: login,
// certificate, call, step-up, and what the trail says of each.

import { once } from 'node:events'
import { statSync } from 'node:fs'
import { connect as netConnect } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { afterAll, expect } from 'vitest'
import { podAddress } from '../../demo/calls.ts'
import { until } from '../../demo/kubectl.ts'
import { leaksIn } from '../../demo/leaks.ts'
import { filesIn } from '../../support/machine.ts'
import { verifies } from '../../verifies.ts'
import { issuer, name, type Outside, host as publicName } from './outside.ts'
import { ofKind, type Stage, verifiedTrail } from './stage.ts'
import { patients } from './stdio-ehr.ts'

/** Starts `connect` as a host does; logins on the way go to `browser`. */
export async function aHost(outside: Outside, state: string, browser = outside.browser, ...more: string[]) {
  const transport = new StdioClientTransport({ ...outside.command(state, ...more), stderr: 'pipe' })
  const heard = outside.watch(transport.stderr as Readable, browser)
  const client = new Client({ name: 'host', version: '1' })
  await client.connect(transport)
  return { client, heard }
}

export function connect(stage: Stage, outside: () => Outside): void {
  const patient = patients[3]
  if (patient === undefined) throw new Error('The sample has no fourth patient')
  const patient_id = patient.patient.id
  const began = new Date().toISOString()
  let state = ''
  let host: Awaited<ReturnType<typeof aHost>> | undefined
  afterAll(async () => await host?.client.close())

  verifies(
    'authentication:connect',
    'from outside of the cluster a person logs in, is given a certificate and calls a tool',
    async () => {
      const { browser, folder } = outside()
      state = folder()
      // Old enough to be too old once the policy says so, fresh enough to be given a certificate.
      browser.secondsAgo = 200
      const from = performance.now()
      host = await aHost(outside(), state)

      const result = await host.client.callTool({ name: 'read_notes', arguments: { patient_id } })

      console.log(
        `    started, logged in, enrolled and answered after ${(performance.now() - from).toFixed(0)} ms`,
      )
      const notes = (result.structuredContent as { notes?: object[] } | undefined)?.notes ?? []
      expect(notes).toHaveLength(patient.notes.length)
      expect(notes.length).toBeGreaterThan(0)
      expect(leaksIn(JSON.stringify(result), patient)).toEqual([])
      expect(browser.logins).toBe(1)
      expect(host.heard.text()).toContain('TREAT (treatment), stated by your login')
    },
  )

  verifies(
    'transit:network-policy',
    'outside of the cluster nobody reaches a server that names no range',
    async () => {
      // Both listen: only one admits this address.
      expect(await opens(outside().hosts[publicName] ?? '', 443)).toBe(true)
      expect(await opens(await podAddress(stage()), 8080)).toBe(false)
    },
  )

  verifies('authentication:connect', 'outside of the cluster nothing of a patient stays', () => {
    const [file, ...others] = filesIn(state)
    const written = `${file?.text}${host?.heard.text()}`

    expect([file?.text.includes('BEGIN CERTIFICATE'), others]).toEqual([true, []])
    expect(statSync(join(state, file?.name ?? '')).mode & 0o777).toBe(0o600)
    expect([...leaksIn(written, patient), ...(written.includes(patient_id) ? ['identifier'] : [])]).toEqual(
      [],
    )
  })

  verifies(
    'authentication:connect',
    'a login that became too old is made anew as the challenge asks, and the session goes on',
    async () => {
      const { browser, patch } = outside()
      browser.secondsAgo = 0
      const diagnosis = async () =>
        await host?.client.callTool({ name: 'get_diagnosis', arguments: { patient_id } })
      await patch({ identity: { mfa: { maxAge: '3m' } } })

      // Until the policy is in force the old login does.
      const last = await until('a new login is asked for', 30, async () => {
        const seen = await diagnosis()
        return browser.logins === 2 ? seen : undefined
      })
      await patch({ identity: { mfa: { maxAge: '8h' } } })

      expect(last?.structuredContent).toMatchObject({
        conditions: patient.conditions.map(({ code }) => ({ code })),
      })
      expect(host?.heard.text().match(/Log in with/g)).toHaveLength(2)
    },
  )

  verifies('authentication:enrolment', 'the trail names the person, the login and the machine', async () => {
    const { records } = await verifiedTrail(stage(), 'connect', `clinic/${name}`)
    const since = records.filter(({ at }) => at >= began)
    const enrolments = ofKind(since, 'enrolment')
    const [old, renewed] = enrolments.map(({ who }) => who)
    const person = { sub: 'clinician', iss: issuer }

    expect(enrolments.map(({ who, peer }) => [who.sub, who.iss, peer.includes(outside().address)])).toEqual([
      ['clinician', issuer, true],
      ['clinician', issuer, true],
    ])
    expect(renewed?.certificate).not.toBe(old?.certificate)
    expect((renewed?.mfa.authTime ?? 0) - (old?.mfa.authTime ?? 0)).toBeGreaterThan(190)
    expect(ofKind(since, 'refusal').map(({ reason }) => reason)).toContain('mfa-too-old')
    const calls = ofKind(since, 'intent').filter(({ method }) => method === 'tools/call')
    const [notes] = calls
    expect(notes).toMatchObject({
      tool: 'read_notes',
      purpose: 'TREAT',
      who: {
        ...person,
        certificate: old?.certificate,
        mfa: { rule: 'generic-acr', value: 'mfa', grade: 'configured', authTime: old?.mfa.authTime },
      },
    })
    expect(calls.at(-1)).toMatchObject({
      tool: 'get_diagnosis',
      who: { ...person, certificate: renewed?.certificate },
    })
    const result = ofKind(since, 'result').find(({ call }) => call === notes?.call)
    expect(result?.outcome).toBe('ok')
    const replaced = Object.values(result?.redacted ?? {}).reduce((sum, count) => sum + count, 0)
    expect(replaced).toBeGreaterThan(0)
    console.log(`    of the notes ${replaced} identifiers were replaced`)
  })
}

/** Whether a TCP connection is made within two seconds. */
async function opens(address: string, port: number): Promise<boolean> {
  const socket = netConnect({ host: address, port, timeout: 2_000 })
  try {
    return await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'timeout').then(() => false),
    ])
  } catch {
    // Refused, which a CNI may do in place of silence.
    return false
  } finally {
    socket.destroy()
  }
}
