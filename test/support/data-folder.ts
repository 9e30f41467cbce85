// The folder of test data, read in place.

/**
 * Undefined where there is none, and the repository's own generator serves. Make hands on an empty name then, which is
 * no folder.
 */
export const dataFolder: string | undefined = process.env['HIPAA_MCP_DATA'] || undefined
