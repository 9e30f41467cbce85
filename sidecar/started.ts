// postStart of the sidecar's container: `node started.ts` returns when the running sidecar is ready. The kubelet then goes on
// to the app, at once; a startup probe it would ask once a second, and heed at its next look. Where this fails, the
// container is killed and begins anew, and the app does not start.

import { ports } from '../core/identifiers.ts'
import { untilReady } from './until-ready.ts'

/** Until then the kubelet shows no log of the container, and does not end the pod when it is deleted. Milliseconds. */
const patience = 60_000

process.exitCode = (await untilReady(ports.health, patience)) ? 0 : 1
