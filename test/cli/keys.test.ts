import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { keyListShape, keyShape, newKeyShape } from '../../src/json/access-shapes.ts'
import { newMachine } from './run-purser.ts'
import { askServer, startServing } from './serving-machine.ts'

const env = { PURSER_DB: 'spend.db' }

test('a key is shown once, alone on standard output, and kept nowhere', async () => {
  const machine = newMachine()
  const { code, out, err } = await machine.run(['keys', 'create', '--name', 'ci', '--role', 'ingest', '--label', 'project=atlas'], { env })
  expect(code).toBe(0)
  expect(out).toMatch(/^purser_[0-9a-f]{12}_[\w-]{43}\n$/)
  expect(err).toContain('this is the only time that the key "ci"')
  expect(err).toContain('It books and holds, with project=atlas.')
  const text = out.trim()
  const secret = text.slice('purser_000000000000_'.length)
  const bytes = readFileSync(join(machine.folder, 'spend.db'))
  expect([bytes.includes(text.slice(7, 19)), bytes.includes(secret)]).toEqual([true, false])
  const listed = await machine.run(['keys', 'list', '--json'], { env })
  expect(listed.out).not.toContain(secret)
  expect(listed.out).not.toContain('secretHash')
  expect(keyListShape.parse(JSON.parse(listed.out))).toMatchObject([
    { name: 'ci', role: 'ingest', labels: { project: 'atlas' }, revokedAt: null },
  ])
})

test('a key opens the ledger until it is revoked or rotated', async () => {
  const machine = newMachine()
  const made = await machine.json(newKeyShape, ['keys', 'create', '--name', 'admin', '--role', 'admin'], { env })
  const server = await startServing(machine, [], env)
  const status = async (key: string): Promise<number> => (await askServer(server, '/costs', { key })).status
  expect(await status(made.text)).toBe(200)
  const rotated = await machine.json(newKeyShape, ['keys', 'rotate', made.key.id], { env })
  expect(rotated.key).toMatchObject({ name: 'admin', role: 'admin' })
  expect([await status(made.text), await status(rotated.text)]).toEqual([401, 200])
  const revoked = await machine.run(['keys', 'revoke', rotated.key.id, '--json'], { env })
  expect(keyShape.parse(JSON.parse(revoked.out)).revokedAt).not.toBeNull()
  expect(revoked.err).toContain('no key is left')
  expect(await status(rotated.text)).not.toBe(200)
  await server.stop()
  const list = await machine.json(keyListShape, ['keys', 'list'], { env })
  expect(list.find(({ id }) => id === made.key.id)?.replacedBy).toBe(rotated.key.id)
  const again = await machine.run(['keys', 'rotate', made.key.id], { env })
  expect([again.code, again.err.includes('is revoked. Make another one.')]).toEqual([2, true])
})

test('keys are listed for people', async () => {
  const machine = newMachine()
  await machine.run(['members', 'set', '7', '--name', 'Ada'], { env })
  expect((await machine.run(['keys', 'list'], { env })).out).toContain('No keys.')
  await machine.run(['keys', 'create', '--name', 'ada', '--member', '7'], { env })
  const [head = '', row = ''] = (await machine.run(['keys', 'list'], { env })).out.split('\n')
  expect(head.trim().split(/ {2,}/)).toEqual(['key', 'name', 'role', 'sees', 'member', 'made', 'revoked'])
  const [, ...cells] = row.trim().split(/ {2,}/)
  expect(cells.slice(0, 4)).toEqual(['ada', 'member', 'user=7', '7'])
})

test.each([
  [['keys', 'create'], '--name is missing; say for example --name ci.'],
  [['keys', 'create', '--name', 'x', '--role', 'boss'], 'Allowed choices are admin, member, viewer, ingest'],
  [['keys', 'create', '--name', 'x', '--label', 'run=r1'], 'A key cannot be bound to "run"'],
  [['keys', 'create', '--name', 'x', '--member', '9'], 'There is no member "9"'],
])('%j is refused', async (args, said) => {
  const { code, out, err } = await newMachine().run(args, { env })
  expect([code, out, err.includes(said)]).toEqual([2, '', true])
})

test('a key that is not there cannot be revoked', async () => {
  const machine = newMachine()
  await machine.run(['keys', 'create', '--name', 'x'], { env })
  const { code, err } = await machine.run(['keys', 'revoke', 'nope'], { env })
  expect([code, err.includes('There is no key "nope"')]).toEqual([2, true])
})
