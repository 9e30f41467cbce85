// Vendors of models: which endpoints their agreements cover, and what a call must and must not say there. A table, and one
// list for each endpoint of what may stand in a body: a member that this version does not know is refused, since nobody
// here knows what the vendor does with it. `docs/agreements.md` says where each line comes from.

import type { Json } from './canonical.ts'
import { words } from './words.ts'

export const modelVendorNames = ['OpenAI', 'Anthropic', 'AzureOpenAI', 'Bedrock', 'Vertex'] as const
export type ModelVendorName = (typeof modelVendorNames)[number]

export type ModelEndpoint = {
  /** Of the path, whole. Group `model` is the model or deployment, `region` where it runs. */
  path: RegExp
  /** Parameters of the query that may be there; none unless said. */
  query?: { [name: string]: RegExp }
  /** All that may stand at the top of the body. */
  members: readonly string[]
  /** What must stand there, as it is. */
  required?: { [member: string]: Json }
  /** Members of the body that hold what people and tools said. */
  content: readonly string[]
  /** The member that is a text or a list of items: types that hold their content themselves. */
  items?: { member: string; types: readonly string[] }
  /** How a tool shows what it is: by the value of `type`, or by which members it has. */
  tools:
    | { member: string; type: RegExp; untyped: boolean }
    | { member: string; only: readonly string[]; within?: { member: string; only: readonly string[] } }
}

export type ModelVendor = {
  /** Its own hosts. A host of such a name without rules is a gap. */
  hosts: RegExp
  credential: { header: string; prefix: string }
  endpoints: readonly ModelEndpoint[]
  /** Headers that change what is done with a call: refused. All others but those in `passes` are left out. */
  refuses: readonly string[]
  passes: readonly string[]
  /** Names of models that are refused. */
  notModels?: RegExp
  /** What no call shows: it must be attested. */
  attest: string
}

/** Members anywhere in content that fetch from, or point to, what the vendor stores. */
export const storedContent: ReadonlySet<string> = new Set([
  ...words('file_id file_ids file_url fileId fileData file_uri fileUri'),
  ...words('s3Location s3_location container_id container vector_store_ids item_reference'),
])

const chat: Omit<ModelEndpoint, 'path'> = {
  members: [
    ...words('model messages max_tokens max_completion_tokens temperature top_p n stop'),
    ...words('stream stream_options presence_penalty frequency_penalty logit_bias logprobs'),
    ...words('top_logprobs response_format tools tool_choice parallel_tool_calls seed'),
    ...words('reasoning_effort verbosity store service_tier'),
  ],
  required: { store: false },
  content: ['messages'],
  tools: { member: 'tools', type: /^(?:function|custom)$/, untyped: false },
}
const responses: Omit<ModelEndpoint, 'path'> = {
  members: [
    ...words('model input instructions max_output_tokens temperature top_p stream'),
    ...words('stream_options store tools tool_choice parallel_tool_calls max_tool_calls text'),
    ...words('reasoning include truncation top_logprobs service_tier'),
  ],
  required: { store: false },
  content: ['input'],
  // What stands for something that the vendor did, looked up or keeps is not among them.
  items: {
    member: 'input',
    types: [
      ...words('message function_call function_call_output custom_tool_call custom_tool_call_output'),
      'reasoning',
    ],
  },
  tools: { member: 'tools', type: /^(?:function|custom)$/, untyped: false },
}
const name = '[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}'
const apiVersion = { 'api-version': /^(?:\d{4}-\d{2}-\d{2}(?:-preview)?|v1|preview)$/ }
const common = ['content-type', 'accept']

