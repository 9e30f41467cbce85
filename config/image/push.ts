// Pushes an image to a registry (OCI distribution-spec 1.1).

import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { type Dispatcher, request } from 'undici'
import { type Image, manifestType } from './oci.ts'
import { elapsed, type Log } from './progress.ts'
import { authorization, type Credentials } from './registry-login.ts'

export type Reference = {
  registry: string
  repository: string
  tag: string /** As manifests name it: without the tag. */
  name: string
}

/** Parses REGISTRY/NAME[:TAG]. The tag is `latest` unless given. Docker Hub must be named by its host, as any other. */
export function parseReference(text: string): Reference {
  const match = /^([a-z0-9.-]+(?::\d+)?)\/([a-z0-9][a-z0-9._/-]*?)(?::([\w][\w.-]{0,127}))?$/.exec(text)
  const [, registry = '', repository = '', tag = 'latest'] = match ?? []
  if (!match || !(/[.:]/.test(registry) || registry === 'localhost')) {
    throw new Error(
      `"${text}" is no image reference: write REGISTRY/NAME[:TAG], for example registry.example.org/team/hipaa-mcp:1.0`,
    )
  }
  // Docker Hub's API stands under another name than its images do.
  return {
    registry: registry === 'docker.io' ? 'registry-1.docker.io' : registry,
    repository,
    tag,
    name: `${registry}/${repository}`,
  }
}

const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** Why no word came back from a registry, and what to do about it. */
function unreached(registry: string, error: unknown): string {
  const { code = '', message = '' } = error as { code?: string; message?: string }
  return untrusted.has(code)
    ? `${registry} has a certificate of an authority that is not known here (${code}): export NODE_EXTRA_CA_CERTS=FILE with the authority's certificate as PEM`
    : `${registry} is not reached (${code || message}): see that it runs and that its name, port and network are right; without TLS only localhost is spoken to`
}

type Body = Buffer | { file: string; size: number }

/** Pushes what the registry lacks, the manifest last. Gives the digest under which the registry has it now. */
export async function push(
  made: Image,
  reference: Reference,
  log: Log,
  credentials?: Credentials,
): Promise<string> {
  const { registry, repository, tag } = reference
  const secure = !/^(localhost|127\.0\.0\.1|\[::1\])(:|$)/.test(registry)
  const origin = `${secure ? 'https' : 'http'}://${registry}`
  const base = `${origin}/v2/${repository}`
  const authorize = authorization(registry, repository, credentials)

  const send = async (
    method: Dispatcher.HttpMethod,
    url: string,
    body?: Body,
    type = 'application/octet-stream',
  ): Promise<{ status: number; location: string; digest: string; text: string }> => {
    for (let attempt = 0; ; attempt++) {
      const size = body === undefined ? 0 : Buffer.isBuffer(body) ? body.length : body.size
      // A stream cannot be sent twice, so each attempt opens the file anew.
      const payload = body === undefined || Buffer.isBuffer(body) ? body : createReadStream(body.file)
      const bearer = new URL(url).origin === origin ? await authorize.header() : undefined
      const answer = await request(url, {
        method,
        headers: {
          ...(bearer === undefined ? {} : { authorization: bearer }),
          ...(body === undefined ? {} : { 'content-type': type }),
          'content-length': String(size),
        },
        ...(payload === undefined ? {} : { body: payload }),
      }).catch((error: unknown) => {
        throw new Error(unreached(registry, error), { cause: error })
      })
      const text = await answer.body.text()
      if (payload instanceof Readable) payload.destroy()
      if (answer.statusCode === 401 && attempt === 0) {
        await authorize.challenged(String(answer.headers['www-authenticate'] ?? ''))
        continue
      }
      return {
        status: answer.statusCode,
        location: String(answer.headers['location'] ?? ''),
        digest: String(answer.headers['docker-content-digest'] ?? ''),
        text,
      }
    }
  }

  const expect = (done: { status: number; text: string }, wanted: readonly number[], doing: string): void => {
    if (wanted.includes(done.status)) return
    const advice = [401, 403].includes(done.status)
      ? ` Log in first: docker login ${registry} (or podman, or skopeo).`
      : ''
    throw new Error(
      `${registry} refused ${doing} (HTTP ${done.status}).${advice} It says: ${done.text.slice(0, 300)}`,
    )
  }

  const blob = async (digest: string, body: Body): Promise<void> => {
    if ((await send('HEAD', `${base}/blobs/${digest}`)).status === 200) return
    const size = Buffer.isBuffer(body) ? body.length : body.size
    const began = performance.now()
    const started = await send('POST', `${base}/blobs/uploads/`)
    expect(started, [202], 'to take a layer')
    const target = new URL(started.location, `${base}/`)
    target.searchParams.set('digest', digest)
    expect(await send('PUT', target.href, body), [201], `layer ${digest}`)
    log(
      `pushed ${digest.slice(0, 19)} (${(size / 1e6).toFixed(1)} MB, ${elapsed(performance.now() - began)})`,
    )
  }

  for (const { digest, file, size } of made.layers) await blob(digest, { file, size })
  await blob(made.configDigest, made.config)
  const put = await send('PUT', `${base}/manifests/${tag}`, made.manifest, manifestType)
  expect(put, [201], 'the manifest')
  if (put.digest !== '' && put.digest !== made.digest) {
    throw new Error(
      `${registry} stored ${put.digest} where ${made.digest} was sent: do not use what it holds`,
    )
  }
  return made.digest
}
