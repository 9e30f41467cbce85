// Scenes in which one engine can be struck: what runs, and how the engine is killed, hung and brought back.

import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openEmbedded } from '../../collector/commit/embedded.ts'
import { loadKeys } from '../../collector/keys.ts'
import type { KeyWrapper } from '../../collector/kms/key-wrapper.ts'
import { pkcs11Wrapper } from '../../collector/kms/pkcs11.ts'
import { vaultWrapper } from '../../collector/kms/vault.ts'
import { SealedFiles } from '../../collector/sealing/files.ts'
import { originFor } from '../../collector/witnesses/witnesses.ts'
import type { Acknowledge } from '../../core/acknowledge.ts'
import { textOfLocation } from '../../core/archive/location.ts'
import { rawPublicKey } from '../../core/checkpoint.ts'
import { readSegment } from '../../core/sealed/segment.ts'
import { aScene } from '../archive/scene.ts'
import { aBroker } from '../collector/kafka/broker.ts'
import { anOpenBao } from '../collector/kms/open-bao.ts'
import { aSoftHsm } from '../collector/kms/soft-hsm.ts'
import { certify } from '../collector/peers.ts'
import { aPostgres } from '../collector/postgres-server.ts'
import { aSigsumWitness } from '../support/sigsum-witness.ts'
import { verified } from './counts.ts'
import type { Engine } from './engines.ts'
import type { Context } from './fault.ts'
import { Gate } from './gate.ts'
import { aDay, Scene, until, type World } from './scene.ts'

export type Setting = {
  engine: Engine
  scene: Scene
  /** At the end: what else must hold. Resolves to what does not. */
  settled?: (witness: string) => Promise<string[]>
  end: () => Promise<void> | void
}

/** Processes of this command line. Of this namespace, in which there are none but the command's own (main.ts). */
function processesOf(commandLine: RegExp): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return commandLine.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '))
      } catch {
        return false
      }
    })
    .map(Number)
}

function signalAll(commandLine: RegExp, signal: NodeJS.Signals): void {
  for (const pid of processesOf(commandLine))
    try {
      process.kill(pid, signal)
    } catch {
      // It has ended meanwhile.
    }
}

async function killAll(commandLine: RegExp): Promise<void> {
  signalAll(commandLine, 'SIGKILL')
  await until(`${commandLine.source} is gone`, () => processesOf(commandLine).length === 0, 10_000)
}

/** From the sidecar's view. */
async function collector({ world }: Context, mode: Acknowledge): Promise<Setting> {
  let gate: Gate | undefined
  const scene = await Scene.start(world, {
    mode,
    collectorPort: async (port) => (gate = await Gate.before(port)).port,
  })
  const { program } = scene.collector
  return {
    scene,
    engine: {
      where: `collector, sidecar ${mode}`,
      gates: mode !== 'Local',
      gate: gate as Gate,
      kill: async () => {
        program.hold()
        await program.signal('SIGKILL')
      },
      revive: () => program.release(),
      hang: async () => await program.signal('SIGSTOP'),
      resume: async () => await program.signal('SIGCONT'),
    },
    end: () => gate?.close(),
  }
}

async function postgres({ world }: Context): Promise<Setting> {
  const { authority } = world.operator
  const server = await aPostgres(await certify(authority, undefined, { names: ['localhost'], ...aDay }))
  const gate = await Gate.before(server.port)
  const own = /^(postgres: |\S+\/postgres )/
  const scene = await Scene.start(world, {
    mode: 'Stream',
    collector: {
      store: server.url.replace(`:${server.port}/`, `:${gate.port}/`),
      environment: { HIPAA_MCP_STORE_CA: authority.pem },
    },
  })
  return {
    scene,
    engine: {
      where: 'PostgreSQL as the store',
      gates: true,
      gate,
      kill: async () => await killAll(own),
      revive: () => server.start(),
      hang: () => signalAll(own, 'SIGSTOP'),
      resume: () => signalAll(own, 'SIGCONT'),
    },
    end: () => {
      gate.close()
      server.remove()
    },
  }
}

async function kafka({ world }: Context): Promise<Setting> {
  const { authority } = world.operator
  let gate: Gate | undefined
  const broker = await aBroker(
    await certify(authority, undefined, { names: ['localhost'], ...aDay }),
    authority.pem,
    // It tells its clients where it is: they come through the gate always.
    { through: async (port) => (gate = await Gate.before(port)).port },
  )
  const scene = await Scene.start(world, {
    mode: 'Stream',
    collector: { store: broker.url('trail'), environment: { HIPAA_MCP_STORE_CA: authority.pem } },
  })
  return {
    scene,
    engine: {
      where: 'Kafka as the store',
      gates: true,
      gate: gate as unknown as Gate,
      kill: async () => await broker.signal('SIGKILL'),
      revive: async () => await broker.start(),
      hang: async () => await broker.signal('SIGSTOP'),
      resume: async () => await broker.signal('SIGCONT'),
    },
    end: async () => {
      gate?.close()
      await broker.remove()
    },
  }
}

