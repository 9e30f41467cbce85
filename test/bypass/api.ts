// The API server as one person sees it: raw requests, as the administrator of the test's cluster who acts as somebody.

import { readFile } from 'node:fs/promises'
import { Agent, request } from 'undici'
import { type Manifest, manifestOf, type Try } from './attempts.ts'

export type Answer = { status: number; text: string }

export type Api = {
  /** `as`: whom the administrator acts as; nobody else where it is left out. */
  ask(how: {
    method: string
    path: string
    type?: string
    body?: unknown
    as?: string | undefined
  }): Promise<Answer>
  close(): Promise<void>
}

/** By a kubeconfig as the test's cluster writes it. */
export async function openApi(kubeconfig: string): Promise<Api> {
  const { clusters, users } = JSON.parse(await readFile(kubeconfig, 'utf8')) as {
    clusters: [{ cluster: { server: string; 'certificate-authority': string } }]
    users: [{ user: { 'client-certificate': string; 'client-key': string } }]
  }
  const [{ cluster }] = clusters
  const [{ user }] = users
  const [ca, cert, key] = await Promise.all(
    [cluster['certificate-authority'], user['client-certificate'], user['client-key']].map(
      async (file) => await readFile(file, 'utf8'),
    ),
  )
  const agent = new Agent({ connect: { ca: ca ?? '', cert: cert ?? '', key: key ?? '' } })
  return {
    ask: async ({ method, path, type = 'application/json', body, as }) => {
      const answer = await request(`${cluster.server}${path}`, {
        method: method as 'GET',
        dispatcher: agent,
        headers: {
          accept: 'application/json',
          ...(as === undefined
            ? {}
            : { 'impersonate-user': as, 'impersonate-group': 'system:authenticated' }),
          ...(body === undefined ? {} : { 'content-type': type }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { status: answer.statusCode, text: await answer.body.text() }
    },
    close: async () => await agent.close(),
  }
}

const plurals: { readonly [kind: string]: string } = {
  Pod: 'pods',
  NetworkPolicy: 'networkpolicies',
  Role: 'roles',
  RoleBinding: 'rolebindings',
}

function collectionOf({ apiVersion, kind }: Manifest, namespace: string): string {
  const plural = plurals[kind]
  if (plural === undefined) throw new Error(`test/bypass/api.ts knows no plural of ${kind}: add it`)
  return `${apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`}/namespaces/${namespace}/${plural}`
}

const connects = /\/(exec|attach|portforward|proxy)\b/
const networking = /^\/networkpolicies\b/

/** One try in a namespace. Nothing is changed: what is not a connection is a dry run, which passes admission whole. */
export async function tryOnce(
  api: Api,
  { create, fill = 0, call, right }: Try,
  namespace: string,
  as: string | undefined,
): Promise<Answer> {
  if (create !== undefined)
    return await api.ask({
      method: 'POST',
      path: `${collectionOf(create, namespace)}?dryRun=All`,
      body: manifestOf({ create, fill }),
      as,
    })
  if (call !== undefined) {
    const { path, ...how } = call
    const group = networking.test(path) ? '/apis/networking.k8s.io/v1' : '/api/v1'
    const dry = connects.test(path) ? '' : '?dryRun=All'
    return await api.ask({ ...how, path: `${group}/namespaces/${namespace}${path}${dry}`, as })
  }
  if (right !== undefined) return await mayI(api, right, namespace, as)
  throw new Error('An attempt of a person is one of create, call and right')
}

/** As a refusal or an answer of the API server would look. */
async function mayI(
  api: Api,
  { verb, group = '', resource, namespace, virtual }: NonNullable<Try['right']>,
  here: string,
  as: string | undefined,
): Promise<Answer> {
  const [plural = '', subresource = ''] = resource.split('/')
  // A misspelt right is one that nobody has.
  if (virtual === undefined && !(await isServed(api, group, resource)))
    return { status: 404, text: `The API server serves no ${resource} of ${group}` }
  const { text } = await api.ask({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: {
        resourceAttributes: { verb, group, resource: plural, subresource, namespace: namespace ?? here },
      },
    },
    as,
  })
  const { status } = JSON.parse(text) as { status?: { allowed?: boolean } }
  if (status?.allowed === undefined) throw new Error(text)
  return status.allowed
    ? { status: 200, text: 'allowed' }
    : { status: 403, text: `hipaa-mcp: RBAC forbids ${verb} ${resource}` }
}

async function isServed(api: Api, group: string, resource: string): Promise<boolean> {
  const versions =
    group === ''
      ? ['/api/v1']
      : (
          JSON.parse((await api.ask({ method: 'GET', path: `/apis/${group}` })).text) as {
            versions?: { groupVersion: string }[]
          }
        ).versions?.map(({ groupVersion }) => `/apis/${groupVersion}`)
  for (const path of versions ?? []) {
    const { resources = [] } = JSON.parse((await api.ask({ method: 'GET', path })).text) as {
      resources?: { name: string }[]
    }
    if (resources.some(({ name }) => name === resource)) return true
  }
  return false
}
