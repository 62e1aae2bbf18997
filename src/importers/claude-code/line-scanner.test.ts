import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineScanner } from './line-scanner.ts'
import { type LineReading, readTranscriptLine } from './transcript-call.ts'

/** Lines stand one behind the other in a buffer, as the line reader hands them over. */
function scanAll(scanner: LineScanner, lines: readonly string[]): (LineReading | undefined)[] {
  const bytes = Buffer.from(`${lines.join('\n')}\n`)
  let start = 0
  return lines.map((line) => {
    const end = start + Buffer.byteLength(line)
    const reading = scanner.scan(bytes, start, end)
    start = end + 1
    return reading
  })
}

const name = fc.constantFrom(
  'type',
  'message',
  'usage',
  'content',
  'stop_reason',
  'id',
  'input_tokens',
  'isSidechain',
  'parentUuid',
  'x',
  'größe',
)
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom(
    'claude-sonnet-4-5',
    'main',
    '/home/dev/atlas',
    'C:\\work\\größe',
    'a "quoted" one',
    '"usage":{"input_tokens":5}',
    '],"stop_reason":',
  ),
)
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.integer(),
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc.constant(null),
    tie('list'),
    tie('object'),
  ),
  list: fc.array(tie('value'), { maxLength: 3 }),
  object: fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }),
})).value
const count = fc.oneof({ weight: 8, arbitrary: fc.nat(200_000) }, { weight: 1, arbitrary: fc.constantFrom(null, -1, 1.5, '7', 1e15) })
const optional = { requiredKeys: [] }

const iteration = fc.record(
  { type: fc.constantFrom('message', 'compaction'), input_tokens: fc.constant(7), output_tokens: fc.constant(9) },
  optional,
)
const usage = fc.record(
  {
    input_tokens: count,
    cache_creation_input_tokens: count,
    cache_read_input_tokens: count,
    cache_creation: fc.oneof(
      fc.constant(null),
      fc.record({ ephemeral_5m_input_tokens: count, ephemeral_1h_input_tokens: count }, optional),
    ),
    output_tokens: count,
    service_tier: fc.constantFrom(null, 'standard', 'batch', 'priority', ''),
    inference_geo: fc.constantFrom(null, 'not_available', 'global', 'us', ''),
    speed: fc.constantFrom(null, 'standard', 'fast'),
    server_tool_use: fc.oneof(fc.constant(null), fc.record({ web_search_requests: count, web_fetch_requests: count }, optional)),
    output_tokens_details: fc.oneof(fc.constant(null), fc.record({ thinking_tokens: count }, optional)),
    iterations: fc.oneof(fc.constant(null), fc.array(iteration, { maxLength: 2 })),
    new_field: fc.constantFrom(0, null, '', 5),
  },
  { requiredKeys: ['input_tokens', 'output_tokens'] },
)

/** The usual usage, for which the scanner must answer itself. */
const usualUsage = fc.record({
  input_tokens: fc.nat(9000),
  cache_creation_input_tokens: fc.nat(9000),
  cache_read_input_tokens: fc.nat(200_000),
  output_tokens: fc.nat(9000),
  service_tier: fc.constant('standard'),
})

const stopReason = fc.constantFrom(null, 'end_turn', 'tool_use')
const content = fc.array(json, { maxLength: 4 })

function message(use: fc.Arbitrary<unknown>): fc.Arbitrary<object> {
  const id = fc.constantFrom('msg_1', 'msg_2', 'größe', null, '')
  const model = fc.constantFrom('claude-sonnet-4-5', '<synthetic>', '', null)
  return fc.record(
    { model, id, type: fc.constant('message'), content, stop_reason: stopReason, stop_sequence: fc.constant(null), usage: use },
    { requiredKeys: ['content', 'stop_reason', 'usage'] },
  )
}

const when = fc.constantFrom(
  '2026-02-20T10:00:00.000Z',
  '2024-02-29T23:59:59.999Z',
  '2025-02-29T00:00:00.000Z',
  '1999-01-01T00:00:00.000Z',
  '2026-02-20T10:00:00Z',
  null,
)
const head = fc.record(
  { cwd: text, sessionId: text, gitBranch: text, isSidechain: fc.constantFrom(true, false, null), version: text },
  optional,
)

