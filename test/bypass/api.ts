// The API server as one person sees it: raw requests, as the administrator of the test's cluster who acts as somebody.

import { readFile } from 'node:fs/promises'
import { Agent, request } from 'undici'
import { type Manifest, manifestOf, type Right, type Try } from './attempts.ts'

/** `auditId`: under which the API server's audit log has the request. */
export type Answer = { status: number; text: string; auditId?: string }

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
      return {
        status: answer.statusCode,
        text: await answer.body.text(),
        auditId: String(answer.headers['audit-id']),
      }
    },
    close: async () => await agent.close(),
  }
}

const plurals: { readonly [kind: string]: string } = {
  Pod: 'pods',
  NetworkPolicy: 'networkpolicies',
  Role: 'roles',
  RoleBinding: 'rolebindings',
  LimitRange: 'limitranges',
  ResourceQuota: 'resourcequotas',
  PriorityClass: 'priorityclasses',
}
/** Of no namespace. */
const ofCluster: ReadonlySet<string> = new Set(['PriorityClass'])

function pluralOf({ kind }: Manifest): string {
  const plural = plurals[kind]
  if (plural === undefined) throw new Error(`test/bypass/api.ts knows no plural of ${kind}: add it`)
  return plural
}

function collectionOf(object: Manifest, namespace: string): string {
  const { apiVersion, kind } = object
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  return `${group}${ofCluster.has(kind) ? '' : `/namespaces/${namespace}`}/${pluralOf(object)}`
}

const connects = /\/(exec|attach|portforward|proxy)\b/
const networking = /^\/networkpolicies\b/

/** One try in a namespace. Nothing is changed: what is not a connection is a dry run, which passes admission whole. */
export async function tryOnce(
  api: Api,
  { create, fill = 0, containers = 1, call, right }: Try,
  namespace: string,
  as: string | undefined,
): Promise<Answer> {
  if (create !== undefined)
    return await api.ask({
      method: 'POST',
      path: `${collectionOf(create, namespace)}?dryRun=All`,
      body: manifestOf({ create, fill, containers }),
      as,
    })
  if (call !== undefined) {
    const {
      path,
      group = networking.test(path) ? 'networking.k8s.io/v1' : '',
      namespace: where,
      ...how
    } = call
    const dry = connects.test(path) ? '' : '?dryRun=All'
    const root = group === '' ? '/api/v1' : `/apis/${group}`
    return await api.ask({ ...how, path: `${root}/namespaces/${where ?? namespace}${path}${dry}`, as })
  }
  if (right !== undefined) return await claim(api, right, namespace, as)
  throw new Error('An attempt of a person is one of create, call and right')
}

const methods: { readonly [verb: string]: string } = {
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  get: 'GET',
}

/**
 * The very request that the right is of: it is judged before its body is read, so none is needed. Whoever has the right is asked
 * about by a review, and so is a right that no request stands for.
 */
async function claim(api: Api, right: Right, here: string, as: string | undefined): Promise<Answer> {
  const { verb, group = '', resource, namespace = here, virtual } = right
  if (virtual) return await mayI(api, right, here, as)
  const served = await servedAt(api, group, resource)
  // A misspelt right is one that nobody has.
  if (served === undefined) return { status: 404, text: `The API server serves no ${resource} of ${group}` }
  if (as === undefined) return await mayI(api, right, here, as)
  const [plural = '', subresource] = resource.split('/')
  const name = plural === 'namespaces' ? namespace : 'any'
  const path = [
    served.root,
    ...(served.namespaced ? [`namespaces/${namespace}`] : []),
    plural,
    ...(verb === 'create' && subresource === undefined ? [] : [name]),
    ...(subresource === undefined ? [] : [subresource]),
  ].join('/')
  return await api.ask({
    method: methods[verb] ?? '',
    path: `${path}?dryRun=All`,
    ...(verb === 'patch' ? { type: 'application/merge-patch+json' } : {}),
    ...(verb === 'get' ? {} : { body: {} }),
    as,
  })
}

/** As a refusal or an answer of the API server would look. */
async function mayI(
  api: Api,
  { verb, group = '', resource, namespace }: Right,
  here: string,
  as: string | undefined,
): Promise<Answer> {
  const [plural = '', subresource = ''] = resource.split('/')
  const { text, auditId = '' } = await api.ask({
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
    ? { status: 200, text: 'allowed', auditId }
    : { status: 403, text: `cannot ${verb} resource ${resource}`, auditId }
}

/** Below which path a kind is served, or undefined. */
async function servedAt(
  api: Api,
  group: string,
  resource: string,
): Promise<{ root: string; namespaced: boolean } | undefined> {
  const roots =
    group === ''
      ? ['/api/v1']
      : (
          JSON.parse((await api.ask({ method: 'GET', path: `/apis/${group}` })).text) as {
            versions?: { groupVersion: string }[]
          }
        ).versions?.map(({ groupVersion }) => `/apis/${groupVersion}`)
  for (const root of roots ?? []) {
    const { resources = [] } = JSON.parse((await api.ask({ method: 'GET', path: root })).text) as {
      resources?: { name: string; namespaced: boolean }[]
    }
    const found = resources.find(({ name }) => name === resource)
    if (found !== undefined) return { root, namespaced: found.namespaced }
  }
  return undefined
}
