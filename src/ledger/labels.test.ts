import { describe, expect, test } from 'vitest'
import { PurserError } from '../errors.ts'
import { meterNames } from '../usage/meters.ts'
import { parseLabels, parseSubjects, splitLabels } from './labels.ts'

function refusal(labels: Record<string, unknown>): PurserError {
  try {
    parseLabels(labels)
  } catch (error) {
    if (error instanceof PurserError) return error
    throw error
  }
  throw new Error('the labels were taken')
}

describe('labels', () => {
  test('of ordinary and of unusual text are taken as they are', () => {
    const labels = { project: 'atlas', run: 'r-1', 'team.sub_x-1': 'Ünïcode ☂ 🎬', agentType: ' spaced ', emptyish: '0' }
    expect(parseLabels(labels)).toEqual(labels)
    expect(parseLabels({})).toEqual({})
  })

  test('may be 32, not 33', () => {
    const many = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, 'v']))
    expect(Object.keys(parseLabels(many(32)))).toHaveLength(32)
    expect(refusal(many(33))).toMatchObject({ code: 'PURSER_BAD_LABEL', message: expect.stringContaining('33 labels') as string })
  })

  test.each(['', '1st', '_x', 'a b', 'a/b', 'clé', '__proto__', 'k'.repeat(65)])('have no key like %j', (key) => {
    expect(refusal(Object.fromEntries([[key, 'v']]))).toMatchObject({
      code: 'PURSER_BAD_LABEL',
      message: expect.stringContaining('Label key') as string,
    })
  })

  test.each([
    'model',
    'provider',
    'calls',
    'costUsd',
    'costNanos',
    'outcome',
    'day',
    'month',
    'tier',
    'meter',
    'runs',
    'id',
    'at',
    ...meterNames,
  ])('have no key of the reserved name %s', (key) => {
    expect(refusal({ [key]: 'v' })).toMatchObject({ code: 'PURSER_BAD_LABEL', message: expect.stringContaining(`"my-${key}"`) as string })
  })

  test.each([
    ['nothing', ''],
    ['a number', 3],
    ['null', null],
    ['an object', {}],
    ['257 characters', 'v'.repeat(257)],
    ['a line break', 'a\nb'],
    ['a carriage return', 'a\rb'],
    ['a terminal’s escape', '\u001B[31mred'],
    ['a null character', 'a\u0000'],
    ['a line separator', 'a\u2028b'],
    ['half a character', 'a\uD800'],
  ])('have no value like %s', (_, value) => {
    expect(refusal({ project: value }).code).toBe('PURSER_BAD_LABEL')
  })

  test('that hold a key are refused, and the message does not repeat it', () => {
    const secret = `sk-proj-${'Ab1'.repeat(12)}`
    const error = refusal({ project: secret })
    expect(error.code).toBe('PURSER_SECRET_IN_LABEL')
    expect(error.message).not.toContain(secret)
    expect(error.message).toContain('"project"')
  })

  test('are checked also where they resemble a set that was taken before', () => {
    expect(parseLabels({ a: 'x', b: 'y' })).toEqual({ a: 'x', b: 'y' })
    expect(refusal({ a: 'x\u0001b\u0000y' }).code).toBe('PURSER_BAD_LABEL')
    expect(refusal({ 'a\u0000x\u0001b': 'y' }).code).toBe('PURSER_BAD_LABEL')
  })

  test('stay as they were when the caller changes its object later', () => {
    const given = { project: 'atlas' }
    const taken = parseLabels(given)
    given.project = 'other'
    expect(taken).toEqual({ project: 'atlas' })
  })

  test('are dimensions, but for the subjects', () => {
    expect(splitLabels({ run: 'r', project: 'p', agent: 'a' }, new Set(['run']))).toEqual({
      dimensions: [
        ['agent', 'a'],
        ['project', 'p'],
      ],
      subjects: [['run', 'r']],
    })
  })
})

describe('subjects of a ledger', () => {
  test('are the usual ones and the owner’s', () => {
    expect(parseSubjects(['episode', 'run'])).toEqual([
      'run',
      'session',
      'job',
      'ticket',
      'scene',
      'video',
      'experiment',
      'artifact',
      'episode',
    ])
  })
})
