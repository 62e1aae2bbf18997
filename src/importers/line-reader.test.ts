import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { LineReader, maxLineBytes } from './line-reader.ts'

const folder = mkdtempSync(join(tmpdir(), 'purser-lines-'))
const file = join(folder, 'lines')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Line {
  readonly text: string
  readonly line: number
  readonly lineOffset: number
  readonly offset: number
  readonly complete: boolean
}

function linesOf(content: string | Buffer, chunkBytes: number, at = { offset: 0, line: 0 }): Line[] {
  writeFileSync(file, content)
  const fd = openSync(file, 'r')
  try {
    const reader = new LineReader(fd, at, Buffer.allocUnsafeSlow(chunkBytes))
    const lines: Line[] = []
    while (reader.next()) {
      const { line, lineOffset, offset, complete } = reader
      // The byte behind a line is one that no JSON text goes on with.
      if (!reader.tooLong) expect(reader.bytes[reader.end]).toBeLessThan(32)
      lines.push({ text: reader.bytes.toString('utf8', reader.start, reader.end), line, lineOffset, offset, complete })
    }
    return lines
  } finally {
    closeSync(fd)
  }
}

describe('the line reader', () => {
  it('gives every line of any file, whatever its buffer, and places from which to go on', () => {
    const text = fc.array(
      fc.string({ maxLength: 30 }).map((line) => line.replaceAll(/[\r\n]/g, '·')),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(text, fc.boolean(), fc.integer({ min: 4, max: 40 }), (lines, ended, chunkBytes) => {
        const content = lines.join('\n') + (ended && lines.length > 0 ? '\n' : '')
        const expected = content.split('\n')
        if (expected.at(-1) === '') expected.pop()
        const found = linesOf(content, chunkBytes)
        expect(found.map((line) => line.text)).toEqual(expected)
        expect(found.map(({ line }) => line)).toEqual(expected.map((_, index) => index + 1))
        expect(found.at(-1)?.complete ?? true).toBe(content === '' || content.endsWith('\n'))
        for (const [index, { offset, line, lineOffset }] of found.entries()) {
          expect(lineOffset).toBe(index === 0 ? 0 : found[index - 1]?.offset)
          expect(linesOf(content, chunkBytes, { offset, line }).map((rest) => rest.text)).toEqual(expected.slice(index + 1))
        }
      }),
      { numRuns: 300 },
    )
  })

  it('leaves out a byte order mark and the carriage returns of Windows', () => {
    expect(linesOf('\uFEFFone\r\ntwo\r\n\r\nlast', 5).map(({ text }) => text)).toEqual(['one', 'two', '', 'last'])
  })

  it('passes over a line longer than it takes, and goes on behind it', () => {
    const long = Buffer.alloc(maxLineBytes + 100, 'x')
    const lines = linesOf(Buffer.concat([Buffer.from('one\n'), long, Buffer.from('\ntwo\n')]), 1024 * 1024)
    expect(lines.map(({ text, line }) => [text.slice(0, 9), line])).toEqual([
      ['one', 1],
      ['', 2],
      ['two', 3],
    ])
  })
})
