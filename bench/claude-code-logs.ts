import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Writes Claude Code transcripts of a given size, the same bytes each time: prompts, tool results of several kilobytes,
 * thinking with signatures, messages split over several lines whose output grows, files of agents that a session started, resumed sessions that
 * copy a history, and a few synthetic errors. Sizes of lines follow what such logs hold: 2 to 4 KB on average.
 */

export const logsFolder = join(dirname(fileURLToPath(import.meta.url)), '.data', 'claude-code')
const version = 4
const megabyte = 1_000_000

/** The folder of logs of that size, written on the first call. */
export function claudeCodeLogs(bytes = 200 * megabyte, folder = join(logsFolder, String(bytes))): string {
  const stamp = join(folder, 'complete')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === String(version)) return folder
  rmSync(folder, { recursive: true, force: true })
  const random = createRandom(20_260_101)
  const texts = createTexts(random)
  let written = 0
  for (let session = 0; written < bytes; session += 1) written += writeSession(folder, session, random, texts, bytes - written)
  writeFileSync(stamp, String(version))
  return folder
}

type Random = (below: number) => number

/** A small generator of pseudo-random whole numbers (mulberry32): fixed data need a fixed sequence, nothing more. */
function createRandom(seed: number): Random {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

interface Texts {
  readonly prose: string
  readonly code: string
  readonly base64: string
}

function createTexts(random: Random): Texts {
  const words = 'the ledger reads each line and keeps what a call consumed so that every total can be explained later on'.split(' ')
  const names = ['usage', 'charge', 'price', 'total', 'reader', 'window', 'budget', 'series', 'naïve', 'größe']
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  let prose = ''
  while (prose.length < 300_000) {
    prose += words[random(words.length)] + (random(12) === 0 ? '.\n\n' : random(40) === 0 ? ' "as is" ' : ' ')
  }
  let code = ''
  while (code.length < 600_000) {
    const name = names[random(names.length)]
    code += `${String(random(900) + 1).padStart(6)}→  const ${name} = read("${name}.json", { deep: ${random(2) === 0} })\n`
    if (random(5) === 0) code += `\t\t// ${prose.slice(random(200_000)).slice(0, 60).replaceAll('\n', ' ')}\n`
  }
  let base64 = ''
  while (base64.length < 60_000) base64 += alphabet[random(64)]
  return { prose, code, base64 }
}

function pick(text: string, length: number, random: Random): string {
  return text.slice(random(Math.max(1, text.length - length))).slice(0, length)
}

function uuid(random: Random): string {
  const hex = (length: number): string => Array.from({ length }, () => random(16).toString(16)).join('')
  return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`
}

function identifier(prefix: string, random: Random): string {
  const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
  return prefix + Array.from({ length: 22 }, () => alphabet[random(alphabet.length)]).join('')
}

const projects = ['/home/dev/ledger', '/home/dev/gate', '/home/dev/films/studio', '/home/dev/persona', '/srv/jobs', '/home/dev/größe']
const branches = ['main', 'main', 'feat/readers', 'fix/rounding', 'HEAD']
const models = ['claude-sonnet-4-5-20250929', 'claude-sonnet-4-5-20250929', 'claude-opus-4-5-20251101', 'claude-haiku-4-5-20251001']

interface Session {
  readonly id: string
  readonly head: { readonly cwd: string; readonly branch: string }
  readonly model: string
  readonly sidechain: boolean
  at: number
  context: number
  parent: string | null
}

/** Writes one session with those of the agents that it started, and returns the bytes written. */
function writeSession(folder: string, index: number, random: Random, texts: Texts, left: number): number {
  const session: Session = {
    id: uuid(random),
    head: { cwd: projects[random(projects.length)] as string, branch: branches[random(branches.length)] as string },
    model: models[random(models.length)] as string,
    sidechain: false,
    at: Date.UTC(2025, 9, 1) + index * 9_000_000 + random(3_600_000),
    context: 12_000 + random(6000),
    parent: null,
  }
  const directory = join(folder, 'projects', session.head.cwd.replaceAll(/[^A-Za-z0-9]/g, '-'))
  const turns = Math.min(20 + random(600), Math.max(5, Math.ceil(left / 8000)))
  const lines = turnLines(session, turns, random, texts)
  let bytes = writeLines(join(directory, `${session.id}.jsonl`), lines)
  if (index % 12 === 5) {
    // A resumed session starts with a copy of what it resumes.
    bytes += writeLines(join(directory, `${uuid(random)}.jsonl`), lines.slice(0, Math.min(lines.length, 60)))
  }
  if (index % 3 === 1) {
    const agent = { ...session, sidechain: true, model: models[3] as string, context: 6000 }
    const name = `agent-${uuid(random).slice(0, 8)}.jsonl`
    bytes += writeLines(join(directory, session.id, 'subagents', name), turnLines(agent, 10 + random(60), random, texts))
  }
  return bytes
}

function writeLines(file: string, lines: readonly string[]): number {
  mkdirSync(dirname(file), { recursive: true })
  const content = Buffer.from(`${lines.join('\n')}\n`)
  writeFileSync(file, content)
  return content.length
}

function turnLines(session: Session, turns: number, random: Random, texts: Texts): string[] {
  const lines: string[] = []
  if (!session.sidechain) {
    lines.push(JSON.stringify({ type: 'file-history-snapshot', messageId: uuid(random), snapshot: {}, isSnapshotUpdate: false }))
  }
  for (let turn = 0; turn < turns; turn += 1) {
    if (turn % 14 === 0) {
      lines.push(userLine(session, { role: 'user', content: pick(texts.prose, 80 + random(1200), random) }, null, random))
    }
    messageLines(lines, session, random, texts)
    if (random(400) === 0) lines.push(errorLine(session, random))
  }
  return lines
}

function head(session: Session): Record<string, unknown> {
  return {
    parentUuid: session.parent,
    isSidechain: session.sidechain,
    userType: 'external',
    cwd: session.head.cwd,
    sessionId: session.id,
    version: '2.0.76',
    gitBranch: session.head.branch,
  }
}

function userLine(session: Session, message: unknown, result: unknown, random: Random): string {
  session.at += 500 + random(20_000)
  const id = uuid(random)
  const line = { ...head(session), type: 'user', message, uuid: id, timestamp: new Date(session.at).toISOString() }
  session.parent = id
  return JSON.stringify(result === null ? line : { ...line, toolUseResult: result })
}

/** One message of the model: a line for each block of its content, the output growing, and a tool result. */
function messageLines(lines: string[], session: Session, random: Random, texts: Texts): void {
  const message = identifier('msg_01', random)
  const request = identifier('req_011', random)
  const tool = identifier('toolu_01', random)
  const written = 200 + random(2500)
  const output = 40 + random(900)
  const blocks: unknown[] = []
  if (random(3) === 0) {
    const signature = pick(texts.base64, 400 + random(1200), random)
    blocks.push({ type: 'thinking', thinking: pick(texts.prose, 200 + random(1500), random), signature })
  }
  if (random(2) === 0) blocks.push({ type: 'text', text: pick(texts.prose, 60 + random(700), random) })
  const input =
    random(4) === 0
      ? { file_path: `${session.head.cwd}/src/reader.ts`, content: pick(texts.code, 500 + random(6000), random) }
      : { command: 'npm test', description: pick(texts.prose, 40, random) }
  blocks.push({ type: 'tool_use', id: tool, name: 'Bash', input })
  blocks.forEach((block, index) => {
    const last = index === blocks.length - 1
    session.at += 300 + random(4000)
    const usage = {
      input_tokens: 3 + random(8),
      cache_creation_input_tokens: written,
      cache_read_input_tokens: session.context,
      cache_creation: { ephemeral_5m_input_tokens: written, ephemeral_1h_input_tokens: 0 },
      output_tokens: last ? output : 1 + index,
      service_tier: 'standard',
      inference_geo: 'not_available',
    }
    const body = { model: session.model, id: message, type: 'message', role: 'assistant', content: [block] }
    const ending = { stop_reason: last ? 'tool_use' : null, stop_sequence: null, usage }
    const id = uuid(random)
    const timestamp = new Date(session.at).toISOString()
    lines.push(
      JSON.stringify({ ...head(session), message: { ...body, ...ending }, requestId: request, type: 'assistant', uuid: id, timestamp }),
    )
    session.parent = id
  })
  session.context += written + output
  if (session.context > 160_000) session.context = 20_000
  const stdout = pick(texts.code, random(10) === 0 ? 8000 + random(20_000) : 200 + random(3000), random)
  const results = [{ tool_use_id: tool, type: 'tool_result', content: stdout, is_error: false }]
  lines.push(userLine(session, { role: 'user', content: results }, { stdout, stderr: '', interrupted: false, isImage: false }, random))
}

function errorLine(session: Session, random: Random): string {
  const usage = { input_tokens: 0, output_tokens: 0, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 }
  const content = [{ type: 'text', text: 'API Error: 529 overloaded' }]
  const message = { id: uuid(random), model: '<synthetic>', role: 'assistant', stop_reason: 'stop_sequence', usage, content }
  const timestamp = new Date(session.at).toISOString()
  return JSON.stringify({ ...head(session), type: 'assistant', uuid: uuid(random), timestamp, message, isApiErrorMessage: true })
}
