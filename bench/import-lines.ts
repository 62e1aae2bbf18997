import { createWriteStream } from 'node:fs'
import { once } from 'node:events'

const perWrite = 2000
/** Each run has so many calls, one after the other. */
const callsOfRun = 200

/**
 * Writes records of so many calls as JSON lines, of the last day, with the labels that the budgets of `gate-scene.ts`
 * look at. The prefix tells the calls of one file from those of another.
 */
export async function writeImportLines(path: string, count: number, prefix: string): Promise<void> {
  const file = createWriteStream(path)
  const now = Date.now()
  for (let first = 0; first < count; first += perWrite) {
    let text = ''
    for (let index = first; index < Math.min(first + perWrite, count); index += 1) text += `${line(index, now, prefix)}\n`
    if (!file.write(text)) await once(file, 'drain')
  }
  file.end()
  await once(file, 'finish')
}

function line(index: number, now: number, prefix: string): string {
  const run = Math.floor(index / callsOfRun)
  return JSON.stringify({
    at: new Date(now - (index % 86_400) * 1000).toISOString(),
    provider: 'anthropic',
    model: 'claude-sonnet-4-5-20250929',
    usage: { inputTokens: 3, cacheReadTokens: 20_000, outputTokens: 150 + (index % 900) },
    labels: {
      project: `project-${index % 20}`,
      agent: `agent-${index % 8}`,
      user: `user-${index % 50}`,
      run: `run-${prefix}${run}`,
    },
    responseId: `msg_01${prefix}${String(index).padStart(14, '0')}`,
  })
}