const line = fc
  .record({
    parent: fc.constantFrom(null, '6a1f7b1e-0000-4000-8000-000000000001'),
    head,
    early: fc.constantFrom({}, { type: 'assistant' }, { type: 'user' }, { isApiErrorMessage: false }, { isApiErrorMessage: true }),
    message: fc.oneof(message(usage), message(usualUsage), fc.constant(null)),
    late: fc.record(
      { requestId: fc.constantFrom('req_1', null), type: fc.constant('assistant'), timestamp: when, costUSD: fc.constantFrom(null, 0.5) },
      optional,
    ),
    extra: fc.dictionary(fc.constantFrom('slug', 'todos', 'toolUseResult', 'agentId'), json, { maxKeys: 2, noNullPrototype: true }),
  })
  .map((part) => ({ parentUuid: part.parent, ...part.head, ...part.early, message: part.message, ...part.late, ...part.extra }))

describe('the line scanner', () => {
  it('agrees with the reader that decodes the whole line, on lines of every shape and order', () => {
    const shuffled = fc.tuple(line, fc.boolean(), fc.boolean()).map(([object, reverse, spaced]) => {
      const entries = Object.entries(object)
      const ordered = Object.fromEntries(reverse ? entries.toReversed() : entries)
      return JSON.stringify(ordered, null, spaced ? 1 : undefined).replaceAll('\n', ' ')
    })
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            shuffled,
            line.map((object) => JSON.stringify(object)),
          ),
          { maxLength: 6 },
        ),
        (lines) => {
          for (const [index, reading] of scanAll(new LineScanner(), lines).entries()) {
            if (reading !== undefined) expect(reading).toEqual(readTranscriptLine(lines[index] ?? ''))
          }
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('agrees with it on lines with a byte missing or changed outside of what was said', () => {
    const damaged = fc.tuple(line, fc.nat(), fc.constantFrom('', '"', ',', '}', '0', '\\'))
    fc.assert(
      fc.property(damaged, ([object, place, byte]) => {
        const quiet = { ...object, message: object.message === null ? null : { ...object.message, content: [] } }
        const whole = JSON.stringify(quiet)
        const at = place % whole.length
        const changed = Buffer.from(whole.slice(0, at) + byte + whole.slice(at + 1)).toString()
        const [reading] = scanAll(new LineScanner(), [changed])
        // Of a line without usage nothing behind its type is read.
        if (reading === undefined || (reading.kind === 'none' && /"type":"user"/.test(changed))) return
        expect(reading).toEqual(readTranscriptLine(changed))
      }),
      { numRuns: 3000 },
    )
  })

  it('answers itself for the usual line, whatever was said', () => {
    const usual = fc.tuple(content, usualUsage, fc.constantFrom('main', 'größe')).map(([said, use, branch]) => ({
      parentUuid: '6a1f7b1e-0000-4000-8000-000000000001',
      isSidechain: false,
      cwd: '/home/dev/atlas',
      sessionId: 'session-1',
      gitBranch: branch,
      message: {
        model: 'claude-sonnet-4-5',
        id: 'msg_1',
        type: 'message',
        content: said,
        stop_reason: null,
        stop_sequence: null,
        usage: use,
      },
      requestId: 'req_1',
      type: 'assistant',
      timestamp: '2026-02-20T10:00:00.000Z',
    }))
    const isSimple = (said: readonly unknown[]): boolean => !/\],"stop_reason":|\{"parentUuid":/.test(JSON.stringify(said))
    fc.assert(
      fc.property(fc.array(usual, { minLength: 1, maxLength: 4 }), (lines) => {
        const readings = scanAll(
          new LineScanner(),
          lines.map((each) => JSON.stringify(each)),
        )
        for (const [index, reading] of readings.entries()) {
          if (isSimple(lines[index]?.message.content ?? [])) expect(reading?.kind).toBe('call')
        }
      }),
    )
  })
})