export const modelVendors: { readonly [Name in ModelVendorName]: ModelVendor } = {
  OpenAI: {
    hosts: /^(?:[a-z]{2}\.)?api\.openai\.com$/,
    credential: { header: 'authorization', prefix: 'Bearer ' },
    endpoints: [
      { path: /^\/v1\/responses$/, ...responses },
      { path: /^\/v1\/chat\/completions$/, ...chat },
    ],
    refuses: ['openai-beta', 'openai-organization', 'openai-project'],
    passes: common,
    attest:
      'that zero or modified retention is on for the organization and its healthcare addendum is signed',
  },
  Anthropic: {
    hosts: /^api\.anthropic\.com$/,
    credential: { header: 'x-api-key', prefix: '' },
    endpoints: [
      {
        path: /^\/v1\/messages(?:\/count_tokens)?$/,
        members: [
          ...words('model messages max_tokens system stop_sequences stream temperature'),
          ...words('top_k top_p tools tool_choice thinking cache_control output_config'),
          ...words('output_format inference_geo service_tier'),
        ],
        content: ['messages', 'system'],
        // What the caller runs itself. Of web_search the form without dynamic filtering.
        tools: {
          member: 'tools',
          type: /^(?:custom|(?:memory|bash|text_editor|computer)_\d{8}|web_search_20250305)$/,
          untyped: true,
        },
      },
    ],
    refuses: ['anthropic-beta'],
    passes: [...common, 'anthropic-version'],
    attest:
      'that the organization is made ready for HIPAA: it answers 400 to a call that names code_execution',
  },
  AzureOpenAI: {
    hosts: /^[a-z0-9-]+\.(?:openai\.azure\.com|cognitiveservices\.azure\.com|services\.ai\.azure\.com)$/,
    credential: { header: 'api-key', prefix: '' },
    endpoints: [
      {
        path: new RegExp(`^/openai/deployments/(?<model>${name})/chat/completions$`),
        query: apiVersion,
        ...chat,
      },
      { path: /^\/openai(?:\/v1)?\/responses$/, query: apiVersion, ...responses },
      { path: /^\/openai\/v1\/chat\/completions$/, query: apiVersion, ...chat },
    ],
    refuses: ['ms-azure-ai-chat-enhancements', 'x-ms-oai-image-generation-deployment'],
    passes: common,
    attest: 'that the account shows ContentLogging false (abuse monitoring off) and no deployment is Global',
  },
  Bedrock: {
    hosts: /^bedrock-runtime(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com$/,
    credential: { header: 'authorization', prefix: 'Bearer ' },
    endpoints: [
      {
        path: new RegExp(`^/model/(?<model>${name})/converse(?:-stream)?$`),
        members: ['messages', 'system', 'inferenceConfig', 'toolConfig', 'outputConfig', 'serviceTier'],
        content: ['messages', 'system'],
        // systemTool would run at the vendor.
        tools: {
          member: 'toolConfig',
          only: ['tools', 'toolChoice'],
          within: { member: 'tools', only: ['toolSpec', 'cachePoint'] },
        },
      },
    ],
    refuses: ['x-amzn-bedrock-trace', 'x-amzn-bedrock-guardrailidentifier', 'x-amz-security-token'],
    passes: common,
    notModels: /^global\./,
    attest:
      'that the mode of data retention is none in this Region and invocation logging is off or encrypted',
  },
  Vertex: {
    hosts: /^[a-z]+-[a-z]+\d+-aiplatform\.googleapis\.com$/,
    credential: { header: 'authorization', prefix: 'Bearer ' },
    endpoints: [
      {
        path: new RegExp(
          `^/v1/projects/[a-z0-9-]+/locations/(?<region>[a-z0-9-]+)/publishers/google/models/(?<model>${name}):(?:generateContent|streamGenerateContent|countTokens)$`,
        ),
        query: { alt: /^sse$/ },
        members: [
          ...words('contents systemInstruction system_instruction generationConfig'),
          ...words('generation_config safetySettings safety_settings tools toolConfig tool_config'),
        ],
        content: ['contents', 'systemInstruction', 'system_instruction'],
        tools: { member: 'tools', only: ['functionDeclarations', 'function_declarations'] },
      },
    ],
    refuses: ['x-goog-user-project', 'x-goog-request-params'],
    passes: common,
    attest: 'that caching is disabled for the project and the exemption from abuse logging is granted',
  },
}

/** The vendor whose own host this is, wildcard or in full. */
export function modelVendorOf(host: string): ModelVendorName | undefined {
  const one = host.replace(/^\*\./, 'any.')
  return modelVendorNames.find((vendor) => modelVendors[vendor].hosts.test(one))
}