/** Segments are small and short, so that a key is wrapped, and an object put, every second. */
const oftenSealed = { HIPAA_MCP_SEGMENT_KIB: '64', HIPAA_MCP_SEGMENT_SECONDS: '1' }

/** `holder`: the environment that names who holds the key that its collector seals with. */
const sealingScene = async (
  world: World,
  folder: string,
  holder: { readonly [name: string]: string },
): Promise<Scene> =>
  await Scene.start(world, {
    mode: 'Stream',
    collector: { store: `embedded:${folder}`, environment: { ...oftenSealed, ...holder } },
  })

/** A key is used up when a segment is a second old, and the next one was fetched by then. */
const keysLast = 3_000

/** The key's holder is away when the collector begins: nothing of before lasts. */
const awayAtStart = (
  scene: Scene,
  { away, back }: { away: () => void; back: () => void },
): NonNullable<Engine['more']>[number] => ({
  fault: 'away while the collector begins',
  strike: async () => {
    away()
    await scene.collector.program.signal('SIGKILL')
  },
  undo: back,
  at: ['before it was sent'],
  away: true,
  gates: true,
  lasts: 1_000,
  seconds: [6],
})

/** Opens every segment that was sealed into this store's folder. Resolves to what does not open. */
async function opening(folder: string, wrapper: KeyWrapper): Promise<string[]> {
  const wrong: string[] = []
  let opened = 0
  for await (const { read, name } of new SealedFiles(join(folder, 'sealed')).list())
    try {
      const { header, records } = await readSegment(read())
      const key = { keyId: header.keyId, wrapped: Buffer.from(header.wrapped, 'base64') }
      const dataKey = await wrapper.unwrap(key, { origin: header.origin, segment: header.segment })
      for await (const some of records(dataKey)) opened += some.length
    } catch (error) {
      wrong.push(`${name} does not open: ${String(error)}`)
    }
  await wrapper.close()
  return opened > 0 ? wrong : [...wrong, 'nothing was sealed']
}

async function softHsm({ world }: Context): Promise<Setting> {
  const hsm = aSoftHsm(world.folder('hsm'))
  const { module, token, object, pinPath } = hsm.options
  const folder = world.folder('store')
  const scene = await sealingScene(world, folder, {
    ...hsm.environment,
    HIPAA_MCP_KMS: `pkcs11:token=${token};object=${object}?module-path=${module}&pin-source=file:${pinPath}`,
  })
  const library = /pkcs11-process\.ts/
  return {
    scene,
    engine: {
      where: 'KMS (SoftHSM2 by PKCS#11)',
      // A library that hangs or is gone is started anew, while the data key in use lasts.
      gates: false,
      kill: () => signalAll(library, 'SIGKILL'),
      revive: () => undefined,
      hang: () => signalAll(library, 'SIGSTOP'),
      resume: () => signalAll(library, 'SIGCONT'),
      more: [
        {
          fault: 'token taken away',
          strike: () => hsm.takeAway(),
          undo: () => hsm.giveBack(),
          at: ['before it was sent'],
          away: true,
          gates: true,
          lasts: keysLast,
          seconds: [8],
        },
        awayAtStart(scene, { away: hsm.takeAway, back: hsm.giveBack }),
      ],
    },
    settled: async () => await opening(folder, pkcs11Wrapper(hsm.options)),
    end: () => undefined,
  }
}

async function openBao({ world }: Context): Promise<Setting> {
  const { authority } = world.operator
  const bao = await anOpenBao(
    await certify(authority, undefined, { names: ['localhost'], ...aDay }),
    authority.pem,
  )
  const gate = await Gate.before(bao.port)
  const { mount, key, tokenPath } = bao.options
  const folder = world.folder('store')
  const scene = await sealingScene(world, folder, {
    HIPAA_MCP_KMS: `vault:https://localhost:${gate.port}/${mount}/${key}?token-source=file:${tokenPath}`,
    HIPAA_MCP_KMS_CA: authority.pem,
  })
  return {
    scene,
    engine: {
      where: 'KMS (OpenBao by Vault’s API)',
      gates: true,
      lasts: keysLast,
      gate,
      kill: bao.kill,
      revive: bao.start,
      hang: bao.pause,
      resume: bao.resume,
      more: [
        {
          fault: 'sealed',
          strike: async () => void (await bao.asRoot('sys/seal')),
          // It opens its own seal when it starts.
          undo: async () => {
            await bao.kill()
            await bao.start()
          },
          at: ['before it was sent'],
          away: true,
          seconds: [8],
        },
        awayAtStart(scene, { away: () => gate.set('shut'), back: () => gate.set('well') }),
      ],
    },
    settled: async () => await opening(folder, vaultWrapper(bao.options)),
    end: async () => {
      gate.close()
      await bao.remove()
    },
  }
}

