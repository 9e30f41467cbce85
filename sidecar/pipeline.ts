// The life of one request, in the order it happens. Read this file first.
// Each stage accepts only what the stage above it returns: out of order does not compile.

import type { Ask } from './asks/ask.ts'
import { completionAsk } from './asks/completion.ts'
import { promptAsk } from './asks/prompt.ts'
import { resourceAsk, subscribeAsk } from './asks/resource.ts'
import { taskAsk, taskUpdateAsk } from './asks/task.ts'
import { toolAsk } from './asks/tool.ts'
import { acknowledge } from './controls/acknowledge.ts'
import { admit, admitAnswer, admitToSession, admitToStream } from './controls/admit.ts'
import { announce } from './controls/announce.ts'
import { forwardAnswer, prepareAnswer } from './controls/answer-back.ts'
import { answerFromPolicy } from './controls/answer-from-policy.ts'
import { authenticate } from './controls/authenticate.ts'
import { authorize } from './controls/authorize.ts'
import { forward, forwardHandshake } from './controls/forward.ts'
import { minimize } from './controls/minimize.ts'
import { prepare } from './controls/prepare.ts'
import { recordIntent } from './controls/record-intent.ts'
import { recordResult } from './controls/record-result.ts'
import { redact } from './controls/redact.ts'
import { redactHandshake } from './controls/redact-handshake.ts'
import { redactTask } from './controls/redact-task.ts'
import { forwardEnd, forwardStream } from './controls/session-stream.ts'
import { endSubscription, forwardSubscription, prepareSubscription } from './controls/subscription.ts'
import type { Settled } from './exchange.ts'
import { type Pipeline, pipeline } from './runner.ts'

// biome-ignore format: a table reads best as a table
const asking = (ask: Ask, less = redact(ask)): Pipeline<Settled> => pipeline()
  .stage('authenticate', '164.312(d)', authenticate) // who is asking?
  .stage('authorize', '164.312(a)(1)', authorize(ask)) // may they, for this purpose?
  .stage('record intent', '164.312(b)', recordIntent) // durable before anything leaves this pod
  .stage('minimize', '164.502(b)', minimize(ask)) // ask for less
  .stage('forward', '164.312(e)(1)', forward) // the only line that reaches the server
  .stage('redact', '164.514(d)(3)', less) // show less
  .stage('record result', '164.312(c)(1)', recordResult) // hash of exactly what is returned
// A throw at any stage goes to one place: runner.ts records it, respond.ts words it.

export const toolCall = asking(toolAsk)
export const resourceRead = asking(resourceAsk)
export const resourceSubscribe = asking(subscribeAsk)
export const promptGet = asking(promptAsk)
export const complete = asking(completionAsk)
/** tasks/get, tasks/result, tasks/cancel: a call that was made before, and is judged like one that is made now. */
export const taskAsked = asking(taskAsk, redactTask)
export const taskUpdate = asking(taskUpdateAsk, redactTask)

/** initialize, server/discover and logging/setLevel: they hold no PHI, and none of the server's words pass. */
// biome-ignore format: a table reads best as a table
export const handshake: Pipeline<Settled> = pipeline()
  .stage('authenticate', '164.312(d)', authenticate)
  .stage('authorize', '164.312(a)(1)', admit)
  .stage('record intent', '164.312(b)', announce)
  .stage('minimize', '164.502(b)', prepare)
  .stage('forward', '164.312(e)(1)', forwardHandshake)
  .stage('redact', '164.514(d)(3)', redactHandshake)
  .stage('record result', '164.312(c)(1)', recordResult)

/** notifications/initialized: passed on, and answered with nothing. */
// biome-ignore format: a table reads best as a table
export const notification: Pipeline<Settled> = pipeline()
  .stage('authenticate', '164.312(d)', authenticate)
  .stage('authorize', '164.312(a)(1)', admit)
  .stage('record intent', '164.312(b)', announce)
  .stage('minimize', '164.502(b)', prepare)
  .stage('forward', '164.312(e)(1)', forwardHandshake)
  .stage('redact', '164.514(d)(3)', acknowledge)
  .stage('record result', '164.312(c)(1)', recordResult)

/** Lists and ping: answered out of the policy; the server is not asked. */
// biome-ignore format: a table reads best as a table
export const catalogue: Pipeline<Settled> = pipeline()
  .stage('authenticate', '164.312(d)', authenticate)
  .stage('authorize', '164.312(a)(1)', admit)
  .stage('record intent', '164.312(b)', announce)
  .stage('redact', '164.514(d)(3)', answerFromPolicy)
  .stage('record result', '164.312(c)(1)', recordResult)

/** A caller's answer to a question of the server: sampling, elicitation, roots before 2026-07-28. */
// biome-ignore format: a table reads best as a table
export const answerBack: Pipeline<Settled> = pipeline()
  .stage('authenticate', '164.312(d)', authenticate)
  .stage('authorize', '164.312(a)(1)', admitAnswer)
  .stage('record intent', '164.312(b)', announce)
  .stage('minimize', '164.502(b)', prepareAnswer)
  .stage('forward', '164.312(e)(1)', forwardAnswer)
  .stage('redact', '164.514(d)(3)', acknowledge)
  .stage('record result', '164.312(c)(1)', recordResult)

/** What a session hears besides its calls (GET before 2026-07-28): each message under policy and record of its own. */
// biome-ignore format: a table reads best as a table
export const sessionStream: Pipeline<Settled> = pipeline()
  .stage('authenticate', '164.312(d)', authenticate)
  .stage('authorize', '164.312(a)(1)', admitToStream)
  .stage('record intent', '164.312(b)', announce)
  .stage('minimize', '164.502(b)', prepare)
  .stage('forward', '164.312(e)(1)', forwardStream)
  .stage('redact', '164.514(d)(3)', acknowledge)
  .stage('record result', '164.312(c)(1)', recordResult)

/** DELETE: the session is over, here and at the server. */
// biome-ignore format: a table reads best as a table
export const sessionEnd: Pipeline<Settled> = pipeline()
  .stage('authenticate', '164.312(d)', authenticate)
  .stage('authorize', '164.312(a)(1)', admitToSession)
  .stage('record intent', '164.312(b)', announce)
  .stage('minimize', '164.502(b)', prepare)
  .stage('forward', '164.312(e)(1)', forwardEnd)
  .stage('redact', '164.514(d)(3)', acknowledge)
  .stage('record result', '164.312(c)(1)', recordResult)

/** subscriptions/listen: the long stream of 2026-07-28. */
// biome-ignore format: a table reads best as a table
export const subscription: Pipeline<Settled> = pipeline()
  .stage('authenticate', '164.312(d)', authenticate)
  .stage('authorize', '164.312(a)(1)', admit)
  .stage('record intent', '164.312(b)', announce)
  .stage('minimize', '164.502(b)', prepareSubscription)
  .stage('forward', '164.312(e)(1)', forwardSubscription)
  .stage('redact', '164.514(d)(3)', endSubscription)
  .stage('record result', '164.312(c)(1)', recordResult)
