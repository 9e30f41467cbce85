// Properties are tried with the same values in each run, so that a merge fails by its own change. `HIPAA_MCP_SEED=N` tries others, as
// `make nightly` does.

import fc from 'fast-check'

fc.configureGlobal({ seed: Number(process.env['HIPAA_MCP_SEED'] ?? 20_261_128) })