async function s3({ world }: Context): Promise<Setting> {
  const archive = await aScene()
  const gate = await Gate.before(archive.gateway.port)
  const location = await archive.aBucket()
  const key = join(world.folder('key'), 'key')
  writeFileSync(key, `k1 ${randomBytes(32).toString('base64')}\n`)
  const endpoint = `https://localhost:${gate.port}`
  const scene = await Scene.start(world, {
    mode: 'Stream',
    collector: {
      environment: {
        ...oftenSealed,
        HIPAA_MCP_PROFILE: 'Development',
        HIPAA_MCP_KMS: `key-file:${key}`,
        HIPAA_MCP_ARCHIVE: textOfLocation(location),
        HIPAA_MCP_ARCHIVE_ENDPOINT: endpoint,
        HIPAA_MCP_ARCHIVE_CA: archive.reach.ca ?? '',
        AWS_ACCESS_KEY_ID: archive.collector.accessKeyId,
        AWS_SECRET_ACCESS_KEY: archive.collector.secretAccessKey,
      },
    },
  })
  const gauge = async (name: string): Promise<number> =>
    Number(
      new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)$`, 'm').exec(await scene.collector.metrics())?.[1] ??
        Number.NaN,
    )
  const allArchived = async (): Promise<boolean> =>
    (await gauge('hipaa_mcp_unsealed_records')) === 0 &&
    (await gauge('hipaa_mcp_archive_pending_segments')) === 0
  return {
    scene,
    engine: {
      where: 'S3 (radosgw) as the archive',
      gates: false,
      gate,
      kill: async () => await archive.gateway.kill(),
      revive: async () => await archive.gateway.start(),
      hang: () => archive.gateway.pause(),
      resume: () => archive.gateway.resume(),
    },
    settled: async (witness) => {
      const { program } = scene.collector
      // One that begins does not wait as long as one that failed again and again; and it archives the log as well.
      for (const what of ['everything is archived', 'the last of it is']) {
        await program.signal('SIGKILL')
        await scene.collector.ready(60_000)
        await until(what, allArchived, 120_000, program)
      }
      // A collector that was killed is still said to send the log for a while. Besides what is there, the log says that it is.
      await until(
        'the log is archived',
        async () =>
          (await scene.collector.says('/archive')) === 'ok' &&
          (await gauge('hipaa_mcp_archive_log_pending_records')) <= 1,
        60_000,
        program,
      )
      const bundle = join(world.folder('ca'), 'ca.pem')
      writeFileSync(bundle, archive.reach.ca ?? '')
      Object.assign(process.env, {
        AWS_ENDPOINT_URL_S3: endpoint,
        AWS_REGION: 'us-east-1',
        AWS_CA_BUNDLE: bundle,
        AWS_ACCESS_KEY_ID: archive.collector.accessKeyId,
        AWS_SECRET_ACCESS_KEY: archive.collector.secretAccessKey,
      })
      return await verified(textOfLocation(location), witness)
    },
    end: async () => {
      gate.close()
      await archive.end()
    },
  }
}

async function witness({ world }: Context): Promise<Setting> {
  const folder = world.folder('store')
  // The key is made when the store is: whoever runs the witness needs it before the first round.
  const store = await openEmbedded({ folder, onPoisoned: () => undefined })
  const { registry } = await loadKeys(store)
  await store.close()
  const named = originFor('sigsum.org/v1/tree/{key}', { publicKey: rawPublicKey(registry.key) })
  const outside = await aSigsumWitness(world.folder('witness'), { ...registry, name: named })
  const gate = await Gate.before(Number(new URL(outside.url).port))
  const policy = join(world.folder('policy'), 'witnesses')
  writeFileSync(
    policy,
    `${outside.line.replace(outside.url, `http://127.0.0.1:${gate.port}`)}quorum sigsum\n`,
  )
  const scene = await Scene.start(world, {
    mode: 'Stream',
    collector: {
      store: `embedded:${folder}`,
      environment: {
        HIPAA_MCP_WITNESSES: policy,
        HIPAA_MCP_WITNESS_ORIGIN: 'sigsum.org/v1/tree/{key}',
        HIPAA_MCP_WITNESS_SECONDS: '1',
        HIPAA_MCP_WITNESS_LATE_SECONDS: '2',
        HIPAA_MCP_WITNESS_STRICT: 'true',
      },
    },
  })
  const program = /^sigsum-witness /
  return {
    scene,
    engine: {
      where: 'witness (sigsum-witness), strict',
      gates: true,
      gate,
      kill: async () => await killAll(program),
      revive: async () => await outside.start(),
      hang: () => signalAll(program, 'SIGSTOP'),
      resume: () => signalAll(program, 'SIGCONT'),
    },
    end: async () => {
      gate.close()
      await outside.stop()
    },
  }
}

export const settings: { readonly [name: string]: (context: Context) => Promise<Setting> } = {
  'collector-stream': async (context) => await collector(context, 'Stream'),
  'collector-local': async (context) => await collector(context, 'Local'),
  'collector-both': async (context) => await collector(context, 'Both'),
  postgres,
  kafka,
  s3,
  'kms-softhsm': softHsm,
  'kms-openbao': openBao,
  witness,
}
