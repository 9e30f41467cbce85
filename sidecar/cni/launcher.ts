// The shell scripts that a container runtime starts: the plugin's, and what stays in its place when it is taken away.
// Pure. A runtime ends a pod by the network list that it started it with, so a plugin that is not found, or that fails,
// keeps the pod from ending: neither script needs anything but /bin/sh for that.

import { join } from 'node:path'
import { cniPlugin } from '../../core/identifiers.ts'
import { programFiles } from './on-host.ts'
import { supportedVersions } from './protocol.ts'

/** `programs`: the folder of a version. What it takes to call the plugin there, the program first. */
export const pluginCall = (programs: string): [string, ...string[]] => [
  join(programs, programFiles.loader),
  '--library-path',
  join(programs, programFiles.libraries),
  join(programs, programFiles.node),
  join(programs, programFiles.plugin),
  programs,
]

/** Where it lies it finds the rest, whatever the node calls that folder. The filter goes with its network namespace: nothing is to be deleted. */
export const launcher = (version: string): string => `#!/bin/sh
# The packet filter of guarded pods (hipaa-mcp, docs/cni.md). The DaemonSet hipaa-mcp-cni writes this file.
case "$CNI_COMMAND" in DEL|GC) exit 0 ;; esac
unset NODE_OPTIONS LD_PRELOAD LD_LIBRARY_PATH
here="\${0%/*}/${cniPlugin}.d/${version}"
exec ${pluginCall('$here')
  .map((word) => `"${word}"`)
  .join(' ')}
`

/** The version that a launcher's text calls. */
export const calledVersion = (text: string): string | undefined => /\.d\/([0-9a-f]+)"$/m.exec(text)?.[1]

/** What no longer stands in the list is asked for nothing else by a runtime that has read it anew. */
export const farewell = `#!/bin/sh
# hipaa-mcp-cni was taken off this node (hipaa-mcp, docs/cni.md). Pods that it started end by this file.
case "$CNI_COMMAND" in
DEL|GC|CHECK|STATUS) exit 0 ;;
VERSION) echo '${JSON.stringify({ cniVersion: supportedVersions.at(-1), supportedVersions })}'; exit 0 ;;
esac
echo '${JSON.stringify({ cniVersion: '1.0.0', code: 11, msg: 'hipaa-mcp: the plugin was taken off this node' })}'
exit 1
`
