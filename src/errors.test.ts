import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { errorsPage, errorsPagePath } from '../scripts/build-errors.ts'
import { errorRegistry, invariant, PurserError } from './errors.ts'

const source = new URL('./', import.meta.url)
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
)
const code = files.filter((file) => file !== 'errors.ts').map((file) => readFileSync(new URL(file, source), 'utf8'))
const codes = Object.keys(errorRegistry)

describe('the registry of errors', () => {
  test.each(codes)('%s is raised somewhere', (name) => {
    expect(
      code.some((text) => text.includes(`'${name}'`)) || (name === 'PURSER_INVARIANT' && code.some((text) => text.includes('invariant('))),
    ).toBe(true)
  })

  test('has a place in the reference for each code, and no other', () => {
    const page = readFileSync(errorsPagePath, 'utf8')
    expect([...page.matchAll(/^## (\w+)$/gm)].map((match) => match[1])).toEqual(codes.toSorted())
    // Written anew by `node scripts/build-errors.ts`.
    expect(page).toBe(errorsPage())
  })

  test('knows exit codes and HTTP statuses that exist', () => {
    for (const { exitCode, status, meaning } of Object.values(errorRegistry)) {
      expect([1, 2, 3, 4]).toContain(exitCode)
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThan(600)
      expect(meaning).toMatch(/\.$/)
    }
  })
})

test('an error carries its code and its cause', () => {
  const cause = new Error('below')
  expect(new PurserError('PURSER_NOT_FOUND', 'gone', { cause })).toMatchObject({
    name: 'PurserError',
    code: 'PURSER_NOT_FOUND',
    message: 'gone',
    cause,
  })
})

test('a broken invariant stops, and a sound one does not', () => {
  expect(() => invariant(true, 'fine')).not.toThrow()
  expect(() => invariant(false, 'One and one are three.')).toThrowError(
    expect.objectContaining({ code: 'PURSER_INVARIANT', message: expect.stringContaining('bug in purser') as string }) as Error,
  )
})
