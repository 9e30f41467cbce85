// Builds the product's image without a daemon, and pushes it: node config/image/build.ts --help

import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { checkout } from './base.ts'
import { writeArchive } from './oci.ts'
import { pinIn } from './pin.ts'
import { buildProduct, productImage } from './product.ts'
import { toStderr } from './progress.ts'
import { parseReference, push } from './push.ts'

const usage = `usage: node config/image/build.ts [OPTIONS]

Builds the hipaa-mcp image for this machine's architecture from Debian packages, Node and this checkout. Needs Debian 12
with apt-get and dpkg-deb, and npm; no daemon and no root. The same source gives the same digest.

  --output FILE.tar             write an OCI archive (for ctr images import, docker load, skopeo copy)
  --push REGISTRY/NAME[:TAG]    push it, and pin its digest in kustomization.yaml of config/default and config/cni
                                (logins are those of docker login; localhost is spoken to without TLS)
  --name NAME                   the name in the archive (${productImage})
  --json                        print what was made as JSON
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      name: { type: 'string', default: productImage },
      output: { type: 'string' },
      push: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(usage)
    return
  }
  // Read before minutes are spent on building.
  const target = values.push === undefined ? undefined : parseReference(values.push)
  const made = await buildProduct(values.name, toStderr)
  if (values.output !== undefined) await writeArchive(made, values.output)
  let pushed: string | undefined
  if (target !== undefined) {
    const digest = await push(made, target, toStderr)
    pushed = `${target.name}@${digest}`
    for (const { file, pinned } of await pinIn(checkout, target.name, digest))
      toStderr(
        pinned
          ? `${file} names ${pushed} now, for kubectl apply -k ${dirname(file)}. To undo it: git checkout ${file}`
          : `${file} is not there; nothing was pinned in it`,
      )
  }
  const size = made.layers.reduce((sum, layer) => sum + layer.size, 0)
  const layers = made.layers.map(({ digest }) => digest)
  const summary = { name: made.name, digest: made.digest, size, layers, output: values.output, pushed }
  if (values.json) process.stdout.write(`${JSON.stringify(summary)}\n`)
  else process.stdout.write(`${pushed ?? `${made.name}@${made.digest}`} (${(size / 1e6).toFixed(1)} MB)\n`)
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
