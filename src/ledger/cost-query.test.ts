import { describe, expect, test } from 'vitest'
import { type Filter, parseFilter, passes, resolveField } from './cost-query.ts'

const subjects = new Set(['run'])

describe('a name in a question', () => {
  test.each([
    ['model', { kind: 'sku', name: 'model', field: 'model' }],
    ['tier', { kind: 'sku', name: 'tier', field: 'serviceTier' }],
    ['week', { kind: 'time', name: 'week', unit: 'week' }],
    ['meter', { kind: 'meter', name: 'meter' }],
    ['service', { kind: 'service', name: 'service' }],
    ['run', { kind: 'subject', name: 'run' }],
    ['scene', { kind: 'dimension', name: 'scene' }],
    ['constructor', { kind: 'dimension', name: 'constructor' }],
    ['team.sub-x', { kind: 'dimension', name: 'team.sub-x' }],
  ])('%s', (name, field) => {
    expect(resolveField(name, subjects)).toEqual(field)
  })

  test.each([
    ['costUsd', 'cannot be asked by'],
    ['calls', 'cannot be asked by'],
    ['mod el', 'Did you mean "model"?'],
    ['', 'Ask by provider'],
  ])('that is refused: %j', (name, said) => {
    expect(() => resolveField(name, subjects)).toThrowError(
      expect.objectContaining({ code: 'PURSER_BAD_QUERY', message: expect.stringContaining(said) as string }) as Error,
    )
  })
})

describe('a filter as people write it', () => {
  test.each([
    ['project=azure', 'equals', ['azure']],
    ['project!=azure', 'not', ['azure']],
    ['project=a|b', 'anyOf', ['a', 'b']],
    ['project!=a|b', 'noneOf', ['a', 'b']],
    ['project=az*', 'prefix', ['az']],
    ['project=*', 'prefix', ['']],
    ['project!=az*', 'not', ['az*']],
    ['project=', 'absent', []],
    ['project!=', 'present', []],
    ['project=a=b', 'equals', ['a=b']],
    ['project=two\nlines', 'equals', ['two\nlines']],
  ])('%j', (text, op, values) => {
    expect(parseFilter(text)).toEqual({ field: 'project', op, values })
  })

  test.each(['', 'project', '=x', '1a=b', 'a b=c', 'project>3'])('that is refused: %j', (text) => {
    expect(() => parseFilter(text)).toThrowError(expect.objectContaining({ code: 'PURSER_BAD_QUERY' }) as Error)
  })

  test.each([
    ['equals', ['a'], [true, false, false]],
    ['not', ['a'], [false, true, true]],
    ['anyOf', ['a', 'x'], [true, false, false]],
    ['noneOf', ['a', 'x'], [false, true, true]],
    ['prefix', ['a'], [true, true, false]],
    ['absent', [], [false, false, true]],
    ['present', [], [true, true, false]],
  ] satisfies [Filter['op'], string[], boolean[]][])('%s %j of "a", "ab" and a missing label', (op, values, expected) => {
    expect(['a', 'ab', null].map((value) => passes({ field: 'project', op, values }, value))).toEqual(expected)
  })
})
