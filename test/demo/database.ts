// Asks the clinic's database, by its own psql in its own pod.

import type { World } from './world.ts'

/** The rows of an SQL query, each as its columns. */
export async function askDatabase({ kubectl }: Pick<World, 'kubectl'>, query: string): Promise<string[][]> {
  const psql = ['psql', '-h', '/tmp', '-U', 'ehr', '-AtF', ' ', '-c', query]
  const text = await kubectl.run(['exec', '-n', 'clinic', 'ehr-db-0', '--', ...psql])
  return text
    .trim()
    .split('\n')
    .map((row) => row.split(' '))
}
